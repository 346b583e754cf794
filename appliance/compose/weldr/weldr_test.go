package weldr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
)

const id = "b1d7a5cb-08d3-4f4f-9d3c-5a6e3d9a0f11"

// composer is a fake osbuild-composer. answers replace what it says to "METHOD path".
type composer struct {
	t       *testing.T
	mu      sync.Mutex
	asked   []string
	bodies  map[string]string
	queue   []string // states of the compose, one a look; the last stays
	answers map[string]func(http.ResponseWriter)
}

func text(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
}

func (c *composer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api/v1/")
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.asked = append(c.asked, key)
	c.bodies[key] = r.Header.Get("Content-Type") + "|" + string(body)
	state := c.queue[0]
	if key == "GET compose/status/"+id && len(c.queue) > 1 {
		c.queue = c.queue[1:]
	}
	answer := c.answers[key]
	c.mu.Unlock()
	switch {
	case answer != nil:
		answer(w)
	case key == "GET compose/types" || key == "GET compose/types?distro=rhel-96":
		text(200, `{"types":[{"name":"ami","enabled":true},{"name":"edge-commit","enabled":true}]}`)(w)
	case key == "POST blueprints/new":
		text(200, `{"status":true}`)(w)
	case key == "POST compose":
		text(200, `{"build_id":"`+id+`","status":true,"warnings":["old"]}`)(w)
	case key == "GET compose/status/"+id:
		text(200, `{"uuids":[{"id":"`+id+`","blueprint":"demo_upgrade","version":"0.0.1","compose_type":"edge-commit","queue_status":"`+state+`"}]}`)(w)
	case key == "GET compose/log/"+id:
		text(200, strings.Repeat("line\n", 60)+"No space left on device\n")(w)
	case key == "GET compose/image/"+id:
		text(200, "the archive")(w)
	case key == "DELETE compose/cancel/"+id:
		text(200, `{"uuid":"`+id+`","status":true}`)(w)
	default:
		text(404, `{"status":false,"errors":[{"id":"HTTPError","msg":"Not Found"}]}`)(w)
	}
}

func (c *composer) sent(key string) string { c.mu.Lock(); defer c.mu.Unlock(); return c.bodies[key] }

func begun(t *testing.T) (*composer, *Backend, compose.Order) {
	t.Helper()
	dir, err := os.MkdirTemp("", "w") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "api.socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	c := &composer{t: t, bodies: map[string]string{}, answers: map[string]func(http.ResponseWriter){}, queue: []string{"WAITING", "RUNNING", "FINISHED"}}
	server := &http.Server{Handler: c}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	b := NewBackend(socket, time.Minute)
	b.pause = time.Millisecond
	return c, b, compose.Order{
		Request:   compose.Request{ID: blueprint.ID{Blueprint: "demo_upgrade", Version: "0.0.1"}, Ref: "rhel/9/x86_64/edge"},
		Blueprint: []byte("name = \"demo_upgrade\"\ndistro = \"x\"\n[customizations]\ndistro = \"stays\"\n"), Dir: t.TempDir(), Log: &log{},
		Report: func(compose.Progress) {}, Cancelled: func() bool { return false },
	}
}

type log struct{ strings.Builder }

func (l *log) Size() int64     { return int64(l.Len()) }
func (l *log) Cut(int64) error { return nil }

