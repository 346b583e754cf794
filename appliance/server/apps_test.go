package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"edge/appliance/app"
	"edge/appliance/event"
	"edge/appliance/registry"
)

var (
	digestA = registry.Digest("sha256:" + strings.Repeat("a", 64))
	digestB = registry.Digest("sha256:" + strings.Repeat("b", 64))
)

// fakeApps has one app, 2048, whose prod is v1.
type fakeApps struct {
	err   error
	calls []string
	actor string
}

func (f *fakeApps) called(ctx context.Context, name, format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.actor = event.Actor(ctx)
	if f.err != nil {
		return f.err
	}
	if name != "2048" {
		return fmt.Errorf("app %q: %w", name, app.ErrUnknown)
	}
	return nil
}

func (f *fakeApps) List(ctx context.Context) ([]app.Summary, error) {
	return []app.Summary{
		{App: app.App{Name: "2048", Image: "2048", Tag: "prod", Unit: "app1", Port: 8081}, Digest: digestA, SameAs: []string{"v1"}, Tags: 3},
		{App: app.App{Name: "far", Image: "quay.io/x/far", Tag: "prod", Source: "quay.io/y/far", Cold: true}, Fault: "registry \"quay.io\": not reachable"},
	}, f.called(ctx, "2048", "list")
}

func (f *fakeApps) Tags(ctx context.Context, name string) ([]app.Tag, error) {
	return []app.Tag{
		{Name: "prod", Digest: digestA, Platforms: []string{"linux/amd64", "linux/arm64"}, Size: 2_000_000, SameAs: []string{"v1"}, Followed: true},
		{Name: "v1", Digest: digestA, Platforms: []string{}, Created: &noon, SameAs: []string{"prod"}, Immutable: true},
	}, f.called(ctx, name, "tags %s", name)
}

func (f *fakeApps) AllTags(ctx context.Context, name string) ([]app.Tag, error) {
	return nil, f.called(ctx, name, "all tags %s", name)
}

func (f *fakeApps) History(ctx context.Context, name string) ([]app.Move, error) {
	return []app.Move{
		{Time: noon.Add(time.Hour), App: name, From: string(digestA), To: "prod", Before: digestB, After: digestA, Kind: app.Undone, Changed: true},
		{Time: noon, App: name, From: "v2", To: "prod", Before: "", After: digestB, Kind: app.Retagged, Actor: "192.0.2.1 curl/8", Changed: true},
	}, f.called(ctx, name, "history %s", name)
}

func (f *fakeApps) Retag(ctx context.Context, name string, r app.Retagging) (app.Move, error) {
	return app.Move{Time: noon, App: name, From: r.From, To: "prod", Before: digestA, After: digestB, Kind: app.Retagged, Changed: r.From != "v1", Exact: r.To == "", DryRun: r.DryRun},
		f.called(ctx, name, "retag %s %+v", name, r)
}

func (f *fakeApps) Undo(ctx context.Context, name, tag string, dryRun bool) (app.Move, error) {
	return app.Move{Time: noon, App: name, From: string(digestA), To: "prod", Before: digestB, After: digestA, Kind: app.Undone, Changed: true, Exact: true, DryRun: dryRun},
		f.called(ctx, name, "undo %s %q %t", name, tag, dryRun)
}

func (f *fakeApps) Mirror(ctx context.Context, name string) (app.Mirrored, error) {
	return app.Mirrored{App: name, From: "quay.io/y/2048", To: "2048", Copied: []string{"v1", "v2"}, Skipped: []string{"v3"}, Kept: []string{"prod"}}, f.called(ctx, name, "mirror %s", name)
}

func withApps(f *fakeApps) func(*Options) { return func(o *Options) { o.Apps = f } }

