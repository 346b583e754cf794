package server

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"edge/appliance/event"
	"edge/appliance/fleet"
	"edge/appliance/report"
)

const deviceID = "0123456789abcdef"

// fakeFleet has one device, edge-1, that rolled back, and one that has not reported yet.
type fakeFleet struct {
	err   error
	calls []string
	actor string
}

func (f *fakeFleet) called(ctx context.Context, format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.actor = event.Actor(ctx)
	return f.err
}

func edge1() fleet.Row {
	return fleet.Row{ID: deviceID, Name: "edge-1", Blueprint: "demo", State: fleet.RolledBack, Commit: string(sumA), OSVersion: "9.1.7", Enrolled: noon, Contact: noon.Add(time.Hour), Stale: true, Bad: 1,
		Apps:     []fleet.App{{Name: "2048", Unit: "app1", Digest: string(digestA), Ready: true, State: "active"}, {Name: "web", Unit: "httpd", Digest: string(digestB), State: "failed"}},
		Rollback: &report.Rollback{Time: noon, From: string(sumB), FromVersion: "0.0.2", To: string(sumA), Check: "git", Reason: "no such program"}}
}

func (f *fakeFleet) List(ctx context.Context) ([]fleet.Row, error) {
	return []fleet.Row{edge1(), {ID: "fedcba9876543210", Name: "edge-2", State: fleet.Enrolled, Enrolled: noon, Apps: []fleet.App{}},
		{ID: "00000000000000aa", Name: "edge-3", Blueprint: "demo", State: fleet.Trial, Attempt: 2, Attempts: 3, Commit: string(sumC), Contact: noon, Apps: []fleet.App{}}}, f.called(ctx, "list")
}

func (f *fakeFleet) Show(ctx context.Context, which string) (fleet.Device, error) {
	s := report.Status{Version: "1.2.3", Boot: report.Boot{Since: noon, Engine: "greenboot", Checks: []report.Result{
		{Name: "git", Required: true, Reason: "no such program", Took: 1200 * time.Microsecond}, {Name: "disk", OK: true}}},
		OS: []report.Deployment{{Commit: string(sumA), Version: "0.0.1", Ref: "edge:r", Booted: true, Pinned: true}, {Commit: string(sumB), Rollback: true, Quarantined: true}},
		Apps: []report.App{{Name: "2048", Unit: "app1", Digest: string(digestA), State: "active", Ready: true, Update: &report.Update{Time: noon, Outcome: "updated"}},
			{Name: "web", Unit: "httpd", Digest: string(digestB), State: "failed", Reason: "exit 1"}},
		Quarantine: []report.Bad{{Kind: "os", What: string(sumB), Name: "0.0.2", Since: noon, Times: 2, Reason: "git"}}}
	return fleet.Device{Row: edge1(), Token: "abcd1234", Status: &s, History: []fleet.Transition{{Time: noon, Kind: "device.green", Message: "0.0.1 is green"}}}, f.called(ctx, "show %s", which)
}

func (f *fakeFleet) Forget(ctx context.Context, which string) (fleet.Row, error) {
	return edge1(), f.called(ctx, "forget %s", which)
}

func (f *fakeFleet) Enrol(ctx context.Context, e report.Enrolment) (fleet.Row, error) {
	return edge1(), f.called(ctx, "enrol %s with %s", e.Name, e.Token)
}

func (f *fakeFleet) Report(ctx context.Context, id string, signed []byte) error {
	return f.called(ctx, "report %s %s", id, signed)
}

func (f *fakeFleet) CreateToken(ctx context.Context, r fleet.TokenRequest) (fleet.Token, string, error) {
	return fleet.Token{ID: "abcd1234", Blueprint: r.Blueprint, Created: noon, Expires: noon.Add(time.Hour), Uses: max(r.Uses, 1), Left: max(r.Uses, 1)}, "s3cret", f.called(ctx, "token %+v", r)
}

func (f *fakeFleet) Tokens(ctx context.Context) ([]fleet.Token, error) {
	return []fleet.Token{{ID: "abcd1234", Blueprint: "demo", Created: noon, Expires: noon.Add(time.Hour), Uses: 3, Left: 2}}, f.called(ctx, "tokens")
}

func (f *fakeFleet) RevokeToken(ctx context.Context, id string) error {
	return f.called(ctx, "revoke %s", id)
}

func withFleet(f Fleet) func(*Options) {
	return func(o *Options) { o.Fleet, o.Apps = f, &fakeApps{} }
}

