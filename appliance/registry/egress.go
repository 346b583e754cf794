//go:build containers_image_openpgp

package registry

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits of the guard.
const (
	guardLines   = 64 // connections at once; the next one waits for its place
	guardConnect = 10 * time.Second
	guardIdle    = 2 * time.Minute // without a byte in either direction
)

// guard is an HTTP proxy inside this process through which all traffic to remote registries goes.
// The image library would send credentials to whatever token server a registry names, and follow a
// redirect to any address; the guard lets each operation reach what its pass says and nothing else.
//
// It listens on a loopback port, where other users of the machine could knock. So each pass has a
// password, which lives as long as the operation.
type guard struct {
	listener net.Listener
	server   *http.Server
	ended    chan struct{} // closed when the server has ended
	lines    chan struct{} // a place for each connection

	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	passes map[string]*pass
}

func newGuard() (*guard, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the egress guard: %w", err)
	}
	g := &guard{
		listener: l,
		ended:    make(chan struct{}),
		lines:    make(chan struct{}, guardLines),
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		dial:   (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		passes: map[string]*pass{},
	}
	silent := slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // what goes wrong is the caller's error
	g.server = &http.Server{
		Handler:           g,
		ReadHeaderTimeout: guardConnect,
		IdleTimeout:       guardIdle,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          silent,
	}
	go func() {
		defer close(g.ended)
		g.server.Serve(l) //nolint:errcheck // it ends with Close
	}()
	return g, nil
}

// Close ends the guard and whatever runs through it.
func (g *guard) Close() error {
	err := g.server.Close()
	<-g.ended
	g.mu.Lock()
	open := make([]*pass, 0, len(g.passes))
	for _, p := range g.passes {
		open = append(open, p)
	}
	g.mu.Unlock()
	for _, p := range open {
		p.close()
	}
	return err
}

// admit issues a pass. The caller must close it.
func (g *guard) admit(r reach) *pass {
	p := &pass{
		guard: g, reach: r,
		name: rand.Text(), password: rand.Text(), // 130 bits each
		found: map[string]finding{},
		conns: map[net.Conn]struct{}{},
	}
	p.forward = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.Host = r.In.URL.Host },
		ModifyResponse: r.bringHome,
		Transport:      &http.Transport{DialContext: p.dialContext, DisableCompression: true, MaxIdleConnsPerHost: 8},
		FlushInterval:  -1,
		ErrorLog:       g.server.ErrorLog,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, err error) { refuse(w, err) },
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passes[p.name] = p
	return p
}

// url is where the guard is to be found with p.
func (g *guard) url(p *pass) *url.URL {
	return &url.URL{Scheme: "http", User: url.UserPassword(p.name, p.password), Host: g.listener.Addr().String()}
}

// passOf finds the pass that a request shows.
func (g *guard) passOf(r *http.Request) (*pass, bool) {
	encoded, ok := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	if !ok {
		return nil, false
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, false
	}
	name, password, _ := strings.Cut(string(raw), ":")
	g.mu.Lock()
	p := g.passes[name]
	g.mu.Unlock()
	if p == nil || subtle.ConstantTimeCompare([]byte(p.password), []byte(password)) != 1 {
		return nil, false
	}
	return p, true
}

// ServeHTTP answers the image library: CONNECT for https, a request with an absolute URL for http.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := g.passOf(r)
	if !ok {
		w.Header().Set("Proxy-Authenticate", `Basic realm="egress guard"`)
		http.Error(w, "this proxy serves its own process only", http.StatusProxyAuthRequired)
		return
	}
	select {
	case g.lines <- struct{}{}:
		defer func() { <-g.lines }()
	case <-r.Context().Done():
		return
	}
	switch {
	case r.Method == http.MethodConnect:
		g.tunnel(w, r, p)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "not a request to a proxy", http.StatusBadRequest)
	case !p.reach.plain:
		refuse(w, p.refused(r.URL.Host, "it would be spoken to without encryption"))
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// refuse tells the library, which makes an error of its own of it; the pass keeps ours.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusBadGateway
	if errors.Is(err, ErrForbidden) {
		code = http.StatusForbidden
	}
	http.Error(w, err.Error(), code)
}

// tunnel connects the two ends and stays until one of them goes.
func (g *guard) tunnel(w http.ResponseWriter, r *http.Request, p *pass) {
	far, err := p.connect(r.Context(), r.Host)
	if err != nil {
		refuse(w, err)
		return
	}
	defer far.Close()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	if !p.keep(near) {
		return
	}
	defer p.drop(near)
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(far, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), near)) //nolint:errcheck // the ends see it
		far.Close()
	})
	io.Copy(near, far) //nolint:errcheck // the ends see it
	near.Close()
	far.Close()
	both.Wait()
}