func TestApps(t *testing.T) {
	const json = "application/json"
	auth := append([]string{"Content-Type", json}, withToken...)
	for _, tt := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want, wantNot           string
		call                    string
	}{
		{"apps", "GET", "/api/v1/apps", "", nil, 200, `[{"name":"2048","image":"2048","tag":"prod","unit":"app1","port":8081,"digest":"sha256:aaa`, "", "list"},
		{"tags", "GET", "/api/v1/apps/2048/tags", "", nil, 200, `"platforms":["linux/amd64","linux/arm64"],"size":2000000,"same_as":["v1"],"immutable":false,"followed":true`, "", "tags 2048"},
		{"all tags", "GET", "/api/v1/apps/2048/tags?all=1", "", nil, 200, `[]`, "", "all tags 2048"},
		{"tags with a typo", "GET", "/api/v1/apps/2048/tags?al=1", "", nil, 400, "unknown parameter", "", ""},
		{"tags of nobody", "GET", "/api/v1/apps/nobody/tags", "", nil, 404, "urn:appliance:unknown-app", "", "tags nobody"},
		{"history", "GET", "/api/v1/apps/2048/history", "", nil, 200, `"kind":"undo"`, "", "history 2048"},
		{"retag", "POST", "/api/v1/apps/2048/retag", `{"from":"v2","to":"prod","expect":"` + string(digestA) + `","dry_run":true}`, auth, 200,
			`"before":"` + string(digestA) + `","after":"` + string(digestB) + `","kind":"retag","changed":true`, "", "retag 2048 {From:v2 To:prod Expect:" + string(digestA) + " DryRun:true}"},
		{"retag without a token", "POST", "/api/v1/apps/2048/retag", `{"from":"v2"}`, nil, 401, "unauthorized", "", ""},
		{"retag from nothing", "POST", "/api/v1/apps/2048/retag", `{}`, auth, 400, `lacks \"from\"`, "", ""},
		{"retag with a URL", "POST", "/api/v1/apps/2048/retag", `{"from":"v2","registry":"http://evil"}`, auth, 400, "unknown field", "", ""},
		{"retag with a form", "POST", "/api/v1/apps/2048/retag", `from=v2`, append(withToken, "Content-Type", "application/x-www-form-urlencoded"), 415, "Content-Type: application/json", "", ""},
		{"undo", "POST", "/api/v1/apps/2048/undo", "", withToken, 200, `"kind":"undo"`, "", `undo 2048 "" false`},
		{"undo of a tag", "POST", "/api/v1/apps/2048/undo", `{"to":"beta","dry_run":true}`, auth, 200, `"dry_run":true`, "", `undo 2048 "beta" true`},
		{"undo without a token", "POST", "/api/v1/apps/2048/undo", "", nil, 401, "", "", ""},
		{"mirror", "POST", "/api/v1/apps/2048/mirror", "", withToken, 200, `"copied":["v1","v2"],"skipped":["v3"]`, "", "mirror 2048"},
		{"mirror of an address", "POST", "/api/v1/apps/2048/mirror", `{"source":"evil/x"}`, auth, 400, "unknown field", "", ""},
		{"mirror without a token", "POST", "/api/v1/apps/2048/mirror", "", nil, 401, "", "", ""},
		{"wrong method", "GET", "/api/v1/apps/2048/retag", "", nil, 405, "method-not-allowed", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeApps{}
			w := newScene(t, withApps(f)).do(tt.method, tt.url, tt.body, tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot) {
				t.Errorf("%s %s = %d %s, want %d %q", tt.method, tt.url, w.Code, w.Body, tt.status, tt.want)
			}
			if got := strings.Join(f.calls, "; "); got != tt.call {
				t.Errorf("called %q, want %q", got, tt.call)
			}
		})
	}
	if w := newScene(t).do("GET", "/api/v1/apps", ""); w.Code != 404 {
		t.Errorf("GET apps of a server without any = %d", w.Code)
	}
}

func TestAppProblems(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		name   string
	}{
		{app.ErrUnknown, 404, "unknown-app"},
		{registry.ErrUnknown, 404, "unknown-tag"},
		{registry.ErrImmutable, 409, "immutable"},
		{registry.ErrPrecondition, 412, "precondition-failed"},
		{app.ErrNoUndo, 409, "nothing-to-undo"},
		{app.ErrNoMirror, 409, "no-source"},
		{registry.ErrDenied, 502, "registry-denied"},
		{registry.ErrUnreachable, 502, "registry-unreachable"},
		{fmt.Errorf("%w: %w", registry.ErrUnreachable, os.ErrDeadlineExceeded), 502, "registry-unreachable"},
		{registry.ErrForbidden, 403, "registry-forbidden"},
		{registry.ErrManifest, 422, "unusable-manifest"},
		{registry.ErrInvalidName, 422, "invalid-name"},
		{errors.New("disk /dev/sda1 on fire"), 500, "internal"},
	} {
		s := newScene(t, withApps(&fakeApps{err: fmt.Errorf("retagging app: %w", tt.err)}))
		w := s.do("POST", "/api/v1/apps/2048/retag", `{"from":"v2"}`, withToken...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), "urn:appliance:"+tt.name+`"`) || strings.Contains(w.Body.String(), "sda1") {
			t.Errorf("%v: %d %s, want %d %s", tt.err, w.Code, w.Body, tt.status, tt.name)
		}
	}
}

