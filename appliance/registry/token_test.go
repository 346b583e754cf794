package registry

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// token asks the endpoint for one.
func token(t *testing.T, s *Store, query string, header ...string) (string, int) {
	t.Helper()
	w := ask(t, s, "GET", tokenPath+"?"+query, "", header...)
	var answer struct {
		Token     string `json:"token"`
		Access    string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if w.Code == 200 && (answer.Token != answer.Access || answer.ExpiresIn != 300 || w.Header().Get("Cache-Control") != "no-store") {
		t.Errorf("token endpoint: %s", w.Body)
	}
	return answer.Token, w.Code
}

func TestTokens(t *testing.T) {
	s := open(t, Options{})
	p := load(t, s, "2048", "prod", "one")
	load(t, s, "other", "prod", "one")
	put := func(repository, token string) int {
		return ask(t, s, "PUT", "/v2/"+repository+"/manifests/new", string(p.index.Raw), "Authorization", "Bearer "+token).Code
	}
	scope := "service=appliance&scope=repository:2048:pull,push"
	full, status := token(t, s, scope, "Authorization", basic("anyone", password))
	if status != 200 || put("2048", full) != 201 || put("other", full) != 401 {
		t.Errorf("a token for 2048: %d, push there %d, push elsewhere %d", status, put("2048", full), put("other", full))
	}
	for name, header := range map[string][]string{"no header": nil, "an empty Basic": {"Authorization", basic("", "")}} {
		pull, status := token(t, s, scope, header...)
		if status != 200 || put("2048", pull) != 401 {
			t.Errorf("%s: %d, and push with it %d", name, status, put("2048", pull))
		}
		if w := ask(t, s, "GET", "/v2/", "", "Authorization", "Bearer "+pull); w.Code != 200 {
			t.Errorf("%s: ping with its token = %d", name, w.Code)
		}
		if w := ask(t, s, "GET", "/v2/2048/manifests/prod", "", "Authorization", "Bearer "+pull); w.Code != 200 {
			t.Errorf("%s: pull with its token = %d", name, w.Code)
		}
	}
	if pull, _ := token(t, s, "scope=repository:2048:pull", "Authorization", basic("anyone", password)); put("2048", pull) != 401 {
		t.Error("a token that was asked for pulling pushes")
	}
	if _, status := token(t, s, scope, "Authorization", basic("anyone", "guess")); status != 401 {
		t.Errorf("wrong password: %d, want 401", status)
	}
	form := "grant_type=password&username=x&password=" + password + "&scope=repository:2048:pull,push"
	w := ask(t, s, "POST", tokenPath, form, "Content-Type", "application/x-www-form-urlencoded")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "token") {
		t.Errorf("POST: %d %s", w.Code, w.Body)
	}
	if w := ask(t, s, "POST", tokenPath, strings.Replace(form, password, "guess", 1), "Content-Type", "application/x-www-form-urlencoded"); w.Code != 401 {
		t.Errorf("POST with a wrong password: %d", w.Code)
	}
	if w := ask(t, s, "PUT", tokenPath, ""); w.Code != 405 {
		t.Errorf("PUT: %d", w.Code)
	}
	s.signer.now = func() time.Time { return time.Now().Add(tokenLife + time.Second) }
	if status := put("2048", full); status != 401 {
		t.Errorf("push with an expired token: %d", status)
	}
}

func TestNobodyPushesWithoutAToken(t *testing.T) {
	s := open(t, Options{})
	s.o.Token = ""
	for _, pass := range []string{"", "x"} {
		if w := ask(t, s, "POST", "/v2/2048/blobs/uploads/", "", "Authorization", basic("x", pass)); w.Code != 401 {
			t.Errorf("password %q: %d", pass, w.Code)
		}
	}
}

