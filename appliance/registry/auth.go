package registry

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// hostForm is a name or an address with an optional port, nothing that could end the quotes around it.
var hostForm = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)

// grant is what a request may do. Everybody may pull.
type grant struct {
	known bool // it showed a token or the password
	all   bool
	push  []string // repositories
}

func (g grant) mayPush(repository string) bool { return g.all || slices.Contains(g.push, repository) }

// admit lets a request through or says how to get a token. /v2/ itself wants one even though everybody
// may pull: clients look there whether they need credentials, and without a challenge never send any.
func (s *Store) admit(w http.ResponseWriter, r *http.Request, to route) error {
	g, err := s.grant(w, r)
	if err != nil {
		return err
	}
	switch {
	case to.kind == ping && !g.known:
		return s.challenge(w, r, "", "", "authentication required")
	case to.writes && !g.mayPush(to.repository):
		fault, why := "", "pushing needs the token of this appliance as the password, with any user name"
		if g.known {
			fault = "insufficient_scope"
		}
		return s.challenge(w, r, "repository:"+to.repository+":pull,push", fault, why)
	}
	return nil
}

func (s *Store) mayPush(r *http.Request, repository string) bool {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		g, err := s.signer.verify(strings.TrimSpace(value))
		return err == nil && g.mayPush(repository)
	}
	_, password, _ := r.BasicAuth()
	return s.right(password)
}

// grant reads the Authorization header. Some clients send Basic with nothing in it when they have no credentials.
func (s *Store) grant(w http.ResponseWriter, r *http.Request) (grant, error) {
	header := r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return grant{}, nil
	case strings.EqualFold(scheme, "Bearer"):
		g, err := s.signer.verify(strings.TrimSpace(value))
		if err != nil {
			return g, s.challenge(w, r, "", "invalid_token", err.Error())
		}
		return g, nil
	}
	user, password, ok := r.BasicAuth()
	if ok && user == "" && password == "" {
		return grant{}, nil
	}
	if err := s.failures.check(w, r); err != nil {
		return grant{}, err
	}
	if !ok || !s.right(password) {
		s.failures.note(r)
		return grant{}, s.challenge(w, r, "", "", "the password is wrong: it is the token of this appliance")
	}
	return grant{known: true, all: true}, nil
}

// right compares in constant time. Where there is no token nothing is right.
func (s *Store) right(password string) bool {
	a, b := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(s.o.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && s.o.Token != ""
}

// challenge is a 401 that says where tokens are. Source: the Docker registry's token authentication, which the
// OCI distribution specification takes for granted.
func (s *Store) challenge(w http.ResponseWriter, r *http.Request, scope, fault, why string) error {
	realm, err := s.realm(r)
	if err != nil {
		return err
	}
	header := `Bearer realm="` + realm + `",service="` + service + `"`
	if scope != "" {
		header += `,scope="` + scope + `"`
	}
	if fault != "" {
		header += `,error="` + fault + `"`
	}
	w.Header().Set("WWW-Authenticate", header)
	return refusing(http.StatusUnauthorized, "UNAUTHORIZED", ErrDenied, "%s", why)
}

// realm is the address of the token endpoint as the client can reach it: the configured one, or the host
// that it spoke to. X-Forwarded-Host and its like are anybody's words and do not count.
func (s *Store) realm(r *http.Request) (string, error) {
	if s.o.URL != "" {
		return strings.TrimSuffix(s.o.URL, "/") + tokenPath, nil
	}
	if !hostForm.MatchString(r.Host) {
		return "", refusing(http.StatusBadRequest, "UNSUPPORTED", nil, "the Host header is not a host name or address with an optional port")
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + tokenPath, nil
}

// checkURL refuses what cannot stand in a challenge.
func checkURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && hostForm.MatchString(u.Host) &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(u.Path, "\"\\ \n")
}
