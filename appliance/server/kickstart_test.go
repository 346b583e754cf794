package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"edge/appliance/installation"
	"edge/kickstart"
)

const testSecret = "abcdefghijklmnopqrstuvwxyz"

// fakeInstallations has one installation, which failed and sent a log.
type fakeInstallations struct {
	err   error
	calls []string
}

func (f *fakeInstallations) called(format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return f.err
}

func edgeInstallation() installation.Installation {
	return installation.Installation{ID: "k3v9x2ab", Blueprint: "demo", Device: "edge-1", Hostname: "edge-1.example", Created: noon, Expires: noon.Add(24 * time.Hour), Uses: 1,
		Step: installation.Failed, Token: "abcd1234", LogSize: 12, Past: []installation.Past{{Time: noon.Add(time.Minute), Step: installation.Fetched, From: "192.0.2.7"}, {Time: noon.Add(time.Hour), Step: installation.Failed, From: "192.0.2.7"}}}
}

func (f *fakeInstallations) Kickstart(_ context.Context, a installation.Asked) ([]byte, error) {
	return []byte("text\n"), f.called("kickstart %+v", a)
}

func (f *fakeInstallations) Fetch(_ context.Context, secret string, a installation.Asked, from string) ([]byte, error) {
	return []byte("text secret\n"), f.called("fetch %s %+v from %s", secret, a, from)
}

func (f *fakeInstallations) Tell(_ context.Context, secret string, step installation.Step, log []byte, from string) error {
	return f.called("tell %s %s %q from %s", secret, step, log, from)
}

func (f *fakeInstallations) Create(_ context.Context, r installation.Request) (installation.Installation, string, error) {
	i := edgeInstallation()
	i.Uses, i.Left, i.Step, i.Past, i.LogSize = 1, 1, installation.Made, []installation.Past{}, 0
	return i, testSecret, f.called("create %+v", r)
}

func (f *fakeInstallations) List(context.Context) ([]installation.Installation, error) {
	return []installation.Installation{edgeInstallation()}, f.called("list")
}

func (f *fakeInstallations) Show(_ context.Context, which string) (installation.Installation, error) {
	return edgeInstallation(), f.called("show %s", which)
}

func (f *fakeInstallations) Log(_ context.Context, which string) ([]byte, error) {
	return []byte("the disk\x1b[2J\r\nis gone"), f.called("log %s", which)
}

func (f *fakeInstallations) Revoke(_ context.Context, which string) error {
	return f.called("revoke %s", which)
}

func withInstallations(f Installations) func(*Options) {
	return func(o *Options) { o.Installations = f }
}

