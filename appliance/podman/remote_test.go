package podman

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edge/appliance/profile"
)

// registryAt is a registry that answers as f does; insecure or with TLS as the profile has it.
func registryAt(t *testing.T, secure bool, f http.HandlerFunc) (*Remote, Reference) {
	t.Helper()
	var p profile.Registry
	server := httptest.NewUnstartedServer(f)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // of refused certificates
	if secure {
		server.StartTLS()
		p.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	} else {
		server.Start()
	}
	host := server.Listener.Addr().String()
	if !secure {
		p.Insecure = []string{host}
	}
	r, err := NewRemote(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.CloseIdleConnections)
	return r, Reference{host, "team/2048", "prod"}
}

func tells(w http.ResponseWriter) { w.Header().Set("Docker-Content-Digest", v1Index) }

func TestDigest(t *testing.T) {
	for _, secure := range []bool{false, true} {
		r, ref := registryAt(t, secure, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodHead || r.URL.Path != "/v2/team/2048/manifests/prod" || (r.TLS != nil) != secure ||
				strings.Count(r.Header.Get("Accept"), "application/vnd.") != 4 {
				t.Errorf("%s %s, TLS %v, %v", r.Method, r.URL, r.TLS != nil, r.Header)
			}
			tells(w)
		})
		if d, err := r.Digest(t.Context(), ref); err != nil || d != v1Index {
			t.Errorf("Digest = %q, %v", d, err)
		}
	}
}

// Whatever is unusual is unknown, never a digest.
func TestUnknown(t *testing.T) {
	for name, f := range map[string]http.HandlerFunc{
		"not found": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"no digest": func(http.ResponseWriter, *http.Request) {},
		"odd digest": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Docker-Content-Digest", "sha256:../../x")
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			tells(w)
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"password": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
		"no challenge": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"broken":       func(w http.ResponseWriter, _ *http.Request) { tells(w); w.WriteHeader(http.StatusInternalServerError) },
		"endless header": func(w http.ResponseWriter, _ *http.Request) {
			tells(w)
			w.Header().Set("X", strings.Repeat("x", remoteMaxHeader*2))
		},
		"cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		r, ref := registryAt(t, false, f)
		if d, err := r.Digest(t.Context(), ref); !errors.Is(err, ErrUnknown) || d != "" {
			t.Errorf("%s: Digest = %q, %v", name, d, err)
		}
	}
	// Without the authority its certificate is worth nothing; without the profile's word there is no plain HTTP.
	for _, secure := range []bool{false, true} {
		_, ref := registryAt(t, secure, func(w http.ResponseWriter, _ *http.Request) { tells(w) })
		r, err := NewRemote(profile.Registry{})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := r.Digest(t.Context(), ref); !errors.Is(err, ErrUnknown) {
			t.Errorf("TLS %v: Digest = %q, %v", secure, d, err)
		}
	}
	r, ref := registryAt(t, false, func(w http.ResponseWriter, _ *http.Request) { tells(w) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Digest(ctx, ref); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
		t.Errorf("Digest = %v", err)
	}
	if _, err := NewRemote(profile.Registry{CA: "no certificate"}); err == nil {
		t.Error("a CA that is none is taken")
	}
}

func TestAnonymousToken(t *testing.T) {
	asked := 0
	r, ref := registryAt(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			asked++
			if q := r.URL.Query(); q.Get("scope") != "repository:team/2048:pull" || q.Get("service") != "registry" || r.Header.Get("Authorization") != "" {
				t.Errorf("asked for a token with %v, %v", q, r.Header)
			}
			fmt.Fprint(w, `{"access_token":"letmein"}`)
		case r.Header.Get("Authorization") == "Bearer letmein":
			tells(w)
		default:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token", service="registry",scope="repository:team/2048:pull,push"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	if d, err := r.Digest(t.Context(), ref); err != nil || d != v1Index || asked != 1 {
		t.Errorf("Digest = %q, %v after %d tokens", d, err, asked)
	}
}

// A registry cannot make a device ask somebody else in the clear, nor drown it.
func TestHostileRealm(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked %s", r.URL) }))
	defer other.Close()
	for name, challenge := range map[string]string{
		"somebody else": `Bearer realm="` + other.URL + `/token"`,
		"with a user":   `Bearer realm="https://user:word@` + other.Listener.Addr().String() + `/token"`,
		"a file":        `Bearer realm="file:///etc/passwd"`,
		"no realm":      `Bearer service="x"`,
		"twice":         `Bearer realm="http://SELF/token",realm="` + other.URL + `"`,
		"torn":          `Bearer realm="http://SELF/token`,
		"long":          `Bearer realm="http://SELF/token",service="` + strings.Repeat("x", maxChallenge) + `"`,
		"endless token": `Bearer realm="http://SELF/endless"`,
		"odd token":     `Bearer realm="http://SELF/odd"`,
		"empty token":   `Bearer realm="http://SELF/empty"`,
		"failing":       `Bearer realm="http://SELF/none"`,
		"redirecting":   `Bearer realm="http://SELF/away"`,
		"never content": `Bearer realm="http://SELF/token"`,
	} {
		r, ref := registryAt(t, false, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/endless":
				fmt.Fprintf(w, `{"token":"%s"}`, strings.Repeat("x", maxToken))
			case "/odd":
				fmt.Fprint(w, `{"token":"a\r\nX-Evil: 1"}`)
			case "/empty":
				fmt.Fprint(w, `{}`)
			case "/token":
				fmt.Fprint(w, `{"token":"t"}`)
			case "/away":
				http.Redirect(w, r, other.URL, http.StatusFound)
			case "/none":
				w.WriteHeader(http.StatusForbidden)
			default:
				w.Header().Set("WWW-Authenticate", strings.ReplaceAll(challenge, "SELF", r.Host))
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		if d, err := r.Digest(t.Context(), ref); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: Digest = %q, %v", name, d, err)
		}
	}
}

func TestAddress(t *testing.T) {
	r, err := NewRemote(profile.Registry{Insecure: []string{"builder.example:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"builder.example:8080/2048:prod": "http://builder.example:8080/v2/2048/manifests/prod",
		"builder.example/2048:prod":      "https://builder.example/v2/2048/manifests/prod",
		"docker.io/nginx:1":              "https://registry-1.docker.io/v2/library/nginx/manifests/1",
		"docker.io/team/web:1":           "https://registry-1.docker.io/v2/team/web/manifests/1",
	} {
		ref, err := ParseReference(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.address(ref); got != want {
			t.Errorf("%s is asked for at %s, want %s", text, got, want)
		}
	}
}

func FuzzParseChallenge(f *testing.F) {
	f.Add(`Bearer realm="https://auth.example/token",service="registry",scope="repository:a:pull"`)
	f.Add(`Basic realm="x"`)
	f.Add(`Bearer a="",b="c" , d="e"`)
	f.Fuzz(func(t *testing.T, header string) {
		words, err := parseChallenge(header)
		if err != nil {
			return
		}
		for name, value := range words {
			if name != strings.ToLower(name) || strings.ContainsAny(value, `"\`) || !strings.Contains(header, value) {
				t.Errorf("%q holds %q=%q", header, name, value)
			}
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add([]byte(`{"token":"abc"}`))
	f.Add([]byte(`{"access_token":"abc","expires_in":300}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if token, err := parseToken(data); err == nil && (token == "" || strings.ContainsAny(token, " \r\n\x00")) {
			t.Errorf("token %q", token)
		}
	})
}
