package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/blueprint"
)

const textDemo = "name = \"demo\"\nversion = \"0.0.1\"\n[[packages]]\nname = \"git\"\n"

// withTexts keeps blueprints in a folder of the test: "demo", which has releases, and "fresh".
func withTexts(t *testing.T) func(*Options) {
	t.Helper()
	r, err := blueprint.Open(t.Context(), blueprint.Options{Dir: filepath.Join(t.TempDir(), "blueprints.git")})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{textDemo, "name = \"fresh\"\ndescription = \"<script>alert(1)</script>\"\n"} {
		if _, err := r.Push(t.Context(), []byte(text), blueprint.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return func(o *Options) { o.Texts, o.Remote = r, fakeRemote{} }
}

type fakeRemote struct{}

func (fakeRemote) State() blueprint.RemoteState {
	return blueprint.RemoteState{URL: "https://git.example/x"}
}

func (fakeRemote) Fetch(context.Context) (blueprint.RemoteState, error) {
	return blueprint.RemoteState{URL: "https://git.example/x", Taken: []string{"a@0.0.1"}, Refused: []string{"b.toml:1:1: no\nno"}}, nil
}

func TestBlueprintTexts(t *testing.T) {
	s := newScene(t, withTexts(t))
	secret := "name = \"demo\"\nversion = \"0.0.2\"\n[[customizations.user]]\nname = \"a\"\npassword = \"R3dh4t1!\"\n"
	toml := []string{"Accept", "application/toml"}
	text := []string{"Accept", "text/plain"}
	for _, tt := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want, not               string
	}{
		{"list", "GET", "blueprints", "", nil, 200, `"name":"fresh","releases":0`, ""},
		{"list with releases", "GET", "blueprints", "", nil, 200, `"published":"0.0.1"`, ""},
		{"list as text", "GET", "blueprints", "", text, 200, "NEWEST", ""},
		{"status", "GET", "status", "", nil, 200, `"fresh"`, ""},
		{"show", "GET", "blueprints/fresh", "", nil, 200, `"version":"0.0.1"`, ""},
		{"version", "GET", "blueprints/demo?version=0.0.1", "", nil, 200, `"text":"name = \"demo\"`, ""},
		{"text", "GET", "blueprints/demo", "", toml, 200, textDemo, ""},
		{"unknown version", "GET", "blueprints/demo?version=0.0.9", "", nil, 404, "unknown-blueprint", ""},
		{"odd version", "GET", "blueprints/demo?version=x", "", nil, 422, "invalid-name", ""},
		{"unknown", "GET", "blueprints/none", "", nil, 404, "unknown-blueprint", ""},
		{"no token", "PUT", "blueprints/demo", textDemo, nil, 401, "unauthorized", ""},
		{"the same", "PUT", "blueprints/demo", textDemo, withToken, 200, `"changed":false`, ""},
		{"faults", "PUT", "blueprints/demo", "name = \"demo\"\nx = 1\n", withToken, 422, `demo.toml:2:1: unknown key \"x\"`, ""},
		{"places of faults", "PUT", "blueprints/demo", "name = \"demo\"\n\nx = 1\n", withToken, 422, `"faults":[{"line":3,"column":1,"text":"unknown key \"x\""}]`, ""},
		{"another name", "PUT", "blueprints/other", textDemo, withToken, 422, "invalid-blueprint", ""},
		{"hostile name", "PUT", "blueprints/%3Cscript%3E", textDemo, withToken, 422, "invalid-name", ""},
		{"reserved", "PUT", "blueprints/blueprints.git", textDemo, withToken, 422, "invalid-name", ""},
		{"JSON", "PUT", "blueprints/demo", "{}", append([]string{"Content-Type", "application/json"}, withToken...), 415, "not TOML", ""},
		{"too large", "PUT", "blueprints/demo", strings.Repeat("#", blueprint.MaxSize+1), withToken, 413, "too-large", ""},
		{"odd raise", "PUT", "blueprints/demo?raise=huge", textDemo, withToken, 422, "want patch", ""},
		{"precondition", "PUT", "blueprints/demo", secret, append([]string{"If-Match", `"0.0.9"`}, withToken...), 412, "precondition-failed", ""},
		{"new", "PUT", "blueprints/demo", secret, append([]string{"If-None-Match", "*"}, withToken...), 412, "precondition-failed", ""},
		{"push", "PUT", "blueprints/demo?message=hello", secret, append([]string{"If-Match", `"0.0.1"`}, withToken...), 201, `"hashed":1`, "R3dh4t1!"},
		{"lower", "PUT", "blueprints/demo", textDemo, withToken, 409, "version-not-raised", ""},
		{"hash without token", "GET", "blueprints/demo", "", toml, 200, "(hidden)", "$6$"},
		{"hash with token", "GET", "blueprints/demo", "", append(append([]string{}, toml...), withToken...), 200, "$6$rounds=", "(hidden)"},
		{"hash with a wrong token", "GET", "blueprints/demo?version=0.0.2", "", []string{"Authorization", "Bearer wrong"}, 200, "(hidden)", "$6$"},
		{"diff without token", "GET", "blueprints/demo/diff?from=demo@0.0.1&to=0.0.2", "", nil, 200, "(hidden)", "$6$"},
		{"diff as text", "GET", "blueprints/demo/diff?from=0.0.1&to=0.0.2", "", text, 200, "- git", "$6$"},
		{"history", "GET", "blueprints/demo/history", "", nil, 200, `"subject":"hello"`, ""},
		{"history of nothing", "GET", "blueprints/none/history", "", nil, 404, "unknown-blueprint", ""},
		{"delete", "DELETE", "blueprints/demo", "", withToken, 200, `"kind":"deleted"`, ""},
		{"still released", "GET", "blueprints/demo", "", nil, 200, `"published":"0.0.1"`, `"version":`},
		{"status with a remote", "GET", "status", "", nil, 200, `"remote":{"url":"https://git.example`, ""},
		{"status with a remote as text", "GET", "status", "", text, 200, "https://git.example/x", ""},
		{"remote", "GET", "remote", "", nil, 200, "git.example", ""},
		{"webhook without token", "POST", "remote", "{}", nil, 401, "unauthorized", ""},
		{"webhook", "POST", "remote", "{}", withToken, 200, "a@0.0.1", ""},
		{"webhook of GitLab", "POST", "remote", "{}", []string{"X-Gitlab-Token", testToken, "Accept", "text/plain"}, 200, "refused: b.toml:1:1: no; no", ""},
	} {
		w := s.do(tt.method, "/api/v1/"+tt.url, tt.body, tt.headers...)
		got := w.Body.String()
		if w.Code != tt.status || !strings.Contains(got, tt.want) || tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%s: %d %s, want %d with %q and without %q", tt.name, w.Code, got, tt.status, tt.want, tt.not)
		}
	}
}

