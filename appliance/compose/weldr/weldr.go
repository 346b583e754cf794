// Package weldr composes by way of osbuild-composer: it pushes the blueprint to the socket of its weldr API,
// starts a compose there, waits and fetches the archive, so that Cockpit and composer-cli see all of it.
//
// It knows nothing of manifests: composer resolves, builds and keeps its own queue, which survives this
// process. Source: docs of weldr and osbuild-composer's internal/weldr/api.go.
package weldr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Causes.
var (
	ErrUnreachable = errors.New("osbuild-composer cannot be reached")
	ErrRefused     = errors.New("osbuild-composer refuses")
	ErrBuild       = errors.New("build failed in osbuild-composer")
)

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 16 << 20

// client speaks the API v1 over a Unix socket.
type client struct{ http *http.Client }

func newClient(socket string) *client {
	dial := net.Dialer{Timeout: 10 * time.Second}
	return &client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial.DialContext(ctx, "unix", socket) },
	}}}
}

// fault is an entry of the list of errors that a refusal has.
type fault struct {
	ID  string `json:"id"`
	Msg string `json:"msg"`
}

// send sends one request and gives the body of an answer that is no refusal. Who gets it closes it.
func (c *client) send(ctx context.Context, method, path, kind string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost/api/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, fmt.Errorf("%w: %w; systemctl enable --now osbuild-composer.socket", ErrUnreachable, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return nil, refusal(resp.StatusCode, data)
}

// refusal is what the body of an answer that is none says.
func refusal(status int, data []byte) error {
	var answer struct {
		Errors []fault `json:"errors"`
	}
	if json.Unmarshal(data, &answer) == nil && len(answer.Errors) > 0 {
		return join(answer.Errors)
	}
	return fmt.Errorf("%w: HTTP status %d: %.200q", ErrRefused, status, data)
}

func join(faults []fault) error {
	words := []string{}
	if len(faults) == 0 {
		words = append(words, "it does not say why")
	}
	for _, f := range faults {
		words = append(words, strings.TrimPrefix(f.ID+": "+f.Msg, ": "))
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(words, "; "))
}

// call sends a request and reads the answer as JSON into v; some refusals have the status of a success.
func (c *client) call(ctx context.Context, method, path, kind string, body []byte, v any) error {
	answer, err := c.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	data, err := io.ReadAll(io.LimitReader(answer, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return parse(data, v)
}

// parse reads an answer.
func parse(data []byte, v any) error {
	if len(data) > maxAnswer {
		return fmt.Errorf("%w: an answer of more than %d MiB", ErrRefused, maxAnswer>>20)
	}
	var refused struct {
		Status *bool   `json:"status"`
		Errors []fault `json:"errors"`
	}
	// A status may also be a text: then this is not the form of a refusal.
	if json.Unmarshal(data, &refused) == nil && (len(refused.Errors) > 0 || refused.Status != nil && !*refused.Status) {
		return join(refused.Errors)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("reading the answer of osbuild-composer: %w", err)
	}
	return nil
}

// started is the answer to a new compose.
type started struct {
	ID       string   `json:"build_id"`
	Warnings []string `json:"warnings"`
}

// status of a compose.
type status struct {
	ID        string `json:"id"`
	Blueprint string `json:"blueprint"`
	Version   string `json:"version"`
	Type      string `json:"compose_type"`
	Queue     string `json:"queue_status"` // WAITING, RUNNING, FINISHED, FAILED
}

func (c *client) push(ctx context.Context, text []byte) error {
	return c.call(ctx, http.MethodPost, "v1/blueprints/new", "text/x-toml", text, nil)
}

// compose starts one. Composer resolves the packages before it answers, which may take minutes.
func (c *client) compose(ctx context.Context, name, kind, ref string) (started, error) {
	body, err := json.Marshal(map[string]any{
		"blueprint_name": name, "compose_type": kind, "branch": "master", "size": 0,
		"ostree": map[string]string{"ref": ref, "parent": "", "url": ""},
	})
	if err != nil {
		return started{}, err
	}
	var s started
	if err := c.call(ctx, http.MethodPost, "v1/compose", "application/json", body, &s); err != nil {
		return s, err
	}
	if !plainID(s.ID) {
		return s, fmt.Errorf("reading the answer of osbuild-composer: %.60q is no ID of a compose", s.ID)
	}
	return s, nil
}

// plainID keeps what composer answers from becoming another path of a request.
func plainID(id string) bool {
	return len(id) > 0 && len(id) <= 64 && strings.Trim(id, "0123456789abcdefABCDEF-") == ""
}

func (c *client) status(ctx context.Context, id string) (status, error) {
	var all struct {
		UUIDs []status `json:"uuids"`
	}
	if err := c.call(ctx, http.MethodGet, "v1/compose/status/"+id, "", nil, &all); err != nil {
		return status{}, err
	}
	for _, s := range all.UUIDs {
		if s.ID == id {
			return s, nil
		}
	}
	return status{}, fmt.Errorf("%w: it knows no compose %s any more", ErrBuild, id)
}

// types are the image types there are for the distribution, "" for the host's.
func (c *client) types(ctx context.Context, distro string) ([]string, error) {
	path := "v1/compose/types"
	if distro != "" {
		path += "?distro=" + url.QueryEscape(strings.ReplaceAll(distro, ".", ""))
	}
	var all struct {
		Types []struct {
			Name    string `json:"name"`
			Enabled bool   `json:"enabled"`
		} `json:"types"`
	}
	if err := c.call(ctx, http.MethodGet, path, "", nil, &all); err != nil {
		return nil, err
	}
	var names []string
	for _, t := range all.Types {
		if t.Enabled {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// log is what a compose that has ended said, as plain text.
func (c *client) log(ctx context.Context, id string) (string, error) {
	body, err := c.send(ctx, http.MethodGet, "v1/compose/log/"+id, "", nil)
	if err != nil {
		return "", err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	return string(data), err
}

func (c *client) image(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodGet, "v1/compose/image/"+id, "", nil)
}

func (c *client) cancel(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "v1/compose/cancel/"+id, "", nil, nil)
}