func TestAppsText(t *testing.T) {
	a, b := string(digestA), string(digestB)
	for _, tt := range []struct{ name, method, url, body, want string }{
		{"apps", "GET", "/api/v1/apps", "", `
APP   FOLLOWED  DIGEST               SAME AS  TAGS  IMAGE          UNIT  PORT  REMARKS
2048  prod      sha256:aaaaaaaaaaaa  v1          3  2048           app1  8081
far   prod      -                    -           0  quay.io/x/far  -        -  cold, from quay.io/y/far, fault

far cannot be told in full: registry "quay.io": not reachable
`},
		{"tags", "GET", "/api/v1/apps/2048/tags", "", `
TAG   DIGEST               PLATFORMS                   SIZE  CREATED           SAME AS  REMARKS
prod  sha256:aaaaaaaaaaaa  linux/amd64, linux/arm64  2.0 MB  -                 v1       followed by devices
v1    sha256:aaaaaaaaaaaa  -                            0 B  2023-03-01 12:00  prod     immutable
`},
		{"no tags", "GET", "/api/v1/apps/2048/tags?all=1", "", "\nno tags\n"},
		{"history", "GET", "/api/v1/apps/2048/history", "", `
TIME              KIND   TAG   BEFORE               AFTER                   FROM                 BY
2023-03-01 13:00  undo   prod  sha256:bbbbbbbbbbbb  -> sha256:aaaaaaaaaaaa  sha256:aaaaaaaaaaaa  -
2023-03-01 12:00  retag  prod  -                    -> sha256:bbbbbbbbbbbb  v2                   192.0.2.1 curl/8
`},
		{"retag", "POST", "/api/v1/apps/2048/retag", `{"from":"v2"}`, "\nmoved 2048:prod to v2\nbefore:  " + a + "\nafter:   " + b + "\n"},
		{"retag to where it is", "POST", "/api/v1/apps/2048/retag", `{"from":"v1"}`, "\n2048:prod names that already\nbefore:  " + a + "\nafter:   " + b + "\n"},
		{"retag, dry", "POST", "/api/v1/apps/2048/retag", `{"from":"v2","dry_run":true}`, "\nwould move 2048:prod to v2\nbefore:  " + a + "\nafter:   " + b + "\n"},
		{"retag in several steps", "POST", "/api/v1/apps/2048/retag", `{"from":"v2","to":"prod"}`, "\nmoved 2048:prod to v2\nbefore:  " + a + "\nafter:   " + b +
			"\nthis registry cannot check and write in one step: the tag was checked, written and looked at again\n"},
		{"undo", "POST", "/api/v1/apps/2048/undo", "", "\nmoved back 2048:prod to sha256:aaaaaaaaaaaa\nbefore:  " + b + "\nafter:   " + a + "\n"},
		{"mirror", "POST", "/api/v1/apps/2048/mirror", "", `
mirrored 2048: 2 tags copied from quay.io/y/2048, 1 there already
  copied: v1, v2
  left where they were moved here: prod
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t, withApps(&fakeApps{})).do(tt.method, tt.url, tt.body, append(withToken, "Accept", "text/plain")...)
			if got := "\n" + w.Body.String(); w.Code != 200 || got != tt.want {
				t.Errorf("%s %s = %d\n%s\nwant\n%s", tt.method, tt.url, w.Code, got, tt.want)
			}
		})
	}
}

// What is below /v2/ belongs to the registry alone: its ways to tell who asks, its errors, its paths.
func TestRegistryFace(t *testing.T) {
	var got, actor string
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, actor = r.Method+" "+r.URL.Path+" "+string(body), event.Actor(r.Context())
		w.WriteHeader(http.StatusTeapot)
	})
	for _, path := range []string{"/v2/", "/v2", "/v2/2048/manifests/prod", "/v2/repo/objects/ab/cd.filez", "/v2/a/blobs/uploads/x"} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			w := newScene(t, func(o *Options) { o.Registry, o.Private = inner, true }).do(method, path, "body")
			if w.Code != http.StatusTeapot || got != method+" "+path+" body" || !strings.HasPrefix(actor, "192.0.2.1") {
				t.Errorf("%s %s = %d, the registry saw %q by %q", method, path, w.Code, got, actor)
			}
		}
	}
	if w := newScene(t).do("GET", "/v2/", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "holds no registry") {
		t.Errorf("GET /v2/ without a registry = %d %s", w.Code, w.Body)
	}
	large := newScene(t, func(o *Options) {
		o.MaxUpload = 3
		o.Registry = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err == nil {
				t.Error("a body beyond the limit was read")
			}
		})
	})
	large.do("PUT", "/v2/a/blobs/uploads/x", "body")
	panics := newScene(t, func(o *Options) {
		o.Registry = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a secret") })
	})
	if w := panics.do("GET", "/v2/", ""); w.Code != 500 || strings.Contains(w.Body.String(), "a secret") {
		t.Errorf("GET of a registry that panics = %d %s", w.Code, w.Body)
	}
}

// A registry's answers pass over the network as they are, and its metrics stand apart.
func TestRegistryOnASocket(t *testing.T) {
	s := newScene(t, func(o *Options) {
		o.Registry = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	})
	body := strings.Repeat("x", 1<<20)
	resp, err := http.Post("http://"+s.listen(t)+"/v2/x/blobs/uploads/", "application/octet-stream", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != body {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if w := s.do("GET", "/metrics", ""); !strings.Contains(w.Body.String(), `face="registry"`) {
		t.Error("metrics do not speak of the registry")
	}
}

var _ Apps = (*app.Shelf)(nil)
