// Package probe asks whether something serves: one HTTP request or one TCP connection, and the patience
// to repeat it until it succeeds. Its errors say in a few words what was found instead.
//
// It knows addresses only: neither applications nor units nor who wants to know.
package probe

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Target is what should serve. The zero values of Status and Body are content with little.
type Target struct {
	Address string         // HOST:PORT
	Path    string         // of an HTTP GET, with its query; "" is a TCP connection only
	Status  int            // wanted; 0 is any from 200 to 399
	Body    *regexp.Regexp // matched against the first 64 KiB; nil is anything
	TLS     bool           // HTTPS, with a certificate that the system trusts
}

const (
	maxBody    = 64 << 10         // of a response that Body is matched against
	maxHeaders = 64 << 10         // of a response
	maxHops    = 5                // redirections that are followed
	unlimited  = 10 * time.Second // for Once with a context that never ends

	firstPause = 5 * time.Millisecond
	lastPause  = 50 * time.Millisecond // so that what becomes ready is seen within 100 ms
	firstTry   = 2 * time.Second       // for one attempt of Wait; doubled when it was too short
	lastTry    = 30 * time.Second

	// linger is how long a connection must stay open to count. The port forwarder of rootless podman takes
	// connections also when nobody listens in the container, finds out, and closes them.
	linger = 40 * time.Millisecond
)

// FromURL is the target that a URL names: http or https, without user and fragment.
func FromURL(text string) (Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Target{}, fmt.Errorf("reading the URL %q: %w", text, err)
	}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Target{}, fmt.Errorf("reading the URL %q: it must begin with http:// or https://", text)
	case u.Hostname() == "" || u.Opaque != "":
		return Target{}, fmt.Errorf("reading the URL %q: it names no host", text)
	case u.User != nil:
		return Target{}, fmt.Errorf("reading the URL %q: leave out the user name, nobody would be asked for a password", u.Redacted())
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	path := u.RequestURI()
	return Target{Address: net.JoinHostPort(u.Hostname(), port), Path: path, TLS: u.Scheme == "https"}, nil
}

// String is the target as a person would write it: http://127.0.0.1:8081/ or tcp 127.0.0.1:8081.
func (t Target) String() string {
	switch {
	case t.Path == "":
		return "tcp " + t.Address
	case t.TLS:
		return "https://" + t.Address + t.Path
	default:
		return "http://" + t.Address + t.Path
	}
}

// check tells a target that cannot be asked from one that does not answer.
func (t Target) check() error {
	host, port, err := net.SplitHostPort(t.Address)
	switch n, bad := strconv.ParseUint(port, 10, 16); {
	case err != nil, bad != nil, n == 0, host == "":
		return fmt.Errorf("address %q, want HOST:PORT", t.Address)
	case t.Path != "" && !strings.HasPrefix(t.Path, "/"):
		return fmt.Errorf("path %q, want one that begins with a slash", t.Path)
	}
	return nil
}

// Once asks a single time, at most until ctx ends. The error is one line: "probing http://…/: status
// 503, want 200". Redirections are followed on the same host only; one that leads elsewhere is an answer.
// A TCP connection must stay open for a moment.
func Once(ctx context.Context, t Target) error {
	if err := once(ctx, t); err != nil {
		return fmt.Errorf("probing %s: %w", t, err)
	}
	return nil
}

func once(ctx context.Context, t Target) error {
	if err := t.check(); err != nil {
		return err
	}
	if _, ends := ctx.Deadline(); !ends {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, unlimited)
		defer cancel()
	}
	if t.Path == "" {
		return connect(ctx, t)
	}
	return get(ctx, t)
}

// Wait asks until the answer is right or ctx ends; the error then carries the last reason besides that
// of ctx. Between two attempts it pauses for 5 ms at first and at most for longest (0: 50 ms) later on, so
// that what becomes ready is noticed at once and what does not costs little.
func Wait(ctx context.Context, t Target, longest time.Duration) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("probing %s: %w", t, err)
	}
	if longest <= 0 {
		longest = lastPause
	}
	var last error
	begin, patience := time.Now(), firstTry
	for {
		err := attempt(ctx, t, patience)
		switch {
		case err == nil:
			return nil
		case ctx.Err() == nil:
			last = err
		case last == nil:
			last = err // the only attempt there was
		}
		patience = min(2*patience, lastTry)
		pause := time.NewTimer(min(max(time.Since(begin)/10, firstPause), longest))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("probing %s for %s: %w (%w)", t, round(time.Since(begin)), last, ctx.Err())
		}
	}
}

// attempt is one try of Wait. Each has longer than the one before: a server may be slow, and a request
// that a starting server has lost must not be waited for.
func attempt(ctx context.Context, t Target, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return once(ctx, t)
}

// round makes a duration readable.
func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