func TestFleet(t *testing.T) {
	const at = "/api/v1/devices"
	auth := append([]string{"Content-Type", "application/json"}, withToken...)
	for _, tt := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want, wantNot           string
		call                    string
	}{
		{"devices", "GET", at, "", nil, 200, `"state":"rolled-back","commit":"` + string(sumA) + `","os_version":"9.1.7","release":"0.0.1","apps":[{"name":"2048","unit":"app1","digest":"` + string(digestA) + `","version":"v1","ready":true`, "", "list"},
		{"device", "GET", at + "/edge-1", "", nil, 200, `"history":[{"time":"2023-03-01T12:00:00Z","kind":"device.green"`, "", "show edge-1"},
		{"forget", "DELETE", at + "/" + deviceID, "", withToken, 200, `"id":"` + deviceID + `"`, "", "forget " + deviceID},
		{"forget without a token", "DELETE", at + "/" + deviceID, "", nil, 401, "unauthorized", "", ""},
		{"report", "PUT", at + "/" + deviceID + "/status", "{}", nil, 204, "", "", "report " + deviceID + " {}"},
		{"report as a form", "PUT", at + "/" + deviceID + "/status", "{}", []string{"Content-Type", "text/plain"}, 415, "invalid-request", "", ""},
		{"huge report", "PUT", at + "/" + deviceID + "/status", strings.Repeat("x", report.MaxSigned+1), nil, 413, "too-large", "", ""},
		{"largest report", "PUT", at + "/x/status", strings.Repeat("x", report.MaxSigned), nil, 204, "", "", "report x " + strings.Repeat("x", report.MaxSigned)},
		{"report read back", "GET", at + "/" + deviceID + "/status", "", nil, 405, "method-not-allowed", "", ""},
		{"enrol", "POST", at + "/enrol", `{"token":"t","name":"n","key":"AA==","proof":"AA=="}`, nil, 201, `"id":"` + deviceID + `"`, "", "enrol n with t"},
		{"enrol with more", "POST", at + "/enrol", `{"token":"t","admin":true}`, nil, 400, "unknown field", "", ""},
		{"enrol with a huge body", "POST", at + "/enrol", strings.Repeat(" ", maxJSON+1), nil, 413, "too-large", "", ""},
		{"token", "POST", at + "/tokens", `{"blueprint":"demo","valid":"2h","uses":5}`, auth, 201,
			`"token":"s3cret","install":"APPLIANCE_ENROL_TOKEN=s3cret appliance device install --from http://builder:8080/demo"`, "", "token {Blueprint:demo Valid:2h0m0s Uses:5}"},
		{"token of one of two blueprints", "POST", at + "/tokens", "", auth, 400, "2 blueprints; say which", "s3cret", ""},
		{"token without a token", "POST", at + "/tokens", "", nil, 401, "unauthorized", "s3cret", ""},
		{"token of nothing", "POST", at + "/tokens", `{"blueprint":"nobody"}`, auth, 404, "unknown-blueprint", "", ""},
		{"token of a bad name", "POST", at + "/tokens", `{"blueprint":"../x"}`, auth, 422, "invalid-name", "", ""},
		{"token for ever", "POST", at + "/tokens", `{"valid":"ever"}`, auth, 400, "no duration", "", ""},
		{"token for no time", "POST", at + "/tokens", `{"valid":"-1h"}`, auth, 400, "no duration", "", ""},
		{"tokens", "GET", at + "/tokens", "", withToken, 200, `"uses":3,"left":2`, "s3cret", "tokens"},
		{"tokens without a token", "GET", at + "/tokens", "", nil, 401, "", "abcd1234", ""},
		{"revoke", "DELETE", at + "/tokens/abcd1234", "", withToken, 204, "", "", "revoke abcd1234"},
		{"revoke without a token", "DELETE", at + "/tokens/abcd1234", "", nil, 401, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeFleet{}
			w := newScene(t, withFleet(f)).do(tt.method, tt.url, tt.body, tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot) {
				t.Errorf("%s %s = %d %s, want %d %q", tt.method, tt.url, w.Code, w.Body, tt.status, tt.want)
			}
			if got := strings.Join(f.calls, "; "); got != tt.call {
				t.Errorf("called %.100q, want %.100q", got, tt.call)
			}
		})
	}
	if w := newScene(t).do("GET", at, ""); w.Code != 404 {
		t.Errorf("GET devices of a server without any = %d", w.Code)
	}
}

