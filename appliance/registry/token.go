package registry

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	tokenPath   = "/v2/_token"
	service     = "appliance"
	tokenLife   = 5 * time.Minute
	maxToken    = 8 << 10  // bytes of one that is read
	maxForm     = 64 << 10 // bytes of a POST for one
	maxGrants   = 16       // repositories in one
	tokenPrefix = "v1."    // a later form gets another
)

var errToken = errors.New("the token is not valid, or no longer; fetch a new one")

// signer makes and reads the tokens that stand for a password that was right. Its key lives as long as the
// process: clients fetch a new token after a restart, and nobody can test passwords against an old one.
type signer struct {
	key []byte
	now func() time.Time
}

func newSigner() *signer {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return &signer{key: key, now: time.Now}
}

// claims is what is signed.
type claims struct {
	Expires int64    `json:"exp"`
	Push    []string `json:"push,omitempty"`
}

func (s *signer) sign(push []string) (string, error) {
	data, err := json.Marshal(claims{s.now().Add(tokenLife).Unix(), push})
	if err != nil {
		return "", err
	}
	body := tokenPrefix + base64.RawURLEncoding.EncodeToString(data)
	return body + "." + base64.RawURLEncoding.EncodeToString(s.mac(body)), nil
}

func (s *signer) verify(token string) (grant, error) {
	if len(token) > maxToken {
		return grant{}, errToken
	}
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !strings.HasPrefix(token, tokenPrefix) {
		return grant{}, errToken
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(token[at+1:])
	if err != nil || !hmac.Equal(mac, s.mac(token[:at])) {
		return grant{}, errToken
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token[:at], tokenPrefix))
	var c claims
	if err != nil || json.Unmarshal(data, &c) != nil || s.now().Unix() >= c.Expires {
		return grant{}, errToken
	}
	return grant{known: true, push: c.Push}, nil
}

func (s *signer) mac(body string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

// handToken is the token endpoint: the password gets a token to push where the client asked to, no
// password gets one to pull.
func (s *Store) handToken(w http.ResponseWriter, r *http.Request) error {
	var scopes []string
	var all bool
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		scopes = r.URL.Query()["scope"]
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return refusing(http.StatusBadRequest, "UNSUPPORTED", nil, "the form is not readable")
		}
		scopes = r.Form["scope"]
		if r.PostForm.Has("password") {
			r.SetBasicAuth(r.PostForm.Get("username"), r.PostForm.Get("password"))
		}
	default:
		return refusing(http.StatusMethodNotAllowed, "UNSUPPORTED", nil, "tokens are fetched with GET or POST")
	}
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); !strings.EqualFold(scheme, "Bearer") {
		g, err := s.grant(w, r)
		if err != nil {
			return err
		}
		all = g.all
	}
	var push []string
	if all {
		push = asked(scopes)
	}
	return s.giveToken(w, push)
}

func (s *Store) giveToken(w http.ResponseWriter, push []string) error {
	token, err := s.signer.sign(push)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{
		"token": token, "access_token": token, "expires_in": int(tokenLife / time.Second),
		"issued_at": s.signer.now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(data)
	return nil
}

// asked are the repositories to which scopes want to push: repository:NAME:pull,push. Deleting is pushing.
func asked(scopes []string) []string {
	var push []string
	for _, list := range scopes {
		for scope := range strings.FieldsSeq(list) {
			rest, ok := strings.CutPrefix(scope, "repository:")
			at := strings.LastIndexByte(rest, ':')
			if !ok || at < 0 {
				continue
			}
			name, err := ParseRepository(rest[:at])
			actions := strings.Split(rest[at+1:], ",")
			wants := slices.Contains(actions, "push") || slices.Contains(actions, "delete") || slices.Contains(actions, "*")
			if err == nil && wants && !slices.Contains(push, name) && len(push) < maxGrants {
				push = append(push, name)
			}
		}
	}
	return push
}
