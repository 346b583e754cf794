package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
	"edge/appliance/podman"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
	"edge/appliance/report"
)

// behaviour is what an image does when its container is started.
type behaviour int

const (
	good       behaviour = iota
	unstarting           // its entrypoint does not exist
	mute                 // it starts, stays and never listens
	brief                // it serves and ends by itself after three seconds
	wedging              // good, but the first three runs that try it are killed by it
)

// world is a device and its registry as podman, systemctl and registries show them, in the time of a
// synctest bubble. It is a Runner, a Remote and a probe.
type world struct {
	*testing.T
	dir     string
	profile profile.Profile

	remote  map[string]string    // reference -> digest that it points at in the registry
	does    map[string]behaviour // by digest
	away    bool                 // nothing can be pulled
	silent  bool                 // the registry does not tell digests, as one that wants a password
	cutoff  bool                 // pulls break off in the middle
	going   bool                 // the user's systemd is stopping
	gateOff bool                 // units have no gate in ExecStartPost
	rival   bool                 // podman-auto-update.timer is active
	unheard int                  // starts that go well and of which systemd does not get to hear

	names map[string]string        // local name -> image ID
	known map[string][]string      // image ID -> digests
	units map[string]*unitState    // by app's unit
	calls []string                 // argv of every program
	dies  func(n int, before bool) // called around call n

	containers int // started so far
}

// unitState is the service of an app, its socket and its container.
type unitState struct {
	app       profile.App
	active    string
	sub       string
	result    string
	listening string // of the socket

	container string // ID; "" : none
	image     string
	since     time.Time

	endsAt    time.Time // the container ends by itself
	restartAt time.Time // systemd tries again
	usedAt    time.Time // last request, of a cold app
	outages   int       // probes that were not answered
}

func digestOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func idOf(digest string) string { return strings.TrimPrefix(digestOf("config "+digest), "sha256:") }

var (
	warmApp = profile.App{Name: "2048", Unit: "app1", Image: "builder.example:8080/2048:prod", Port: 8081, Start: time.Minute, Stop: 20 * time.Second}
	coldApp = profile.App{Name: "simple-http", Unit: "httpd", Image: "builder.example:8080/simple-http:prod", Port: 8080, Cold: true,
		Idle: 10 * time.Second, Start: time.Minute, Stop: 20 * time.Second}
)

// newWorld is a device that serves v1 of every app.
func newWorld(t *testing.T, apps ...profile.App) *world {
	w := &world{T: t, dir: folderOf(t), remote: map[string]string{}, does: map[string]behaviour{}, names: map[string]string{},
		known: map[string][]string{}, units: map[string]*unitState{}}
	w.profile = profile.Profile{User: "admin", Apps: apps, Updates: profile.Updates{Engine: profile.EngineAppliance, Settle: 10 * time.Second}}
	for _, a := range apps {
		w.publish(a, "v1", good)
		w.names[a.Image] = w.store(w.remote[a.Image])
		w.units[a.Unit] = &unitState{app: a, active: "inactive", sub: "dead", result: "success", listening: "active"}
	}
	w.boot()
	return w
}