// A private builder shows its devices to nobody without the token; the devices have keys of their own.
func TestPrivateFleet(t *testing.T) {
	f := &fakeFleet{}
	s := newScene(t, withFleet(f), func(o *Options) { o.Private = true })
	for url, want := range map[string]int{"GET /api/v1/devices": 401, "GET /api/v1/devices/edge-1": 401, "PUT /api/v1/devices/edge-1/status": 204, "POST /api/v1/devices/enrol": 201} {
		method, path, _ := strings.Cut(url, " ")
		if w := s.do(method, path, "{}", "Content-Type", "application/json"); w.Code != want {
			t.Errorf("%s = %d, want %d", url, w.Code, want)
		}
	}
}

func TestFleetProblems(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		name   string
	}{
		{fleet.ErrUnknown, 404, "unknown-device"},
		{report.ErrSignature, 403, "bad-signature"},
		{report.ErrInvalid, 422, "invalid-report"},
		{fleet.ErrStale, 409, "stale-report"},
		{&fleet.TooSoonError{Wait: 4 * time.Second}, 429, "too-many-reports"},
		{fleet.ErrAmbiguous, 409, "ambiguous"},
		{fleet.ErrFull, 409, "full"},
		{fleet.ErrToken, 403, "enrolment-refused"},
		{fleet.ErrUnknownToken, 404, "unknown-token"},
		{fleet.ErrLimits, 422, "invalid-request"},
		{errors.New("disk /dev/sda1 on fire"), 500, "internal"},
	} {
		s := newScene(t, withFleet(&fakeFleet{err: fmt.Errorf("taking the report: %w", tt.err)}))
		w := s.do("PUT", "/api/v1/devices/x/status", "{}")
		if w.Code != tt.status || !strings.Contains(w.Body.String(), "urn:appliance:"+tt.name+`"`) || strings.Contains(w.Body.String(), "sda1") {
			t.Errorf("%v: %d %s, want %d %s", tt.err, w.Code, w.Body, tt.status, tt.name)
		}
		if retry := w.Header().Get("Retry-After"); (retry == "5") != (tt.status == 429) {
			t.Errorf("%v: Retry-After %q", tt.err, retry)
		}
	}
}

func TestGuessingEnrolmentTokensIsSlow(t *testing.T) {
	f := &fakeFleet{err: fleet.ErrToken}
	s := newScene(t, withFleet(f))
	enrol := func() int { return s.do("POST", "/api/v1/devices/enrol", `{"token":"guess"}`).Code }
	for i := range maxFailures {
		if got := enrol(); got != 403 {
			t.Fatalf("guess %d = %d", i, got)
		}
	}
	f.err = nil
	if got := enrol(); got != 429 || len(f.calls) != maxFailures {
		t.Errorf("after %d guesses: %d", maxFailures, got)
	}
	if w := s.do("PUT", "/api/v1/devices/x/status", "{}"); w.Code != 204 {
		t.Errorf("reports from there = %d", w.Code)
	}
}