// TestGuessing counts wrong tokens where none is needed, for the answer tells a right one.
func TestGuessing(t *testing.T) {
	s := newScene(t, withTexts(t))
	const url = "/api/v1/blueprints/demo/diff?from=0.0.1&to=0.0.1"
	for range maxFailures {
		if w := s.do("GET", url, "", "Authorization", "Bearer guess"); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if w := s.do("GET", "/api/v1/token", "", withToken...); w.Code != 429 {
		t.Errorf("after %d wrong tokens: %d", maxFailures, w.Code)
	}
}

func TestGitFace(t *testing.T) {
	s := newScene(t, withTexts(t))
	basic := func(password string) []string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth("any", password)
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	upload, receive := []string{"Content-Type", "application/x-git-upload-pack-request"}, []string{"Content-Type", "application/x-git-receive-pack-request"}
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"advertisement", "GET", "info/refs?service=git-upload-pack", "", nil, 200, "refs/tags/demo/0.0.1"},
		{"dumb", "GET", "info/refs", "", nil, 403, "dumb protocol"},
		{"push without token", "GET", "info/refs?service=git-receive-pack", "", nil, 401, ""},
		{"push with a wrong one", "GET", "info/refs?service=git-receive-pack", "", basic("wrong"), 401, ""},
		{"push", "GET", "info/refs?service=git-receive-pack", "", basic(testToken), 200, "report-status"},
		{"pack without token", "POST", "git-receive-pack", "0000", receive, 401, ""},
		{"no pack", "POST", "git-receive-pack", "0000", append(basic(testToken), receive...), 200, ""},
		{"no git", "POST", "git-upload-pack", "0000", nil, 415, ""},
		{"garbage", "POST", "git-upload-pack", "<script>", upload, 400, "malformed git data"},
		{"not offered", "POST", "git-upload-pack", "0032want " + strings.Repeat("1", 40) + "\n00000009done\n", upload, 400, "not offered"},
		{"not gzip", "POST", "git-upload-pack", "xx", append([]string{"Content-Encoding", "gzip"}, upload...), 400, "Content-Encoding"},
		{"the files", "GET", "packed-refs", "", nil, 404, ""},
	} {
		w := s.do(tt.method, "/blueprints.git/"+tt.path, tt.body, tt.headers...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s, want %d with %q", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); w.Code == http.StatusUnauthorized && !strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s: the challenge %q is none for git", tt.name, challenge)
		}
	}
	if w := s.do("PUT", "/api/v1/blueprints/s", "name = 's'\n[[customizations.user]]\nname = 'a'\npassword = 'secret'\n", withToken...); w.Code != 201 {
		t.Fatal(w.Body)
	}
	for status, headers := range map[int][]string{401: nil, 200: basic(testToken)} {
		if w := s.do("GET", "/blueprints.git/info/refs?service=git-upload-pack", "", headers...); w.Code != status {
			t.Errorf("a clone with hashes: %d, want %d", w.Code, status)
		}
	}
}