// folderOf is a folder in memory where there is one: thousands of runs sync their files.
func folderOf(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "appliance-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// publish moves the followed tag in the registry.
func (w *world) publish(a profile.App, version string, b behaviour) string {
	d := digestOf(a.Name + ":" + version)
	w.remote[a.Image], w.does[d] = d, b
	return d
}

// store puts an image into the local storage: an index and the platform's manifest lead to it.
func (w *world) store(digest string) string {
	id := idOf(digest)
	w.known[id] = []string{digest, digestOf("platform " + digest)}
	return id
}

// boot starts everything as a power cut and a boot leave it.
func (w *world) boot() {
	for _, u := range w.units {
		u.container, u.endsAt, u.restartAt = "", time.Time{}, time.Time{}
		u.active, u.sub, u.result, u.listening = "inactive", "dead", "success", "active"
		if !u.app.Cold {
			_ = w.start(context.Background(), u)
		}
	}
}

// start is a start job of the service, and its gate.
func (w *world) start(ctx context.Context, u *unitState) error {
	id := w.names[u.app.Image]
	if id == "" {
		return w.fail(u, "exit-code")
	}
	kind := w.does[w.known[id][0]]
	if kind == unstarting {
		return w.fail(u, "exit-code")
	}
	w.containers++
	u.container, u.image, u.since = strings.TrimPrefix(digestOf(fmt.Sprint("container ", w.containers)), "sha256:"), id, time.Now()
	u.active, u.sub, u.restartAt, u.endsAt = "activating", "start-post", time.Time{}, time.Time{}
	if kind == mute && !w.gateOff {
		if err := pause(ctx, time.Minute); err != nil {
			return err
		}
		return w.fail(u, "exit-code")
	}
	if err := pause(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	if w.unheard > 0 {
		w.unheard--
		return w.fail(u, "protocol")
	}
	if kind == brief {
		u.endsAt = time.Now().Add(3 * time.Second)
	}
	u.active, u.sub, u.result, u.usedAt = "active", "running", "success", time.Now()
	return nil
}

func (w *world) fail(u *unitState, result string) error {
	u.container, u.endsAt, u.result = "", time.Time{}, result
	if u.app.Cold {
		u.active, u.sub = "failed", "failed"
	} else {
		u.active, u.sub, u.restartAt = "activating", "auto-restart", time.Now().Add(15*time.Second)
	}
	return &command.Error{Argv: []string{"systemctl"}, Exit: 1, Stderr: "Job for container-" + u.app.Unit + ".service failed.\nSee \"systemctl --user status\" for details."}
}

func (u *unitState) stop() {
	u.container, u.endsAt, u.restartAt = "", time.Time{}, time.Time{}
	u.active, u.sub, u.result = "inactive", "dead", "success"
}

// elapse lets happen what was due by now.
func (w *world) elapse() {
	for _, u := range w.units {
		if u.container != "" && !u.endsAt.IsZero() && !time.Now().Before(u.endsAt) {
			_ = w.fail(u, "exit-code")
		}
		if !u.restartAt.IsZero() && !time.Now().Before(u.restartAt) {
			u.restartAt = time.Time{}
			_ = w.start(context.Background(), u)
		}
		if u.app.Cold && u.active == "active" && time.Since(u.usedAt) > u.app.Idle {
			u.stop()
		}
	}
}

// probe is a client's request.
func (w *world) probe(ctx context.Context, a profile.App) error {
	w.elapse()
	u := w.units[a.Unit]
	if a.Cold && u.listening != "active" {
		return errors.New("connection refused")
	}
	if a.Cold && u.active != "active" {
		if err := w.start(ctx, u); err != nil {
			return errors.New("connection reset by peer")
		}
	}
	if u.container == "" || w.does[w.known[u.image][0]] == mute {
		u.outages++
		return errors.New("connection refused")
	}
	u.usedAt = time.Now()
	return nil
}

// Digest is a HEAD request to the registry.
func (w *world) Digest(_ context.Context, ref podman.Reference) (string, error) {
	if w.away || w.silent {
		return "", fmt.Errorf("asking for %q: %w: connection refused", ref, podman.ErrUnknown)
	}
	return w.remote[ref.String()], nil
}

// killed is what a run is stopped with in the middle, as SIGKILL would.
type killed struct{}

// Run is a program of the device.
func (w *world) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.elapse()
	n := len(w.calls)
	w.calls = append(w.calls, strings.Join(s.Argv, " "))
	if w.dies != nil {
		w.dies(n, true)
	}
	out, err := w.program(ctx, s.Argv)
	if w.dies != nil {
		w.dies(n, false)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return out, err
}

func (w *world) program(ctx context.Context, argv []string) ([]byte, error) {
	args := argv[slices.IndexFunc(argv, func(a string) bool { return a != argv[0] && a != "--user" }):]
	last := args[len(args)-1]
	switch argv[0] + " " + args[0] {
	case "podman image":
		return w.image(args[1], last)
	case "podman container":
		return w.inspect(args[1], last)
	case "podman pull":
		return w.pull(ctx, last)
	case "podman tag":
		if w.known[args[1]] == nil {
			return nil, exit(125, "image not known")
		}
		w.names[args[2]] = args[1]
		return nil, nil
	case "podman rmi":
		return w.remove(last)
	case "systemctl show":
		return w.show(args)
	case "systemctl start", "systemctl restart", "systemctl stop":
		return nil, w.job(ctx, args[0], args[1:])
	case "systemctl reset-failed":
		return nil, nil
	case "journalctl --quiet":
		return []byte("Started.\nError: crun: executable file `/servr` not found in $PATH\nFailed with result.\n"), nil
	}
	w.Fatalf("the device has no program %q", argv)
	return nil, nil
}

func exit(status int, words string) error {
	return &command.Error{Argv: []string{"podman"}, Exit: status, Stderr: "Error: " + words}
}

// find gives the ID of an image by ID, tag or REPOSITORY@DIGEST.
func (w *world) find(name string) string {
	if w.known[name] != nil {
		return name
	}
	return w.names[name]
}

func (w *world) image(verb, name string) ([]byte, error) {
	id := w.find(name)
	if id == "" {
		return []byte("[]"), exit(map[string]int{"exists": 1, "inspect": 125}[verb], name+": image not known")
	}
	if verb == "exists" {
		return nil, nil
	}
	tags, digests := []string{}, []string{}
	for n, at := range w.names {
		if at == id && !strings.Contains(n, "@") {
			tags = append(tags, n)
		}
	}
	for _, d := range w.known[id] {
		digests = append(digests, "builder.example:8080/any@"+d)
	}
	return json.Marshal([]map[string]any{{"Id": id, "Digest": w.known[id][0], "RepoTags": tags, "RepoDigests": digests}})
}

func (w *world) inspect(verb, name string) ([]byte, error) {
	u := w.units[name]
	if u.container == "" {
		return nil, exit(map[string]int{"exists": 1, "inspect": 125}[verb], "no such container "+name)
	}
	return json.Marshal([]map[string]any{{"Id": u.container, "Image": u.image, "State": map[string]any{"Running": true, "StartedAt": u.since}}})
}

func (w *world) pull(ctx context.Context, name string) ([]byte, error) {
	if w.away {
		return nil, exit(125, "pinging container registry: connection refused")
	}
	_, digest, exact := strings.Cut(name, "@")
	if !exact {
		digest = w.remote[name]
	}
	if err := pause(ctx, 5*time.Second); err != nil {
		return nil, err
	}
	if w.cutoff {
		return nil, exit(125, "copying blob: no space left on device")
	}
	id := w.store(digest)
	w.names[name] = id
	return []byte(id + "\n"), nil
}

func (w *world) remove(name string) ([]byte, error) {
	id := w.find(name)
	for _, u := range w.units {
		if id == "" || u.container != "" && u.image == id {
			return nil, exit(2, "image is in use, or not known")
		}
	}
	for n, at := range w.names {
		if at == id {
			delete(w.names, n)
		}
	}
	delete(w.known, id)
	return nil, nil
}

func (w *world) show(args []string) ([]byte, error) {
	name := args[len(args)-1]
	if name == "--property=SystemState" {
		return []byte("SystemState=" + map[bool]string{true: "stopping", false: "running"}[w.going] + "\n"), nil
	}
	load, active, sub, result := "loaded", "inactive", "dead", "success"
	u, kind := w.unit(name)
	switch {
	case name == "podman-auto-update.timer":
		if w.rival {
			active = "active"
		}
	case u == nil:
		load = "not-found"
	case kind == "socket":
		active = u.listening
	default:
		active, sub, result = u.active, u.sub, u.result
	}
	return fmt.Appendf(nil, "LoadState=%s\nActiveState=%s\nSubState=%s\nResult=%s\n", load, active, sub, result), nil
}

// unit finds an app by the name of one of its units.
func (w *world) unit(name string) (u *unitState, kind string) {
	for _, u := range w.units {
		switch name {
		case u.app.Service():
			return u, "service"
		case u.app.ProxyService():
			return u, "proxy"
		case u.app.Socket():
			return u, "socket"
		}
	}
	return nil, ""
}

func (w *world) job(ctx context.Context, verb string, names []string) error {
	if w.going {
		return exit(1, "Transaction is destructive.")
	}
	for _, name := range names {
		u, kind := w.unit(name)
		switch {
		case kind == "socket":
			u.listening = "active"
		case verb == "stop":
			u.stop()
		case u.app.Cold && (kind != "proxy" || verb != "start"):
			w.Errorf("%s %s: the backend is not needed by anybody, systemd would stop it again", verb, name)
		default:
			if verb == "restart" {
				u.stop()
			}
			if err := w.start(ctx, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// options are for a run on this device.
func (w *world) options() AppOptions {
	return AppOptions{Profile: w.profile, Session: podman.New(w, nil), Dir: w.dir, Remote: w, Probe: w.probe}
}

// run is one period of the timer. Killed means that it was cut off.
func (w *world) run() (results []AppResult, wasKilled bool) {
	w.Helper()
	defer func() {
		switch p := recover(); p {
		case nil:
		case killed{}:
			wasKilled = true
		default:
			panic(p)
		}
	}()
	results, err := Apps(w.Context(), w.options())
	if err != nil {
		w.Fatal(err)
	}
	return results, false
}

// want runs one period and expects this of the only app.
func (w *world) want(did Did) AppResult {
	w.Helper()
	results, _ := w.run()
	if len(results) != 1 || results[0].Did != did {
		w.Fatalf("the run gives %+v, want %q; programs:\n%s", results, did, strings.Join(w.calls, "\n"))
	}
	return results[0]
}

// serves expects that an app answers with an image, now and two minutes later, and that nothing is
// left half-done.
func (w *world) serves(a profile.App, digest string) {
	w.Helper()
	for range 2 {
		if err := w.probe(w.Context(), a); err != nil {
			w.Fatalf("app %s does not serve: %v", a.Name, err)
		}
		if got := w.known[w.units[a.Unit].image][0]; got != digest {
			w.Fatalf("app %s serves %s, want %s", a.Name, got, digest)
		}
		time.Sleep(2 * time.Minute)
	}
	if at := w.known[w.names[a.Image]]; len(at) == 0 || at[0] != digest {
		w.Errorf("the tag names %v, want %s", at, digest)
	}
	if s := w.state(a); s.Trial != nil {
		w.Errorf("a trial is left: %+v", s.Trial)
	}
	if w.elapse(); a.Cold && w.units[a.Unit].container != "" {
		w.Errorf("cold app %s does not sleep", a.Name)
	}
}

func (w *world) state(a profile.App) AppState {
	w.Helper()
	s, err := ReadApp(w.dir, a.Unit)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// quarantine expects how often a digest is remembered to have failed.
func (w *world) quarantine(digest string, times int) {
	w.Helper()
	list, err := AppQuarantine(w.dir).List()
	if err != nil {
		w.Fatal(err)
	}
	got := 0
	for _, b := range list {
		if b.What == digest {
			got = b.Times
		}
	}
	if got != times {
		w.Errorf("%s is remembered to have failed %d times, want %d: %+v", digest, got, times, list)
	}
}

func bad(digest string) report.Bad {
	return report.Bad{Kind: quarantine.App, What: digest, Name: "any", Reason: "it was bad"}
}
