//go:build containers_image_openpgp

package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// reach is what one operation may connect to.
type reach struct {
	endpoints []endpoint
	plain     bool  // http as well as https
	private   bool  // names may lead to private addresses; listed addresses may be such anyway
	budget    int64 // bytes that may come back altogether; 0: any number

	// home is the one host of a pass that leads to this machine. It may call itself by the name that
	// its other clients know; the tokens for it are asked for at home all the same.
	home string
}

// realmText is the scheme and the host in the challenge of a registry.
var realmText = regexp.MustCompile(`(?i)(\brealm=")https?://[^/"?#]+`)

// bringHome lets a challenge name no other host than home.
func (r reach) bringHome(resp *http.Response) error {
	if r.home != "" {
		for i, challenge := range resp.Header.Values("WWW-Authenticate") {
			resp.Header["Www-Authenticate"][i] = realmText.ReplaceAllString(challenge, "${1}http://"+r.home)
		}
	}
	return nil
}

// pass is the permission of one operation to use the guard.
type pass struct {
	guard          *guard
	reach          reach
	name, password string
	forward        *httputil.ReverseProxy
	received       atomic.Int64

	mu     sync.Mutex
	found  map[string]finding // each name is resolved once, so that it cannot change
	faults []error            // refusals, as the library hides them
	conns  map[net.Conn]struct{}
	closed bool
}

// close ends the pass and its connections.
func (p *pass) close() {
	p.guard.mu.Lock()
	delete(p.guard.passes, p.name)
	p.guard.mu.Unlock()
	p.mu.Lock()
	p.closed = true
	open := make([]net.Conn, 0, len(p.conns))
	for c := range p.conns {
		open = append(open, c)
	}
	p.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
	p.forward.Transport.(*http.Transport).CloseIdleConnections()
}

// fault is why the guard refused something to p; nil if it never did.
func (p *pass) fault() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.faults...)
}

// refused notes that and why what was asked of p is not done.
func (p *pass) refused(host, why string) error {
	return p.note(fmt.Errorf("%w: %q: %s", ErrForbidden, host, why))
}

func (p *pass) note(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := func(e error) bool { return e.Error() == err.Error() }
	if len(p.faults) < 8 && !slices.ContainsFunc(p.faults, known) {
		p.faults = append(p.faults, err)
	}
	return err
}

// keep counts c as p's until drop. It reports false after close.
func (p *pass) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *pass) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *pass) dialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return p.connect(ctx, address)
}

// connect dials HOST:PORT if p may, at an address that has been looked at.
func (p *pass) connect(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, guardConnect)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, p.refused(address, "not a host and a port")
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if !slices.ContainsFunc(p.reach.endpoints, func(e endpoint) bool { return e.covers(host, port) }) {
		return nil, p.refused(address, "neither an allowed registry nor a token host")
	}
	addresses, err := p.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, a := range addresses {
		c, err := p.guard.dial(ctx, "tcp", net.JoinHostPort(a.String(), port))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		l := &line{Conn: c, pass: p}
		if !p.keep(l) {
			c.Close()
			return nil, context.Canceled
		}
		l.alive()
		return l, nil
	}
	return nil, errors.Join(faults...)
}

// finding is what a name was found to be: addresses that may be dialled, or why there are none.
type finding struct {
	addresses []netip.Addr
	fault     error
}

// resolve finds the addresses of host, once: whatever it answers a second time does not count.
func (p *pass) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	p.mu.Lock()
	found, known := p.found[host]
	p.mu.Unlock()
	if known {
		return found.addresses, found.fault
	}
	all, err := p.lookUp(ctx, host)
	if err != nil {
		return nil, err
	}
	found = p.sift(host, all)
	p.mu.Lock()
	defer p.mu.Unlock()
	if first, known := p.found[host]; known {
		found = first
	}
	p.found[host] = found
	return found.addresses, found.fault
}

// sift keeps the addresses of host that may be dialled, at most three of them.
func (p *pass) sift(host string, all []netip.Addr) finding {
	var found finding
	why := "it has no address"
	for _, a := range all {
		if fault := guarded(a, p.reach.private || literal(host)); fault != "" {
			why = "it leads to " + a.String() + ", " + fault
		} else if len(found.addresses) < 3 {
			found.addresses = append(found.addresses, a.Unmap())
		}
	}
	if len(found.addresses) == 0 {
		found.fault = p.refused(host, why)
	}
	return found
}

func (p *pass) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return p.guard.resolve(ctx, host)
}

// line is a connection to a remote host: it ends when nothing moves for long, and when more came
// than the pass allows.
type line struct {
	net.Conn
	pass *pass
}

func (l *line) alive() {
	l.SetDeadline(time.Now().Add(guardIdle)) //nolint:errcheck // a closed one says so when used
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if total := l.pass.received.Add(int64(n)); l.pass.reach.budget > 0 && total > l.pass.reach.budget {
		return 0, l.pass.note(fmt.Errorf("%w: the answers are longer than %d bytes", ErrManifest, l.pass.reach.budget))
	}
	l.alive()
	return n, err
}

func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.alive()
	return n, err
}

func (l *line) Close() error {
	l.pass.drop(l)
	return l.Conn.Close()
}