func TestKickstarts(t *testing.T) {
	const api = "/api/v1/kickstarts"
	auth := append([]string{"Content-Type", "application/json"}, withToken...)
	nothing := "{Blueprint:%s Device:%s Target:%s Repository: Product: Machine: Links:[]}"
	for _, tt := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want, wantNot           string
		call                    string
	}{
		{"for anybody", "GET", "/demo/kickstart.ks", "", nil, 200, "text\n", "", "kickstart " + fmt.Sprintf(nothing, "demo", "", "")},
		{"for a device", "GET", "/demo/kickstart.ks?device=edge-1&target=rhel10", "", nil, 200, "text\n", "", "kickstart " + fmt.Sprintf(nothing, "demo", "edge-1", "rhel10")},
		{"for an installer", "GET", "/demo/kickstart.ks", "", []string{"X-Anaconda-System-Release", "Fedora", "X-Anaconda-Architecture", "x86_64", "X-RHN-Provisioning-MAC-0", "eth0 52:54:00:00:00:01"}, 200, "text\n", "",
			"kickstart {Blueprint:demo Device: Target: Repository: Product:Fedora Machine:x86_64 Links:[52:54:00:00:00:01]}"},
		{"only looked at", "HEAD", "/demo/kickstart.ks", "", nil, 200, "", "", "kickstart " + fmt.Sprintf(nothing, "demo", "", "")},
		{"for an unknown target", "GET", "/demo/kickstart.ks?target=rhel8", "", nil, 400, "want rhel9, rhel10 or fedora", "", ""},
		{"a misspelt parameter", "GET", "/demo/kickstart.ks?devise=x", "", nil, 400, "unknown parameter", "", ""},
		{"of no blueprint", "GET", "/metrics/kickstart.ks", "", nil, 404, "not-found", "", ""},
		{"link", "GET", "/k/" + testSecret, "", nil, 200, "text secret\n", "", "fetch " + testSecret + " " + fmt.Sprintf(nothing, "", "", "") + " from 192.0.2.1"},
		{"link only looked at", "HEAD", "/k/" + testSecret, "", nil, 405, "", "", ""},
		{"link with more", "GET", "/k/" + testSecret + "/x", "", nil, 405, "", "", ""},
		{"installing", "POST", "/k/" + testSecret + "/installing", strings.Repeat("x", 5000), nil, 204, "", "", "tell " + testSecret + ` installing "" from 192.0.2.1`},
		{"installed", "POST", "/k/" + testSecret + "/installed", "", nil, 204, "", "", "tell " + testSecret + ` installed "" from 192.0.2.1`},
		{"failed", "POST", "/k/" + testSecret + "/failed", "no disk", []string{"Content-Type", "text/plain"}, 204, "", "", "tell " + testSecret + ` failed "no disk" from 192.0.2.1`},
		{"failed at length", "POST", "/k/" + testSecret + "/failed", strings.Repeat("x", installation.MaxLog+1), nil, 413, "too-large", "", ""},
		{"an unknown step", "POST", "/k/" + testSecret + "/exploded", "", nil, 404, "not-found", "", ""},
		{"list", "GET", api, "", nil, 200, `"step":"failed"`, testSecret, "list"},
		{"show", "GET", api + "/edge-1", "", nil, 200, `"hostname":"edge-1.example"`, testSecret, "show edge-1"},
		{"log", "GET", api + "/edge-1/log", "", withToken, 200, "the disk", "", "log edge-1"},
		{"log without a token", "GET", api + "/edge-1/log", "", nil, 401, "", "the disk", ""},
		{"make", "POST", api + "/demo", `{"device":"edge-1","hostname":"h","valid":"2h","uses":2,"disk":"sda","target":"fedora","no_enrol":true,"network":{"interface":"eth0","address":"192.0.2.9/24","gateway":"192.0.2.1","dns":["192.0.2.2"]}}`, auth, 201,
			`"url":"http://builder:8080/k/` + testSecret + `","kernel":"inst.ks=http://builder:8080/k/` + testSecret + `"`, "",
			"create {Blueprint:demo Details:{Device:edge-1 Hostname:h Network:{Interface:eth0 Address:192.0.2.9/24 Gateway:192.0.2.1 DNS:[192.0.2.2]} Disk:sda Target:fedora NoEnrol:true} Valid:2h0m0s Uses:2}"},
		{"make with nothing", "POST", api + "/demo", "", auth, 201, `"id":"k3v9x2ab"`, "", "create {Blueprint:demo Details:{Device: Hostname: Network:{Interface: Address:invalid Prefix Gateway:invalid IP DNS:[]} Disk: Target: NoEnrol:false} Valid:0s Uses:0}"},
		{"make with more", "POST", api + "/demo", `{"root":true}`, auth, 400, "unknown field", "", ""},
		{"make with no address", "POST", api + "/demo", `{"network":{"address":"here"}}`, auth, 400, "invalid-request", "", ""},
		{"make without a token", "POST", api + "/demo", "", nil, 401, "", testSecret, ""},
		{"make of nothing", "POST", api + "/nobody", "", auth, 404, "unknown-blueprint", "", ""},
		{"revoke", "DELETE", api + "/k3v9x2ab", "", withToken, 204, "", "", "revoke k3v9x2ab"},
		{"revoke without a token", "DELETE", api + "/k3v9x2ab", "", nil, 401, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeInstallations{}
			w := newScene(t, withInstallations(f)).do(tt.method, tt.url, tt.body, tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot) {
				t.Errorf("%s %s = %d %s, want %d %q", tt.method, tt.url, w.Code, w.Body, tt.status, tt.want)
			}
			if got := strings.Join(f.calls, "; "); got != tt.call {
				t.Errorf("called %s, want %s", got, tt.call)
			}
			if cache := w.Header().Get("Cache-Control"); w.Code < 400 && cache != "no-store" {
				t.Errorf("Cache-Control %q", cache)
			}
		})
	}
	if w := newScene(t).do("GET", "/demo/kickstart.ks", ""); w.Code != 404 {
		t.Errorf("GET of a server without any = %d", w.Code)
	}
}

// A private builder shows installations to nobody; installers have no token.
func TestPrivateKickstarts(t *testing.T) {
	s := newScene(t, withInstallations(&fakeInstallations{}), func(o *Options) { o.Private = true })
	for url, want := range map[string]int{"/api/v1/kickstarts": 401, "/api/v1/kickstarts/x": 401, "/demo/kickstart.ks": 200, "/k/" + testSecret: 200} {
		if w := s.do("GET", url, ""); w.Code != want {
			t.Errorf("%s = %d, want %d", url, w.Code, want)
		}
	}
}

