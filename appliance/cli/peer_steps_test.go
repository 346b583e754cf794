package cli_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/client"
	"edge/appliance/report"
)

// steps are the scripts of contrib/steps, with nothing on their PATH but what they say they need.
type steps struct {
	h     *house
	token string
	path  string
	argv  string // file with the arguments that curl ever got
}

func newSteps(t *testing.T, args ...string) *steps {
	t.Helper()
	needPeers(t, "bash", "curl", "dirname")
	h := newHouse(t, append([]string{"--sample"}, args...)...)
	dir := t.TempDir()
	s := &steps{h: h, token: strings.TrimSpace(h.must("token")), path: dir, argv: filepath.Join(t.TempDir(), "argv")}
	for _, name := range []string{"bash", "dirname"} {
		from, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	spy := "#!" + filepath.Join(dir, "bash") + "\nprintf '%s\\n' \"$*\" >>'" + s.argv + "'\nexec " + curl + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(spy), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

// command is a step, with variables beside those that say where the builder is.
func (s *steps) command(ctx context.Context, step string, env ...string) *exec.Cmd {
	s.h.t.Helper()
	found, _ := filepath.Glob("../../contrib/steps/" + step + "-*.sh")
	if len(found) != 1 {
		s.h.t.Fatalf("step %s is %q, want one script", step, found)
	}
	cmd := exec.CommandContext(ctx, "bash", found[0])
	cmd.Env = append([]string{"PATH=" + s.path, "HOME=" + s.path, "TERM=xterm", "APPLIANCE_SERVER=" + s.h.url + "/", "APPLIANCE_TOKEN=" + s.token}, env...)
	cmd.WaitDelay = time.Second
	return cmd
}

// run returns all that a step says, and its exit code.
func (s *steps) run(step string, env ...string) (string, int) {
	s.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := s.command(ctx, step, env...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.h.t.Fatalf("step %s: %v\n%s", step, err, out)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

// must wants a step to succeed and to say some things in their order.
func (s *steps) must(step string, wants ...string) {
	s.h.t.Helper()
	out, code := s.run(step)
	if code != 0 {
		s.h.t.Fatalf("step %s ends with %d:\n%s", step, code, out)
	}
	rest := out
	for _, want := range wants {
		_, after, found := strings.Cut(rest, want)
		if !found {
			s.h.t.Fatalf("step %s does not say %q where it should:\n%s", step, want, out)
		}
		rest = after
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, s.token) {
		s.h.t.Errorf("step %s prints colours into a pipe, or the token:\n%q", step, out)
	}
}

// moved is what steps move, and where the diary ends.
type moved struct {
	published, commit, game, sleeper string
	last                             uint64
}

func (s *steps) state() moved {
	s.h.t.Helper()
	read := func(path string, into any) {
		code, body, err := s.h.call(http.MethodGet, path, nil)
		if err != nil || code != http.StatusOK || json.Unmarshal([]byte(body), into) != nil {
			s.h.t.Fatalf("%s: %d %v %s", path, code, err, body)
		}
	}
	var status struct {
		Blueprints []struct{ Name, Published, Commit string }
		Last       uint64 `json:"events_last_id"`
	}
	read("/api/v1/status", &status)
	var apps []struct {
		Name string
		Same []string `json:"same_as"`
	}
	read("/api/v1/apps", &apps)
	m := moved{last: status.Last}
	for _, b := range status.Blueprints {
		if b.Name == "demo_upgrade" {
			m.published, m.commit = b.Published, b.Commit
		}
	}
	for _, a := range apps {
		switch a.Name {
		case "2048":
			m.game = strings.Join(a.Same, " ")
		case "simple-http":
			m.sleeper = strings.Join(a.Same, " ")
		}
	}
	return m
}

func (s *steps) wantState(after, published, game, sleeper string) moved {
	s.h.t.Helper()
	m := s.state()
	if m.published != published || m.game != game || m.sleeper != sleeper {
		s.h.t.Fatalf("after step %s it is %+v, want %s, %s and %s", after, m, published, game, sleeper)
	}
	return m
}

// The demonstration with curl alone: every step moves what it says and nothing else; the second time nothing at all.
func TestPeerSteps(t *testing.T) {
	s := newSteps(t)
	begin := s.state()
	s.must("0", "0.0.1", "55 removed", "git-2.31", "0 removed, 1 added", "zsh-", "simple-http", "v3", "Seen   0.0.1 is published")
	if now := s.state(); now != begin {
		t.Errorf("step 0 makes %+v of %+v", now, begin)
	}
	for _, round := range []string{"first", "second"} {
		for _, step := range []struct {
			n                        string
			says                     []string
			published, game, sleeper string
		}{
			{"1", []string{"0.0.1", "2048:prod", "simple-http:prod", "# Kickstart of demo_upgrade", "samples", "appliance device install --from " + s.h.url + "/demo_upgrade", "Seen"}, "0.0.1", "v1", "v1"},
			{"2", []string{"published demo_upgrade@0.0.2", "/events?after=", "release.published", "No device of demo_upgrade", "Seen   0.0.2"}, "0.0.2", "v1", "v1"},
			{"3", []string{"55 added", "published demo_upgrade@0.0.3", "release.published", "Seen   0.0.3"}, "0.0.3", "v1", "v1"},
			{"4", []string{"moved 2048:prod to v2", "app.retagged", "Seen   2048:prod is v2"}, "0.0.3", "v2", "v1"},
			{"5", []string{"moved 2048:prod to v3", "app.retagged", "Seen   2048:prod is v3", "would move back 2048:prod"}, "0.0.3", "v3", "v1"},
			{"6", []string{"cold", "moved simple-http:prod to v2", "app.retagged", "Seen   simple-http:prod is v2"}, "0.0.3", "v3", "v2"},
		} {
			s.must(step.n, step.says...)
			once := s.wantState(step.n, step.published, step.game, step.sleeper)
			if step.n == "1" {
				s.must(step.n, "is published already", "2048:prod names that already", "simple-http:prod names that already")
			} else {
				s.must(step.n, "already", "Note   It was so already")
			}
			if twice := s.state(); twice != once {
				t.Errorf("%s round, step %s: twice makes %+v of %+v", round, step.n, twice, once)
			}
		}
	}
	if argv, err := os.ReadFile(s.argv); err != nil || !bytes.Contains(argv, []byte("/publish")) || bytes.Contains(argv, []byte(s.token)) {
		t.Errorf("the arguments of curl lack a publication, or have the token: %v\n%s", err, argv)
	}
}

// What cannot be done says why, with the exit code of its kind, and changes nothing.
func TestPeerStepsRefuse(t *testing.T) {
	s := newSteps(t)
	begin := s.state()
	for _, tt := range []struct {
		name, step, env string
		code            int
		want            string
	}{
		{"no token", "1", "APPLIANCE_TOKEN=", 5, "APPLIANCE_TOKEN is empty"},
		{"no token", "2", "APPLIANCE_TOKEN=", 5, "$(appliance token)"},
		{"no token", "3", "APPLIANCE_TOKEN=", 5, "APPLIANCE_TOKEN is empty"},
		{"no token", "4", "APPLIANCE_TOKEN=", 5, "APPLIANCE_TOKEN is empty"},
		{"no token", "5", "APPLIANCE_TOKEN=", 5, "APPLIANCE_TOKEN is empty"},
		{"no token", "6", "APPLIANCE_TOKEN=", 5, "APPLIANCE_TOKEN is empty"},
		{"a wrong token", "2", "APPLIANCE_TOKEN=0123456789abcdef", 5, "the token is wrong"},
		{"a token with a header in it", "2", "APPLIANCE_TOKEN=x\r\nX-Evil: 1", 2, "no token has"},
		{"a builder that is not there", "0", "APPLIANCE_SERVER=http://127.0.0.1:1", 1, "no builder answers at http://127.0.0.1:1"},
		{"an address that is none", "0", "APPLIANCE_SERVER=builder; reboot", 2, "is not an address"},
		{"an unknown blueprint", "2", "STEPS_BLUEPRINT=nobody", 4, "nobody"},
		{"a blueprint with no releases", "2", "STEPS_BLUEPRINT=minimal", 4, "releases of minimal, and there are: none"},
		{"a path in the place of a blueprint", "2", "STEPS_BLUEPRINT=../apps", 2, "no name of a blueprint"},
		{"a missing release", "2", "STEPS_RELEASES=0.0.1 0.0.9 0.0.3", 4, "no release demo_upgrade@0.0.9; there are: 0.0.1 0.0.2 0.0.3"},
		{"two releases", "2", "STEPS_RELEASES=0.0.1 0.0.3", 4, "need three releases"},
		{"an unknown app", "4", "STEPS_APP=nothing", 4, "no such application: nothing"},
		{"a missing tag", "5", "STEPS_TAGS=v1 v2 v9", 4, "2048 has no tag v9"},
		{"JSON in the place of a tag", "5", `STEPS_TAGS=v1 v2 "}`, 2, "is no tag"},
		{"too few tags", "5", "STEPS_TAGS=v1 v2", 4, "needs 3"},
		{"no number to wait", "2", "STEPS_WAIT=soon", 2, "no number of seconds"},
	} {
		if out, code := s.run(tt.step, tt.env); code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%s: step %s ends with %d, want %d and %q:\n%s", tt.name, tt.step, code, tt.code, tt.want, out)
		}
	}
	if now := s.state(); now != begin {
		t.Errorf("refusals make %+v of %+v", now, begin)
	}

	out, code := s.run("2", "STEPS_RELEASES=0.0.1 0.0.3 0.0.2")
	if code != 0 || s.state().published != "0.0.3" {
		t.Errorf("other releases: step 2 ends with %d, and %+v:\n%s", code, s.state(), out)
	}
}

// A builder that shows nothing without its token is asked with it.
func TestPeerStepsPrivate(t *testing.T) {
	s := newSteps(t, "--private")
	if out, code := s.run("0", "APPLIANCE_TOKEN="); code != 5 || !strings.Contains(out, "export APPLIANCE_TOKEN") {
		t.Errorf("without a token step 0 ends with %d:\n%s", code, out)
	}
	s.must("0", "55 removed", "Seen")
	s.must("2", "published demo_upgrade@0.0.2", "release.published", "Seen")
}

// With a device that reports, a step goes on until the diary has told what it waits for.
func TestPeerStepsDevice(t *testing.T) {
	s := newSteps(t)
	cl, err := client.New(client.Options{Server: s.h.url, Token: s.token})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := cl.MakeToken(t.Context(), client.TokenRequest{Blueprint: "demo_upgrade", Valid: time.Hour, Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cl.Enrol(t.Context(), report.NewEnrolment(secret.Secret, "edge-1", key)); err != nil {
		t.Fatal(err)
	}
	serial := uint64(0)
	tell := func(r report.Status) {
		t.Helper()
		r.Name, r.Time = "edge-1", time.Now()
		serial = report.NextSerial(serial, r.Time)
		r.Serial = serial
		signed, err := report.Sign(r, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := cl.PutStatus(t.Context(), report.ID(key.Public().(ed25519.PublicKey)), signed); err != nil {
			t.Fatal(err)
		}
	}
	old := report.Deployment{Commit: strings.Repeat("a", 64), Version: "0.0.1", Booted: true}
	tell(report.Status{Boot: report.Boot{ID: "1", Verdict: report.Green}, OS: []report.Deployment{old}})

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var said bytes.Buffer
	cmd := s.command(ctx, "2", "STEPS_WAIT=50")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); s.state().published != "0.0.2"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("step 2 publishes nothing")
		}
	}
	tell(report.Status{Boot: report.Boot{ID: "2", Verdict: report.Running, Trial: true, Attempt: 1, Attempts: 3},
		OS: []report.Deployment{{Commit: strings.Repeat("b", 64), Version: "0.0.2", Booted: true}, {Commit: old.Commit, Version: old.Version, Rollback: true}}})
	tell(report.Status{Boot: report.Boot{ID: "3", Verdict: report.Green}, OS: []report.Deployment{old},
		Rollback: &report.Rollback{Time: time.Now(), From: strings.Repeat("b", 64), FromVersion: "0.0.2", To: old.Commit, ToVersion: "0.0.1", Check: "git", Reason: "no such program"}})
	if err := cmd.Wait(); err != nil {
		t.Fatalf("step 2 with a device: %v\n%s", err, &said)
	}
	rest := said.String()
	for _, want := range []string{"release.published", "device.trial", "device.rolled-back", "0.0.2 to 0.0.1: git: no such program", "LAST ROLLBACK", "edge-1", "Seen   the device is back"} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("step 2 with a device does not say %q where it should:\n%s", want, &said)
		}
		rest = after
	}

	if out, code := s.run("3", "STEPS_WAIT=2"); code != 1 || !strings.Contains(out, `no device told "green" within 2 seconds`) {
		t.Errorf("a device that does nothing: step 3 ends with %d:\n%s", code, out)
	}
	if out, code := s.run("3", "STEPS_WAIT=2"); code != 0 || !strings.Contains(out, "It was so already") || strings.Contains(out, "the device runs 0.0.3") {
		t.Errorf("a device that was not seen to update: step 3 again ends with %d:\n%s", code, out)
	}
}
