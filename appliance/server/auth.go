package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	maxFailures   = 10 // wrong tokens from one address within failureWindow
	failureWindow = time.Minute
	maxOffenders  = 4096 // addresses that are remembered
)

// guard knows the token and who keeps guessing at it.
type guard struct {
	token [sha256.Size]byte
	none  bool // there is no token: nobody gets past

	mu        sync.Mutex
	offenders map[netip.Prefix]offender
}

type offender struct {
	failures int
	until    time.Time
}

func newGuard(token string) *guard {
	return &guard{token: sha256.Sum256([]byte(token)), none: token == "", offenders: map[netip.Prefix]offender{}}
}

// changes guards what changes something or gives away what devices may not see.
func (h *Handler) changes(c *gin.Context) error { return h.guard.admit(c.Writer, c.Request) }

// reads guards the rest of the API, which is open unless the server is private.
func (h *Handler) reads(c *gin.Context) error {
	if !h.o.Private {
		return nil
	}
	return h.guard.admit(c.Writer, c.Request)
}

// admit reads nothing of the body: whoever sends a gigabyte and
// "Expect: 100-continue" with a wrong token is told before sending it.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) error {
	if g.none {
		return refuse(forbidden, "this server was started without a token and takes no changes", "")
	}
	from := origin(r)
	if wait := g.wait(from); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return refuse(tooManyFailures, fmt.Sprintf("%d wrong tokens came from your address within a minute", maxFailures), "")
	}
	token := bearer(r)
	if token == "" {
		return refuse(unauthorized, r.Method+" needs the token of this server", "")
	}
	if !g.fits(token) {
		g.failed(from)
		return refuse(unauthorized, "the token is wrong", "")
	}
	return nil
}

// bearer is the token of a request, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (g *guard) fits(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return !g.none && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// wait is how long an address is not listened to.
func (g *guard) wait(from netip.Prefix) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.offenders[from]
	if o.failures < maxFailures {
		return 0
	}
	return time.Until(o.until)
}

func (g *guard) failed(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if len(g.offenders) >= maxOffenders {
		for k, o := range g.offenders {
			if !now.Before(o.until) {
				delete(g.offenders, k)
			}
		}
		if len(g.offenders) >= maxOffenders {
			clear(g.offenders) // so many addresses are one attacker, whom counting does not stop
		}
	}
	o := g.offenders[from]
	if !now.Before(o.until) {
		o = offender{until: now.Add(failureWindow)}
	}
	o.failures++
	g.offenders[from] = o
}

// origin is the address that failures are counted for: in IPv6 the network
// that one client commonly has to itself.
func origin(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{} // a socket without addresses: all its clients are one
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits)
	return network
}