func TestKickstartProblems(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		name   string
	}{
		{installation.ErrUnknown, 404, "unknown-link"},
		{installation.ErrGone, 410, "gone"},
		{installation.ErrFull, 409, "full"},
		{installation.ErrLimits, 422, "invalid-request"},
		{installation.ErrNothing, 409, "nothing-published"},
		{installation.ErrNoProgram, 409, "no-program"},
		{installation.ErrNoLog, 404, "no-log"},
		{kickstart.ErrInvalid, 422, "invalid-kickstart"},
		{errors.New("disk /dev/sda1 on fire"), 500, "internal"},
	} {
		w := newScene(t, withInstallations(&fakeInstallations{err: fmt.Errorf("fetching: %w", tt.err)})).do("GET", "/k/"+testSecret, "")
		if w.Code != tt.status || !strings.Contains(w.Body.String(), "urn:appliance:"+tt.name+`"`) || strings.Contains(w.Body.String(), "sda1") || strings.Contains(w.Body.String(), testSecret) {
			t.Errorf("%v: %d %s, want %d %s", tt.err, w.Code, w.Body, tt.status, tt.name)
		}
	}
	w := newScene(t, withInstallations(&fakeInstallations{err: installation.ErrUnknown})).do("GET", "/api/v1/kickstarts/x", "")
	if w.Code != 404 || !strings.Contains(w.Body.String(), "unknown-installation") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestGuessingLinksIsSlow(t *testing.T) {
	f := &fakeInstallations{err: installation.ErrUnknown}
	s := newScene(t, withInstallations(f))
	for i := range maxFailures {
		method, url := "GET", "/k/guess"
		if i%2 == 1 {
			method, url = "POST", "/k/guess/installed"
		}
		if w := s.do(method, url, ""); w.Code != 404 {
			t.Fatalf("guess %d = %d", i, w.Code)
		}
	}
	f.err = nil
	if w := s.do("GET", "/k/"+testSecret, ""); w.Code != 429 || w.Header().Get("Retry-After") == "" || len(f.calls) != maxFailures {
		t.Errorf("after %d guesses: %d", maxFailures, w.Code)
	}
	if w := s.do("GET", "/demo/kickstart.ks", ""); w.Code != 200 {
		t.Errorf("the open kickstart from there = %d", w.Code)
	}
}

// Nothing that the server writes down has a link in it.
func TestLinksAreNotLogged(t *testing.T) {
	var log strings.Builder
	f := &fakeInstallations{}
	s := newScene(t, withInstallations(f), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.do("GET", "/k/"+testSecret, "")
	s.do("POST", "/k/"+testSecret+"/failed", "")
	f.err = errors.New("on fire")
	s.do("GET", "/k/"+testSecret, "")
	if strings.Contains(log.String(), testSecret) || strings.Count(log.String(), "/k/…") < 4 || !strings.Contains(log.String(), "/k/…/failed") {
		t.Errorf("the log has\n%s", &log)
	}
}

func TestKickstartText(t *testing.T) {
	for _, tt := range []struct{ method, url, want string }{
		{"GET", "", `
ID        DEVICE  BLUEPRINT  STEP    SINCE             USES LEFT  LINK EXPIRES
k3v9x2ab  edge-1  demo       failed  2023-03-01 13:00  spent      2023-03-02 12:00
`},
		{"GET", "/edge-1", `
installation:  k3v9x2ab
device:        edge-1
hostname:      edge-1.example
blueprint:     demo
step:          failed
made:          2023-03-01 12:00
link:          spent, until 2023-03-02 12:00
enrols with:   abcd1234
log:           appliance kickstart log k3v9x2ab

TIME              STEP     FROM
2023-03-01 12:01  fetched  192.0.2.7
2023-03-01 13:00  failed   192.0.2.7
`},
		{"GET", "/edge-1/log", "\nthe disk?[2J\nis gone\n"},
		{"POST", "/demo", `
link:      http://builder:8080/k/abcdefghijklmnopqrstuvwxyz
known as:  k3v9x2ab
installs:  1 machine with demo
hostname:  edge-1.example
until:     2023-03-02 12:00

It is told this once. An installer takes it as an argument of its kernel:

  inst.ks=http://builder:8080/k/abcdefghijklmnopqrstuvwxyz
`},
	} {
		w := newScene(t, withInstallations(&fakeInstallations{})).do(tt.method, "/api/v1/kickstarts"+tt.url, "", append(withToken, "Accept", "text/plain")...)
		if got := "\n" + w.Body.String(); w.Code/100 != 2 || got != tt.want {
			t.Errorf("%s %s = %d\n%s\nwant\n%s", tt.method, tt.url, w.Code, got, tt.want)
		}
	}
}
