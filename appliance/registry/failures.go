package registry

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

const (
	maxFailures   = 10 // wrong passwords from one address within failureWindow
	failureWindow = time.Minute
	maxGuessers   = 4096 // addresses that are remembered
)

// failures counts who guesses at the password.
type failures struct {
	mu sync.Mutex
	of map[netip.Prefix]guesses
}

type guesses struct {
	count int
	until time.Time
}

// check refuses an address that guessed too often.
func (f *failures) check(w http.ResponseWriter, r *http.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.of[network(r.RemoteAddr)]
	wait := time.Until(g.until)
	if g.count < maxFailures || wait <= 0 {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return refusing(http.StatusTooManyRequests, "TOOMANYREQUESTS", ErrDenied, "%d wrong passwords came from your address within a minute", maxFailures)
}

func (f *failures) note(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if len(f.of) >= maxGuessers {
		clear(f.of) // so many addresses are one attacker, whom counting does not stop
	}
	at := network(r.RemoteAddr)
	g := f.of[at]
	if !now.Before(g.until) {
		g = guesses{until: now.Add(failureWindow)}
	}
	g.count++
	f.of[at] = g
}

// network is what failures are counted for: in IPv6 the network that one client commonly has to itself.
func network(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{} // a socket without addresses: all its clients are one
	}
	addr, bits := at.Addr().Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits)
	return prefix
}
