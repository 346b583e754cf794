package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"edge/appliance/blueprint"
	"edge/appliance/release"
)

// Problem is a refusal by the server (RFC 9457).
type Problem struct {
	Type     string            `json:"type"` // "urn:appliance:unknown-release"; "" where the answer did not tell
	Title    string            `json:"title"`
	Status   int               `json:"status"`
	Detail   string            `json:"detail"`
	Hint     string            `json:"hint,omitempty"`
	Findings []release.Finding `json:"findings,omitempty"` // of checks that failed
	Faults   []blueprint.Fault `json:"faults,omitempty"`   // of a blueprint, with their places; Detail tells of them too
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, f := range p.Findings {
		if !strings.Contains(text, f.Message) {
			text += "\n  " + f.Check + ": " + f.Message
		}
	}
	return text
}

// readProblem makes a Problem of whatever the server, or something on the way, answered.
func (c *Client) readProblem(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // what came tells enough
	p := &Problem{}
	switch kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
	case kind == "application/problem+json" && json.Unmarshal(body, p) == nil && p.Title+p.Detail != "":
	case kind == "text/plain" && len(bytes.TrimSpace(body)) > 0:
		p = parseProblem(string(body))
	default:
		p.Title = http.StatusText(resp.StatusCode)
		p.Detail = fmt.Sprintf("asking %s: it answers %q, not in the words of an appliance server", c.Server(), resp.Status)
	}
	p.Status = resp.StatusCode
	return p
}

// parseProblem reads "TITLE: DETAIL" and the line "hint: …" after it.
func parseProblem(text string) *Problem {
	p := &Problem{}
	var rest []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if hint, ok := strings.CutPrefix(line, "hint: "); ok && len(rest) > 0 {
			p.Hint = hint
			continue
		}
		rest = append(rest, line)
	}
	title, detail, _ := strings.Cut(strings.TrimSpace(strings.Join(rest, "\n")), ": ")
	p.Title, p.Detail = title, detail
	return p
}

// UnreachableError reports that no answer came.
type UnreachableError struct {
	Server string
	Err    error
	dialed bool
}

func (e *UnreachableError) Error() string {
	if e.dialed {
		return fmt.Sprintf("talking to the server %s: %v", e.Server, e.Err)
	}
	return fmt.Sprintf("reaching the server %s: %v", e.Server, e.Err)
}

// Unwrap gives the cause, such as syscall.ECONNREFUSED.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint is the cure.
func (e *UnreachableError) Hint() string {
	if e.dialed {
		return "the connection was lost half-way; its log may say why"
	}
	return `is "appliance serve" running there? --server or APPLIANCE_SERVER names another`
}

// explain takes the URL with its query out of net/http's errors and says what an end of ctx means.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for %s: %w", c.Server(), ctx.Err())
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	e := &UnreachableError{Server: c.Server(), Err: err, dialed: true}
	var op *net.OpError
	if errors.As(err, &op) {
		e.dialed = op.Op != "dial"
		e.Err = op.Err
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		e.Err = number // without the name of a system call
	}
	return e
}
