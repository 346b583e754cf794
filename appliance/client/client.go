// Package client speaks the HTTP API from the other side: one value a call, one method to send it,
// answers decoded into the types of the rooms that made them.
//
// It prints nothing, keeps nothing and decides nothing. The token goes to the server it was given
// for and nowhere else: not into a URL, not into an error, not along a redirect.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options of New.
type Options struct {
	Server    string       // http://HOST:PORT; HOST:PORT alone means http
	Token     string       // "" sends none
	UserAgent string       // "" means "appliance"
	HTTP      *http.Client // nil means one of our own; its CheckRedirect is not used
}

// Client sends calls to one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	agent string
	http  *http.Client
}

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 64 << 20

// Ways to ask for an answer. Errors are wanted as problem+json, even where the answer is not JSON.
const (
	asJSON = "application/json, application/problem+json"
	asText = "application/problem+json, text/plain;q=0.9"
	asTar  = "application/x-tar, application/problem+json"
	asSSE  = "text/event-stream, application/problem+json"
)

// New returns a Client for a server. It connects to nothing yet.
func New(o Options) (*Client, error) {
	base, err := parseServer(o.Server)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("reading the token: it has characters that no token has; is it the whole line of a token file?")
	}
	c := &Client{base: base, token: o.Token, agent: o.UserAgent, http: &http.Client{}}
	if c.agent == "" {
		c.agent = "appliance"
	}
	if o.HTTP != nil {
		*c.http = *o.HTTP
	}
	if c.http.Transport == nil {
		c.http.Transport = newTransport()
	}
	c.http.CheckRedirect = c.checkRedirect
	return c, nil
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ExpectContinueTimeout = 3 * time.Second
	t.DisableCompression = true // answers are small; archives are compressed already
	return t
}

func parseServer(server string) (*url.URL, error) {
	text := server
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the server %q: want http://HOST:PORT", server)
	case u.User != nil:
		return nil, errors.New("reading the server: a URL may carry no password; a token is given apart")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("reading the server %q: want http://HOST:PORT or https://HOST", server)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// Server is the URL of the server, without a slash at its end.
func (c *Client) Server() string { return c.base.String() }

// checkRedirect follows a redirect only for a read that stays with the same server: a write that
// goes astray is worse than one that fails.
func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet:
		return fmt.Errorf("the server redirects to %s: name that one instead", next.URL.Redacted())
	case next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host:
		return fmt.Errorf("the server redirects to another one, %s://%s: name that one instead", next.URL.Scheme, next.URL.Host)
	case len(via) >= 5:
		return errors.New("the server redirects in circles")
	}
	return nil
}

// send sends a call and returns the answer of a success; anything else is an error.
func (c *Client) send(ctx context.Context, call Call, accept string) (*http.Response, error) {
	req, err := c.request(ctx, call)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, c.readProblem(resp)
	}
	return resp, nil
}

// read sends a call and returns the body of its answer, which must be of the wanted media type.
func (c *Client) read(ctx context.Context, call Call, accept, want string) ([]byte, error) {
	resp, err := c.send(ctx, call, accept)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != want {
		return nil, fmt.Errorf("reading the answer of %s: it is %q and not %q; is that an appliance server?", c.Server(), kind, want)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("reading the answer of %s: more than %d MiB", c.Server(), maxAnswer>>20)
	}
	return body, nil
}

// Text sends a call and returns the table that the server makes for a terminal; "" where the
// answer has no content.
func (c *Client) Text(ctx context.Context, call Call) (string, error) {
	body, err := c.read(ctx, call, asText, "text/plain")
	return string(body), err
}

// JSON sends a call and returns the answer as it came; nil where it has no content.
func (c *Client) JSON(ctx context.Context, call Call) (json.RawMessage, error) {
	return c.read(ctx, call, asJSON, "application/json")
}

// decode sends a call and returns the answer as a value.
func decode[T any](ctx context.Context, c *Client, call Call) (T, error) {
	var v T
	body, err := c.JSON(ctx, call)
	if err != nil || body == nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("reading the answer of %s: %w", c.Server(), err)
	}
	return v, nil
}
