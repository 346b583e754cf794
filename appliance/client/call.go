package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Call is one request of the API as a value. The functions To… make the calls there are.
type Call struct {
	Method string
	Path   []string // segments below /api/v1, not yet escaped
	Query  url.Values
	Header http.Header
	Body   any // sent as JSON; an Upload is sent as it is; nil sends nothing
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	address, err := c.address(call)
	if err != nil {
		return nil, err
	}
	body, size, kind, err := encode(ctx, call.Body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, address, body)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.Server(), err)
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if _, streamed := call.Body.(Upload); streamed {
		req.ContentLength = size
		// A refusal, such as that of a wrong token, then comes before gigabytes are sent.
		req.Header.Set("Expect", "100-continue")
	}
	req.Header.Set("User-Agent", c.agent)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

func (c *Client) address(call Call) (string, error) {
	var b strings.Builder
	b.WriteString(c.base.String() + "/api/v1")
	for _, segment := range call.Path {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("asking %s: %q is no name", c.Server(), segment)
		}
		b.WriteString("/" + url.PathEscape(segment))
	}
	if len(call.Query) > 0 {
		b.WriteString("?" + call.Query.Encode())
	}
	return b.String(), nil
}

// encode returns nil for no body, so that net/http knows it to be empty.
func encode(ctx context.Context, body any) (r io.Reader, size int64, kind string, err error) {
	switch body := body.(type) {
	case nil:
		return nil, 0, "", nil
	case Upload:
		if body.Size == 0 {
			return http.NoBody, 0, "application/x-tar", nil
		}
		return newUploading(ctx, body), body.Size, "application/x-tar", nil
	default:
		data, err := json.Marshal(body)
		if err != nil {
			return nil, 0, "", fmt.Errorf("encoding a request: %w", err)
		}
		return bytes.NewReader(data), int64(len(data)), "application/json", nil
	}
}
