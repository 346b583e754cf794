package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"
)

// get is an HTTP request on a connection of its own. No proxy is asked, whatever the environment says:
// what is probed is this very address.
func get(ctx context.Context, t Target) error {
	scheme := "http"
	if t.TLS {
		scheme = "https"
	}
	u, err := url.Parse(scheme + "://" + t.Address + t.Path)
	if err != nil {
		return fmt.Errorf("reading the path %q: %w", t.Path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "appliance-probe")
	transport := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeaders}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: t.redirect}
	resp, err := client.Do(req)
	if err != nil {
		return plain(ctx, err)
	}
	defer resp.Body.Close()
	return t.judge(ctx, resp)
}

// redirect decides whether to go where a response points. Where a redirection itself is wanted, it is
// the answer.
func (t Target) redirect(next *http.Request, via []*http.Request) error {
	if t.Status >= 300 && t.Status <= 399 || next.URL.Host != via[0].URL.Host || next.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	if len(via) > maxHops {
		return fmt.Errorf("more than %d redirections", maxHops)
	}
	return nil
}

// judge compares an answer with what is wanted.
func (t Target) judge(ctx context.Context, resp *http.Response) error {
	switch code := resp.StatusCode; {
	case t.Status != 0 && code != t.Status:
		return fmt.Errorf("status %d, want %d", code, t.Status)
	case t.Status == 0 && (code < 200 || code > 399):
		return fmt.Errorf("status %d, want 200 to 399", code)
	case t.Body == nil:
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	switch {
	case t.Body.Match(body):
		return nil // although the rest may be missing
	case err != nil:
		return plain(ctx, err)
	default:
		return fmt.Errorf("the body does not match %q", t.Body)
	}
}

// connect opens a connection and sees that it stays open for a moment. A server that speaks first is
// fine, and so is one that waits.
func connect(ctx context.Context, t Target) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return plain(ctx, err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(linger)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer stop()
	_, err = conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return plain(ctx, err)
}

// Reasons that net and net/http tell in several ways.
var (
	errClosed = errors.New("the connection was closed without an answer")
	errLate   = errors.New("no answer in time")
)

// plain is the reason in an error of net or net/http, without the addresses and wrappings around it.
func plain(ctx context.Context, err error) error {
	var dns *net.DNSError
	var call *net.OpError
	var asked *url.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil:
		return errLate
	case errors.Is(err, syscall.ECONNREFUSED):
		return syscall.ECONNREFUSED
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errClosed
	case errors.As(err, &dns):
		return fmt.Errorf("looking up %q: %s", dns.Name, dns.Err)
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &asked):
		return asked.Err
	}
	return err
}
