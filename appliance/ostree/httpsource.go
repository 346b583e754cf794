package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"edge/appliance/object"
)

// httpSource reads a repository over HTTP.
type httpSource struct {
	base   *url.URL
	client *http.Client
	tries  int           // of each request
	pause  time.Duration // before the second try; it doubles
	stall  time.Duration // without a byte after which a try is given up
}

func newHTTPSource(base *url.URL) *httpSource {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		MaxConnsPerHost:       inFlight,
		MaxIdleConnsPerHost:   inFlight,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // objects are compressed, and hashed as they lie there
	}
	return &httpSource{
		base:   base,
		client: &http.Client{Transport: transport, CheckRedirect: checkRedirect},
		tries:  3,
		pause:  300 * time.Millisecond,
		stall:  30 * time.Second,
	}
}

var errRedirect = errors.New("redirect refused")

func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return fmt.Errorf("%w: more than 10 in a row", errRedirect)
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: it leads to a URL of scheme %q", errRedirect, req.URL.Scheme)
	case req.URL.Scheme == "http" && via[0].URL.Scheme == "https":
		return fmt.Errorf("%w: it leads from https to http", errRedirect)
	}
	return nil
}

// transient marks a fault that another try may not meet.
type transient struct{ error }

func (t transient) Unwrap() error { return t.error }

// small reads a file of at most limit bytes into memory.
func (s *httpSource) small(ctx context.Context, name string, limit int64) (data []byte, err error) {
	err = s.get(ctx, name, limit, func(r io.Reader) error {
		data, err = io.ReadAll(r)
		return err
	})
	return data, err
}

// get hands the content of a file below the base URL to use, anew after a transient fault.
func (s *httpSource) get(ctx context.Context, name string, limit int64, use func(io.Reader) error) error {
	for try := 1; ; try++ {
		err := s.try(ctx, name, limit, use)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.As(err, new(transient)) {
			return fmt.Errorf("fetching %q: %w", name, err)
		}
		if try == s.tries {
			return fmt.Errorf("fetching %q, tried %d times: %w", name, try, err)
		}
		pause := s.pause << (try - 1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause/2+1)): // eight requests must not return in step
		}
	}
}

func (s *httpSource) try(ctx context.Context, name string, limit int64, use func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(s.stall, func() {
		cancel(fmt.Errorf("no data came for %s", s.stall))
	})
	defer watchdog.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath(name).String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "appliance")
	resp, err := s.client.Do(req)
	if errors.Is(err, errRedirect) {
		return err
	}
	if err != nil {
		return transient{causeOf(ctx, err)}
	}
	defer resp.Body.Close()
	if err := checkStatus(resp); err != nil {
		return err
	}
	if resp.ContentLength > limit {
		return fmt.Errorf("%w: %d bytes, more than the %d allowed", object.ErrTooLarge, resp.ContentLength, limit)
	}
	b := &body{r: resp.Body, left: limit, alive: func() { watchdog.Reset(s.stall) }}
	err = use(b)
	if b.fault != nil {
		return transient{causeOf(ctx, b.fault)} // whatever use made of it
	}
	return err
}

// causeOf prefers our own reason for ending a request to the cancellation it looks like.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func checkStatus(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone, code == http.StatusForbidden:
		// Object stores say 403 of what is not there; libostree reads it so, too.
		return fmt.Errorf("the server answers %s: %w", resp.Status, ErrUnknown)
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout:
		return transient{fmt.Errorf("the server answers %s", resp.Status)}
	default:
		return fmt.Errorf("the server answers %s", resp.Status)
	}
}

// body is a response body that remembers a fault of the transport, so that it is not taken for a
// fault of the object, and that ends with an error beyond its limit.
type body struct {
	r     io.Reader
	left  int64
	alive func()
	fault error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.alive()
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return 0, fmt.Errorf("%w: more bytes than allowed", object.ErrTooLarge)
	case err != nil && err != io.EOF:
		b.fault = err
	}
	return n, err
}