func TestMake(t *testing.T) {
	c, b, o := begun(t)
	o.Distro, o.Parent = "rhel-9.6", "22c649cd1f061f165a7173106026f666d228eaa7c6a0b2a85802bc997638fcd5"
	made, err := b.Make(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Archive.Close()
	data, err := io.ReadAll(made.Archive)
	if err != nil || string(data) != "the archive" || !made.Stamp || !strings.Contains(made.Origin, id) {
		t.Errorf("%q, %+v, %v", data, made, err)
	}
	if got := c.sent("POST blueprints/new"); got != "text/x-toml|distro = \"rhel-96\"\nname = \"demo_upgrade\"\n[customizations]\ndistro = \"stays\"\n" {
		t.Errorf("pushed %q", got)
	}
	if got := c.sent("POST compose"); !strings.Contains(got, `"compose_type":"edge-commit"`) || !strings.Contains(got, `"ref":"rhel/9/x86_64/edge"`) {
		t.Errorf("asked %q", got)
	}
	if words := o.Log.(*log).String(); !strings.Contains(words, "made without one") || !strings.Contains(words, "warns: old") {
		t.Errorf("log %q", words)
	}
}

func TestTakenUp(t *testing.T) {
	c, b, o := begun(t)
	o.Resumed = true
	if err := os.WriteFile(filepath.Join(o.Dir, fileCompose), []byte(id+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := b.Make(t.Context(), o)
	if err != nil || c.sent("POST compose") != "" {
		t.Fatalf("%v; asked %v", err, c.asked)
	}
	made.Archive.Close()
}

func TestRefusals(t *testing.T) {
	list := func(msg string) string {
		return `{"status":false,"errors":[{"id":"BlueprintsError","msg":"` + msg + `"}]}`
	}
	for name, f := range map[string]struct {
		key    string
		answer func(http.ResponseWriter)
		cause  error
		words  string
	}{
		"types":         {"GET compose/types", text(200, `{"types":[{"name":"ami","enabled":true},{"name":"edge-commit","enabled":false}]}`), ErrRefused, "--distro rhel-9.6"},
		"distro":        {"GET compose/types", text(400, list("Invalid distro")), ErrRefused, "Invalid distro"},
		"blueprint":     {"POST blueprints/new", text(400, list("bad TOML")), ErrRefused, "BlueprintsError: bad TOML"},
		"errors in 200": {"POST blueprints/new", text(200, `{"status":true,"errors":[{"id":"X","msg":"quietly"}]}`), ErrRefused, "quietly"},
		"no reason":     {"POST blueprints/new", text(200, `{"status":false}`), ErrRefused, "does not say why"},
		"depsolve":      {"POST compose", text(400, list("missing packages: nope")), ErrRefused, "nope"},
		"crash":         {"POST compose", text(500, "<html>oh</html>"), ErrRefused, "500"},
		"evil ID":       {"POST compose", text(200, `{"build_id":"../../x","status":true}`), nil, "no ID"},
		"not JSON":      {"POST compose", text(200, `{`), nil, "reading the answer"},
		"forgotten":     {"GET compose/status/" + id, text(200, `{"uuids":[]}`), ErrBuild, "no compose"},
		"image":         {"GET compose/image/" + id, text(400, list("Build is in wrong state")), ErrRefused, "wrong state"},
	} {
		t.Run(name, func(t *testing.T) {
			c, b, o := begun(t)
			c.answers[f.key] = f.answer
			_, err := b.Make(t.Context(), o)
			if err == nil || f.cause != nil && !errors.Is(err, f.cause) || !strings.Contains(err.Error(), f.words) {
				t.Errorf("%v, want %v with %q", err, f.cause, f.words)
			}
		})
	}
}

func TestFailed(t *testing.T) {
	c, b, o := begun(t)
	c.queue = []string{"RUNNING", "FAILED"}
	_, err := b.Make(t.Context(), o)
	if !errors.Is(err, ErrBuild) || !strings.HasSuffix(err.Error(), "No space left on device") || strings.Count(err.Error(), "\n") != lastLines {
		t.Errorf("%v", err)
	}
}

func TestCancelAndLeave(t *testing.T) {
	for _, cancelled := range []bool{true, false} {
		t.Run(fmt.Sprint(cancelled), func(t *testing.T) {
			c, b, o := begun(t)
			c.queue = []string{"RUNNING"}
			ctx, cancel := context.WithCancel(t.Context())
			o.Cancelled = func() bool { return cancelled }
			seen := make(chan struct{})
			var once sync.Once
			o.Report = func(p compose.Progress) {
				if p.Phase == compose.Building {
					once.Do(func() { close(seen) })
				}
			}
			go func() { <-seen; cancel() }()
			if _, err := b.Make(ctx, o); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if _, told := c.bodies["DELETE compose/cancel/"+id]; told != cancelled {
				t.Errorf("cancelled there: %v", told)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	c, b, o := begun(t)
	c.queue = []string{"RUNNING"}
	b.timeout = 100 * time.Millisecond
	if _, err := b.Make(t.Context(), o); !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%v", err)
	}
	if _, told := c.bodies["DELETE compose/cancel/"+id]; !told {
		t.Error("it goes on")
	}
}

func TestPreflight(t *testing.T) {
	_, b, _ := begun(t)
	if f := b.Preflight(t.Context(), ""); !f.Fit || len(f.Findings) != 2 {
		t.Errorf("%+v", f)
	}
	absent := NewBackend("/nowhere/api.socket", 0)
	if f := absent.Preflight(t.Context(), ""); f.Fit || !strings.Contains(f.Findings[0].Cure, "osbuild-composer.socket") {
		t.Errorf("%+v", f)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"status":false,"errors":[{"id":"a","msg":"b"}]}`))
	f.Add([]byte(`{"uuids":[{"id":"x","queue_status":"RUNNING"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s started
		if parse(data, &s) == nil && plainID(s.ID) && strings.ContainsAny(s.ID, "/.?%") {
			t.Fatalf("%q", s.ID)
		}
	})
}