func TestGuessersAreSlowedDown(t *testing.T) {
	s := open(t, Options{})
	load(t, s, "2048", "prod", "one")
	for i := range maxFailures {
		if _, status := token(t, s, "", "Authorization", basic("x", strings.Repeat("a", i+1))); status != 401 {
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	for _, target := range []string{tokenPath, "/v2/", "/v2/2048/manifests/prod"} {
		w := ask(t, s, "GET", target, "", "Authorization", basic("x", password))
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "TOOMANYREQUESTS") {
			t.Errorf("GET %s with the right password after %d guesses: %d %s", target, maxFailures, w.Code, w.Body)
		}
	}
	if w := ask(t, s, "GET", "/v2/2048/manifests/prod", ""); w.Code != 200 {
		t.Errorf("an anonymous pull from there: %d", w.Code)
	}
	if err := s.failures.check(nil, requestFrom("192.0.2.2:99")); err != nil {
		t.Errorf("another address: %v", err)
	}
}

func TestRealm(t *testing.T) {
	for _, tt := range []struct{ url, host, want string }{
		{"", "builder:8080", `realm="http://builder:8080/v2/_token"`},
		{"", "[fd00::1]:80", `realm="http://[fd00::1]:80/v2/_token"`},
		{"", `evil",realm="http://x`, ""},
		{"", "a b", ""},
		{"", "", ""},
		{"", "user@host", ""},
		{"https://images.example/", "builder:8080", `realm="https://images.example/v2/_token"`},
	} {
		s := open(t, Options{URL: tt.url})
		r := requestFrom("192.0.2.1:99")
		r.Host = tt.host
		w := answered(s, r)
		if tt.want == "" && (w.Code != 400 || w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("Host %q: %d %v, want it refused", tt.host, w.Code, w.Header())
		}
		if tt.want != "" && !strings.Contains(w.Header().Get("WWW-Authenticate"), tt.want) {
			t.Errorf("URL %q, Host %q: %q, want %q", tt.url, tt.host, w.Header().Get("WWW-Authenticate"), tt.want)
		}
	}
	for _, u := range []string{"ftp://x", "http://", "http://a\"b", "http://u:p@x", "x", "http://x?y"} {
		if _, err := Open(Options{Dir: t.TempDir(), URL: u}); err == nil {
			t.Errorf("Open takes the URL %q", u)
		}
	}
}

func FuzzToken(f *testing.F) {
	s := newSigner()
	good, err := s.sign([]string{"2048"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, good[:len(good)-1], strings.Replace(good, "v1.", "v2.", 1), "v1..", ".", "", "v1.e30.", strings.Repeat("v1.", 99)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if g, err := s.verify(token); err == nil && token != good || err != nil && (g.known || g.mayPush("2048")) {
			t.Errorf("verify(%q) = %+v, %v", token, g, err)
		}
	})
}

func FuzzScope(f *testing.F) {
	for _, seed := range []string{"repository:2048:pull,push", "repository:a/b:*", "repository:x:push repository:y:pull", "registry:catalog:*", "repository::push", ":::", "repository:../x:push"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, scope string) {
		push := asked([]string{scope, scope})
		for _, name := range push {
			if _, err := ParseRepository(name); err != nil || !strings.Contains(scope, name) {
				t.Errorf("asked(%q) = %q", scope, push)
			}
		}
		if len(push) > maxGrants {
			t.Errorf("asked(%q) gives %d repositories", scope, len(push))
		}
	})
}

func FuzzRoute(f *testing.F) {
	for _, seed := range []string{"/v2/", "/v2/a/manifests/v1", "/v2/a/b/blobs/uploads/", "/v2/a/blobs/uploads/x", "/v2/a/tags/list", "/v2/../x", "/v2//", "/v2/a/manifests/manifests/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		to, err := parsePath(p)
		if err != nil || to.kind == ping || to.kind == catalog {
			return
		}
		if _, err := ParseRepository(to.repository); err != nil || !strings.HasPrefix(p, "/v2/"+to.repository+"/") {
			t.Errorf("parsePath(%q) = %+v", p, to)
		}
	})
}