func TestFleetText(t *testing.T) {
	for _, tt := range []struct{ name, method, url, body, want string }{
		{"devices", "GET", "", "", `
ID                NAME    BLUEPRINT  OS VERSION    STATE        APPS                                         LAST ROLLBACK                                 LAST CONTACT
0123456789abcdef  edge-1  demo       0.0.1         rolled back  2048 v1, web sha256:bbbbbbbbbbbb (not ready)  0.0.2 to aaaaaaaaaaaa: git: no such program  2023-03-01 13:00 (stale)
fedcba9876543210  edge-2  -          -             enrolled     -                                            -                                             never
00000000000000aa  edge-3  demo       cccccccccccc  trial 2 of 3  -                                           -                                             2023-03-01 12:00
`},
		{"device", "GET", "/edge-1", "", `
device:         0123456789abcdef
name:           edge-1
blueprint:      demo
state:          rolled back
os version:     0.0.1
last contact:   2023-03-01 13:00 (stale)
enrolled:       2023-03-01 12:00 with token abcd1234
last rollback:  2023-03-01 12:00 0.0.2 to aaaaaaaaaaaa: git: no such program
booted:         2023-03-01 12:00
judged by:      greenboot
appliance:      1.2.3

DEPLOYMENT  COMMIT        REF     REMARKS
0.0.1       aaaaaaaaaaaa  edge:r  booted, pinned
-           bbbbbbbbbbbb  -       rollback, quarantined

CHECK  KIND      RESULT  TOOK  REASON
git    required  failed   1ms  no such program
disk   wanted    passed    0s

APP   UNIT   VERSION  DIGEST               STATE   READY  REASON OR LAST UPDATE
2048  app1   v1       sha256:aaaaaaaaaaaa  active  yes    2023-03-01 12:00 updated
web   httpd  -        sha256:bbbbbbbbbbbb  failed  no     exit 1

QUARANTINE  NAME   WHAT          SINCE             UNTIL    TIMES  REASON
os          0.0.2  bbbbbbbbbbbb  2023-03-01 12:00  cleared      2  git

TIME              WHAT HAPPENED
2023-03-01 12:00  green          0.0.1 is green
`},
		{"forget", "DELETE", "/edge-1", "", "\nforgot 0123456789abcdef (edge-1): its key counts no more; to come back it must enrol with a new token\n"},
		{"enrol", "POST", "/enrol", "{}", "\nenrolled 0123456789abcdef (edge-1) as a device of demo\n"},
		{"tokens", "GET", "/tokens", "", `
TOKEN     BLUEPRINT  MADE              EXPIRES           USES LEFT
abcd1234  demo       2023-03-01 12:00  2023-03-01 13:00  2 of 3
`},
		{"token", "POST", "/tokens", `{"blueprint":"demo"}`, `
token:     s3cret
known as:  abcd1234
enrols:    1 device of demo
until:     2023-03-01 13:00

It is told this once. On the device, as root, or in a kickstart's %post:

  APPLIANCE_ENROL_TOKEN=s3cret appliance device install --from http://builder:8080/demo
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t, withFleet(&fakeFleet{})).do(tt.method, "/api/v1/devices"+tt.url, tt.body, append(withToken, "Accept", "text/plain")...)
			squeeze := func(s string) string {
				return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
			}
			if got := "\n" + w.Body.String(); w.Code/100 != 2 || squeeze(got) != squeeze(tt.want) {
				t.Errorf("%s %s = %d\n%s\nwant\n%s", tt.method, tt.url, w.Code, got, tt.want)
			}
		})
	}
}

// The real fleet behind the real face: enrolment, a report, a replay, a foreign key, and nothing of a device
// steers the terminal of who looks.
func TestFleetWithDevices(t *testing.T) {
	events := event.NewLog(100)
	real, err := fleet.Open(t.Context(), fleet.Options{Dir: t.TempDir(), Events: events})
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, withFleet(real))
	w := s.do("POST", "/api/v1/devices/tokens", `{"blueprint":"demo"}`, append(withToken, "Content-Type", "application/json")...)
	var made newToken
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%s: %v", w.Body, err)
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	id := report.ID(key.Public().(ed25519.PublicKey))
	body, _ := json.Marshal(report.NewEnrolment(made.Secret, "edge-1", key))
	if w := s.do("POST", "/api/v1/devices/enrol", string(body)); w.Code != 201 || !strings.Contains(w.Body.String(), id) {
		t.Fatalf("enrol = %d %s", w.Code, w.Body)
	}
	hostile := report.Status{Name: "edge-1", Serial: 2, Boot: report.Boot{Verdict: report.Red, Checks: []report.Result{{Name: "<img src=x>\x1b[2J", Required: true, Reason: "\u202eevil\r\nID  NAME"}}}}
	signed, err := report.Sign(hostile, key)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{204, 409} {
		if w := s.do("PUT", "/api/v1/devices/"+id+"/status", string(signed)); w.Code != want {
			t.Errorf("report %d = %d %s, want %d", i, w.Code, w.Body, want)
		}
	}
	foreign, _ := report.Sign(hostile, ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32))))
	if w := s.do("PUT", "/api/v1/devices/"+id+"/status", string(foreign)); w.Code != 403 {
		t.Errorf("a foreign report = %d %s", w.Code, w.Body)
	}
	w = s.do("GET", "/api/v1/devices/edge-1", "", "Accept", "text/plain")
	if text := w.Body.String(); w.Code != 200 || strings.ContainsAny(text, "\x1b\r\u202e") || !strings.Contains(text, "?evil ID NAME") && !strings.Contains(text, "?evil  ID  NAME") {
		t.Errorf("show = %d %q", w.Code, text)
	}
}

var _ Fleet = (*fleet.Fleet)(nil)
