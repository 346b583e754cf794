package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestHTTP(t *testing.T) {
	const json, text = "application/json", "text/plain"
	token := "Bearer " + testToken
	commit := `"` + string(sumA) + `"`
	for _, tt := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want, wantNot           string
	}{
		{"status", "GET", "/api/v1/status", "", nil, 200, `"version":"1.2.3","url":"http://builder:8080","started":"2023-03-01T12:00:00Z","data_free_bytes":5000000000,"blueprints":[{"name":"demo"`, ""},
		{"blueprints", "GET", "/api/v1/blueprints", "", nil, 200, `"public_key":"a2V5"`, ""},
		{"blueprint", "GET", "/api/v1/blueprints/demo", "", nil, 200, `"published":"0.0.1"`, ""},
		{"blueprint unknown", "GET", "/api/v1/blueprints/nope", "", nil, 404, `"urn:appliance:unknown-blueprint"`, ""},
		{"blueprint of a bad name", "GET", "/api/v1/blueprints/-x", "", nil, 422, `"urn:appliance:invalid-name"`, ""},
		{"releases", "GET", "/api/v1/releases", "", nil, 200, `[{"blueprint":"demo","version":"0.0.2"`, ""},
		{"releases of one", "GET", "/api/v1/releases/demo", "", nil, 200, `"version":"0.0.1"`, ""},
		{"releases of none", "GET", "/api/v1/releases/empty", "", nil, 200, "[]\n", "null"},
		{"releases of an unknown", "GET", "/api/v1/releases/nope", "", nil, 404, "unknown-blueprint", ""},
		{"release", "GET", "/api/v1/releases/demo/0.0.1", "", nil, 200, `"state":"published"`, ""},
		{"release unknown", "GET", "/api/v1/releases/demo/7.0.0", "", nil, 404, "urn:appliance:unknown-release", ""},
		{"release of a bad version", "GET", "/api/v1/releases/demo/01.2.3", "", nil, 422, "invalid-name", ""},
		{"markup stays as it is in JSON", "GET", "/api/v1/releases/demo/0.0.2", "", nil, 200, `a <b>bold</b> subject`, ""},
		{"packages", "GET", "/api/v1/releases/demo/0.0.1/packages", "", nil, 200, `[{"name":"git","epoch":"0"`, ""},
		{"diff", "GET", "/api/v1/releases/demo/0.0.2/diff?from=0.0.1", "", nil, 200, `"from":"demo@0.0.1","to":"demo@0.0.2","basis":"packages"`, ""},
		{"diff from nothing", "GET", "/api/v1/releases/demo/0.0.2/diff", "", nil, 400, "add ?from=VERSION", ""},
		{"diff from rubbish", "GET", "/api/v1/releases/demo/0.0.2/diff?from=x", "", nil, 422, "invalid-name", ""},
		{"diff with a typo", "GET", "/api/v1/releases/demo/0.0.2/diff?form=0.0.1", "", nil, 400, `unknown parameter \"form\"`, ""},
		{"archive without a token", "GET", "/api/v1/releases/demo/0.0.1/archive", "", nil, 401, "unauthorized", "a tar"},
		{"archive", "GET", "/api/v1/releases/demo/0.0.1/archive", "", []string{"Authorization", token}, 200, "a tar", ""},
		{"archive of nothing", "GET", "/api/v1/releases/demo/7.0.0/archive", "", []string{"Authorization", token}, 404, "unknown-release", ""},

		{"import without a token", "PUT", "/api/v1/releases/demo/0.0.3", "x", nil, 401, "urn:appliance:unauthorized", ""},
		{"import", "PUT", "/api/v1/releases/demo/0.0.3?ref=a/b&stamp=1", "x", []string{"Authorization", token}, 201, `"version":"0.0.3"`, ""},
		{"import, bad ref", "PUT", "/api/v1/releases/demo/0.0.3?ref=..", "x", []string{"Authorization", token}, 422, "invalid-name", ""},
		{"import, bad stamp", "PUT", "/api/v1/releases/demo/0.0.3?stamp=maybe", "x", []string{"Authorization", token}, 400, "neither 1 nor 0", ""},
		{"import, stamp twice", "PUT", "/api/v1/releases/demo/0.0.3?stamp=1&stamp=0", "x", []string{"Authorization", token}, 400, "more than once", ""},
		{"import, odd encoding", "PUT", "/api/v1/releases/demo/0.0.3", "x", []string{"Authorization", token, "Content-Encoding", "br"}, 415, "gzip or zstd", ""},
		{"import, a form", "PUT", "/api/v1/releases/demo/0.0.3", "x", []string{"Authorization", token, "Content-Type", "multipart/form-data; boundary=x"}, 415, "-T FILE", ""},
		{"import, lying encoding", "PUT", "/api/v1/releases/demo/0.0.3", "x", []string{"Authorization", token, "Content-Encoding", "gzip"}, 422, "invalid-archive", ""},
		{"pull", "PUT", "/api/v1/releases/demo/0.0.3", `{"from":"https://example.com/repo","stamp":true}`, []string{"Authorization", token, "Content-Type", json}, 201, `"0.0.3"`, ""},
		{"pull from nowhere", "PUT", "/api/v1/releases/demo/0.0.3", `{"ref":"a"}`, []string{"Authorization", token, "Content-Type", json}, 400, `lacks \"from\"`, ""},

		{"publish", "POST", "/api/v1/releases/demo/0.0.2/publish", "", []string{"Authorization", token}, 200, `"changed":true`, ""},
		{"publish with options", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"force":true}`, []string{"Authorization", token, "Content-Type", json}, 200, `"forced":[{"check":"time"`, ""},
		{"publish with a form", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"force":true}`, []string{"Authorization", token, "Content-Type", "application/x-www-form-urlencoded"}, 415, "Content-Type: application/json", ""},
		{"publish with a typo", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"farce":true}`, []string{"Authorization", token}, 400, `unknown field`, ""},
		{"publish with two values", "POST", "/api/v1/releases/demo/0.0.2/publish", `{}{}`, []string{"Authorization", token}, 400, `more than one value`, ""},
		{"publish with half a value", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"force":`, []string{"Authorization", token}, 400, "unexpected EOF", ""},
		{"publish, If-Match", "POST", "/api/v1/releases/demo/0.0.2/publish", "", []string{"Authorization", token, "If-Match", commit}, 200, "", ""},
		{"publish, weak If-Match", "POST", "/api/v1/releases/demo/0.0.2/publish", "", []string{"Authorization", token, "If-Match", "W/" + commit}, 400, "not one commit", ""},
		{"publish, If-Match of nothing published", "POST", "/api/v1/releases/empty/0.0.2/publish", "", []string{"Authorization", token, "If-Match", "*"}, 412, "precondition-failed", ""},

		{"pin", "PUT", "/api/v1/releases/demo/0.0.2/pin", "", []string{"Authorization", token}, 200, `"pinned":true`, ""},
		{"unpin", "DELETE", "/api/v1/releases/demo/0.0.2/pin", "", []string{"Authorization", token}, 200, `"pinned":false`, ""},
		{"sign", "POST", "/api/v1/releases/demo/0.0.2/sign", `{"key":"ABCD"}`, []string{"Authorization", token}, 200, `"gpg"`[:0], ""},
		{"sign with nothing", "POST", "/api/v1/releases/demo/0.0.2/sign", "", []string{"Authorization", token}, 400, `lacks \"key\"`, ""},
		{"sign with an option", "POST", "/api/v1/releases/demo/0.0.2/sign", `{"key":"--yes"}`, []string{"Authorization", token}, 400, "", ""},
		{"delete", "DELETE", "/api/v1/releases/demo/0.0.2", "", []string{"Authorization", token}, 204, "", "{"},
		{"delete without a token", "DELETE", "/api/v1/releases/demo/0.0.2", "", nil, 401, "", ""},
		{"prune", "POST", "/api/v1/releases/demo/prune", `{"keep":3,"older_than":"720h","dry_run":true}`, []string{"Authorization", token}, 200, `"dry_run":true`, ""},
		{"prune by days", "POST", "/api/v1/releases/demo/prune", `{"older_than":"30d"}`, []string{"Authorization", token}, 200, `"releases":["demo@0.0.2"]`, ""},
		{"prune by rubbish", "POST", "/api/v1/releases/demo/prune", `{"older_than":"-5h"}`, []string{"Authorization", token}, 400, "no duration", ""},
		{"prune keeping less than none", "POST", "/api/v1/releases/demo/prune", `{"keep":-1}`, []string{"Authorization", token}, 400, "less than none", ""},
		{"verify", "POST", "/api/v1/releases/demo/verify", "", []string{"Authorization", token}, 200, `"faults":[{`, ""},
		{"deltas", "GET", "/api/v1/releases/demo/deltas", "", nil, 200, `"from":"0.0.1","to":"0.0.2"`, ""},
		{"delta", "POST", "/api/v1/releases/demo/0.0.2/delta", `{"from":"0.0.1"}`, []string{"Authorization", token}, 201, `"size":2570000`, ""},
		{"delta from rubbish", "POST", "/api/v1/releases/demo/0.0.2/delta", `{"from":"x"}`, []string{"Authorization", token}, 422, "invalid-name", ""},
		{"delta withdrawn", "DELETE", "/api/v1/releases/demo/0.0.2/delta?from=0.0.1", "", []string{"Authorization", token}, 204, "", ""},

		{"a body beyond limits", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"ref":"` + strings.Repeat("a", maxJSON) + `"}`, []string{"Authorization", token}, 413, "too-large", ""},
		{"wrong method", "POST", "/api/v1/status", "", nil, 405, "method-not-allowed", ""},
		{"wrong method of a repository", "PUT", "/demo/repo/summary", "x", nil, 405, "method-not-allowed", ""},
		{"unknown below the API", "GET", "/api/v1/nope", "", nil, 404, "urn:appliance:not-found", ""},
		{"unknown at the top", "GET", "/nope", "", nil, 404, "urn:appliance:not-found", ""},
		{"unknown at the top, browser", "GET", "/<i>", "", []string{"Accept", "text/html,*/*;q=0.8"}, 404, "&lt;i&gt;", "<i>"},
		{"unknown at the top, terminal", "GET", "/nope", "", []string{"Accept", text}, 404, "Not found: nothing is served at \"/nope\"\nhint: ", "{"},

		{"page", "GET", "/", "", nil, 200, "<title>appliance", ""},
		{"asset", "GET", "/ui/app.css", "", nil, 200, "body{}", ""},
		{"asset unknown", "GET", "/ui/nope.css", "", nil, 404, "not-found", ""},
		{"asset path trick", "GET", "/ui/../server.go", "", nil, 404, "not-found", ""},
		{"health", "GET", "/healthz", "", nil, 200, "ok\n", ""},
		{"public key", "GET", "/demo/ed25519.pub", "", nil, 200, "a2V5\n", ""},
		{"public key of nobody", "GET", "/empty/ed25519.pub", "", nil, 404, "does not sign", ""},
		{"public key of a reserved word", "GET", "/metrics/ed25519.pub", "", nil, 404, "not-found", ""},

		{"repository without slash", "GET", "/demo/repo", "", nil, 301, "", ""},
		{"repository", "GET", "/demo/repo/", "", nil, 200, `<a href="./objects/">objects/</a>`, ""},
		{"repository as text", "GET", "/demo/repo/", "", []string{"Accept", text}, 200, "config\nobjects/\nrefs/\n", "<"},
		{"repository config", "GET", "/demo/repo/config", "", nil, 200, "archive-z2", ""},
		{"repository summary", "GET", "/demo/repo/summary", "", nil, 200, "a summary", ""},
		{"repository object", "GET", "/demo/repo/" + smallObject, "", nil, 200, "small content", ""},
		{"repository object missing", "GET", "/demo/repo/objects/ab/none.filez", "", nil, 404, "not-found", ""},
		{"repository object is a link", "GET", "/demo/repo/objects/ab/link.filez", "", nil, 404, "not-found", "small"},
		{"repository object is a folder", "GET", "/demo/repo/objects/ab", "", nil, 404, "not-found", ""},
		{"repository file as a folder", "GET", "/demo/repo/summary/", "", nil, 404, "not-found", ""},
		{"repository unknown", "GET", "/nope/repo/summary", "", nil, 404, "unknown-blueprint", ""},
		{"repository of a reserved word", "GET", "/api/repo/summary", "", nil, 404, "not-found", ""},
		{"repository on fire", "GET", "/demo/repo/broken", "", nil, 500, "its log says what", "/dev/sda1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t).do(tt.method, tt.url, tt.body, tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || (tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot)) {
				t.Errorf("%s %s = %d %s, want %d %q without %q", tt.method, tt.url, w.Code, w.Body, tt.status, tt.want, tt.wantNot)
			}
			if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options = %q", got)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for _, tt := range []struct {
		name, method, url string
		headers           []string
		status            int
		header, want      string
	}{
		{"object", "GET", "/demo/repo/" + smallObject, nil, 200, "Cache-Control", "public, max-age=31536000, immutable"},
		{"object's tag", "GET", "/demo/repo/" + smallObject, nil, 200, "Etag", `"small.filez"`},
		{"object's type", "GET", "/demo/repo/" + smallObject, nil, 200, "Content-Type", "application/octet-stream"},
		{"object unchanged", "GET", "/demo/repo/" + smallObject, []string{"If-None-Match", `"small.filez"`}, 304, "Etag", `"small.filez"`},
		{"object in part", "GET", "/demo/repo/" + smallObject, []string{"Range", "bytes=6-"}, 206, "Content-Range", "bytes 6-12/13"},
		{"object in part, if it is that", "GET", "/demo/repo/" + smallObject, []string{"Range", "bytes=6-", "If-Range", `"other"`}, 200, "Content-Length", "13"},
		{"object beyond its end", "GET", "/demo/repo/" + smallObject, []string{"Range", "bytes=99-"}, 416, "Content-Range", "bytes */13"},
		{"object's head", "HEAD", "/demo/repo/" + smallObject, nil, 200, "Content-Length", "13"},
		{"summary", "GET", "/demo/repo/summary", nil, 200, "Cache-Control", "no-cache"},
		{"summary unchanged", "GET", "/demo/repo/summary", []string{"If-None-Match", `"sum"`}, 304, "Etag", `"sum"`},
		{"missing object", "GET", "/demo/repo/objects/ab/none.filez", nil, 404, "Cache-Control", "no-store"},
		{"missing object keeps no tag", "GET", "/demo/repo/objects/ab/none.filez", nil, 404, "Etag", ""},
		{"listing", "GET", "/demo/repo/", nil, 200, "Cache-Control", "no-cache"},
		{"listing's policy", "GET", "/demo/repo/", nil, 200, "Content-Security-Policy", policy},
		{"folder without slash", "GET", "/demo/repo/refs/heads", nil, 301, "Location", "/demo/repo/refs/heads/"},
		{"repository without slash", "GET", "/demo/repo", nil, 301, "Location", "/demo/repo/"},
		{"wrong method", "DELETE", "/api/v1/status", nil, 405, "Allow", "GET, HEAD"},
		{"wrong method of a repository", "PUT", "/demo/repo/summary", nil, 405, "Allow", "GET, HEAD"},
		{"page", "GET", "/", nil, 200, "Content-Security-Policy", policy},
		{"page's referrers", "GET", "/", nil, 200, "Referrer-Policy", "no-referrer"},
		{"page's type", "HEAD", "/", nil, 200, "Content-Type", "text/html; charset=utf-8"},
		{"script's type", "GET", "/ui/app.js", nil, 200, "Content-Type", "text/javascript; charset=utf-8"},
		{"asset", "GET", "/ui/app.css", nil, 200, "Cache-Control", "no-cache"},
		{"release", "GET", "/api/v1/releases/demo/0.0.1", nil, 200, "Etag", `"` + string(sumA) + `"`},
		{"release's head", "HEAD", "/api/v1/releases/demo/0.0.1", nil, 200, "Etag", `"` + string(sumA) + `"`},
		{"API", "GET", "/api/v1/status", nil, 200, "Content-Type", "application/json"},
		{"API varies", "GET", "/api/v1/status", nil, 200, "Vary", "Accept"},
		{"API as text", "GET", "/api/v1/status", []string{"Accept", "text/plain"}, 200, "Content-Type", "text/plain; charset=utf-8"},
		{"API for anything", "GET", "/api/v1/status", []string{"Accept", "*/*"}, 200, "Content-Type", "application/json"},
		{"error", "GET", "/api/v1/nope", nil, 404, "Content-Type", "application/problem+json"},
		{"no token", "DELETE", "/api/v1/releases/demo/0.0.1", nil, 401, "WWW-Authenticate", `Bearer realm="appliance"`},
		{"archive", "GET", "/api/v1/releases/demo/0.0.1/archive", withToken, 200, "Content-Disposition", `attachment; filename="demo-0.0.1.tar"`},
		{"archive of nothing", "GET", "/api/v1/releases/demo/7.0.0/archive", withToken, 404, "Content-Disposition", ""},
		{"import", "PUT", "/api/v1/releases/demo/0.0.3", withToken, 201, "Location", "/api/v1/releases/demo/0.0.3"},
		{"events' head", "HEAD", "/api/v1/events", nil, 200, "Content-Type", "text/event-stream; charset=utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t).do(tt.method, tt.url, "", tt.headers...)
			if got := w.Header().Get(tt.header); w.Code != tt.status || got != tt.want {
				t.Errorf("%s %s = %d with %s: %s, want %d with %q", tt.method, tt.url, w.Code, tt.header, got, tt.status, tt.want)
			}
			if tt.method == http.MethodHead && w.Body.Len() > 0 {
				t.Errorf("HEAD has a body: %q", w.Body)
			}
		})
	}
}

func TestProblemHasItsFields(t *testing.T) {
	w := newScene(t).do("GET", "/api/v1/releases/demo/7.0.0", "")
	var d map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d["type"] != "urn:appliance:unknown-release" || d["status"] != 404.0 || d["title"] != "No such release" ||
		!strings.Contains(d["detail"].(string), `"demo@7.0.0"`) || !strings.Contains(d["hint"].(string), "release list") {
		t.Errorf("problem = %v", d)
	}
}

func TestActorReachesTheRoomBelow(t *testing.T) {
	s := newScene(t)
	s.do("DELETE", "/api/v1/releases/demo/0.0.2", "", append(withToken, "User-Agent", "curl/8.5\x1b[31m"+strings.Repeat("x", 200))...)
	if got := s.releases.actor; !strings.HasPrefix(got, "192.0.2.1 curl/8.5?[31mxxx") || len(got) > 130 {
		t.Errorf("actor = %q", got)
	}
}

func TestPrivateReadsNeedTheToken(t *testing.T) {
	s := newScene(t, func(o *Options) { o.Private = true })
	for url, want := range map[string]int{"/api/v1/status": 401, "/api/v1/events?follow=0": 401, "/": 200, "/demo/repo/summary": 200, "/healthz": 200} {
		if w := s.do("GET", url, ""); w.Code != want {
			t.Errorf("GET %s = %d, want %d", url, w.Code, want)
		}
	}
	if w := s.do("GET", "/api/v1/status", "", withToken...); w.Code != 200 {
		t.Errorf("GET status with the token = %d, want 200", w.Code)
	}
}
