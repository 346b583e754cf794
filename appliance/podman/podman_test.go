package podman

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"edge/appliance/command"
)

// said answers programs by their argv.
type said map[string]answer

type answer struct {
	out string
	err error
}

func (s said) Run(_ context.Context, spec command.Spec) ([]byte, error) {
	line := strings.Join(spec.Argv, " ")
	a, known := s[line]
	if !known {
		return nil, fmt.Errorf("nobody expected %q", line)
	}
	return []byte(a.out), a.err
}

func exit(status int, words string) error {
	return &command.Error{Argv: []string{"podman"}, Exit: status, Stderr: words}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const (
	v1ID        = "49b96e9ee0876f3e0d881a7ff05cc487ea0728e49cbee9c39558ab9a8c1b8143"
	v1Index     = "sha256:a49c212f1f7a0e33c6ad5d8a5ea7ace2db0391f1809399eb87b591aa69f3277a"
	v1Platform  = "sha256:ecfdd228c8ee54eaf3762fd0968a2b5e50a259045d6695197b8b44b01a4ccbe8"
	containerID = "1eefbe1c04b0f34efe613d5083ad95da8d4cc9f5f12cb4298bd95d4c7587b7e5"
)

// spy keeps how the last program was run.
type spy struct{ last command.Spec }

func (s *spy) Run(_ context.Context, spec command.Spec) ([]byte, error) {
	s.last = spec
	return nil, nil
}

func TestEverythingRunsAsTheUser(t *testing.T) {
	admin := &command.User{Name: "admin", UID: 1000}
	runner := &spy{}
	s := New(runner, admin, "CONTAINERS_STORAGE_CONF=/dev/null")
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"podman tag":                       func() error { return s.Tag(ctx, v1ID, "localhost/a:b") },
		"podman image exists":              func() error { _, err := s.Exists(ctx, "localhost/a:b"); return err },
		"systemctl --user start":           func() error { return s.Start(ctx, "a.service") },
		"systemctl --user restart":         func() error { return s.Restart(ctx, "a.service") },
		"systemctl --user stop a b":        func() error { return s.Stop(ctx, "a", "b") },
		"systemctl --user reset-failed":    func() error { return s.Forgive(ctx, "a.service") },
		"journalctl --user":                func() error { s.LastWords(ctx, "a.service", time.Now()); return nil },
		"systemctl --user show --property": func() error { s.Stopping(ctx); return nil },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
		got := runner.last
		if line := strings.Join(got.Argv, " "); !strings.HasPrefix(line, name) || got.As != admin || len(got.Env) != 1 {
			t.Errorf("%s: ran %q as %v with %q", name, line, got.As, got.Env)
		}
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"podman version 4.3.1\n":                 {4, 3},
		"podman version 5.2.2-dev":               {5, 2},
		"podman version 4.9.4-rhel":              {4, 9},
		"podman version 6.0":                     {6, 0},
		"podman version 5.4.0+ds1-2":             {5, 4},
		"podman version 4":                       {},
		"docker version 4.3.1":                   {},
		"podman version 99999.1":                 {},
		"podman version 4.3.1\nand another line": {},
		"":                                       {},
	} {
		got, err := ParseVersion(text)
		if got != want || (err == nil) != (want != Version{}) {
			t.Errorf("ParseVersion(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	v, err := New(said{"podman --version": {out: "podman version 4.3.1\n"}}, nil).Version(t.Context())
	if err != nil || !v.AtLeast(4, 3) || !v.AtLeast(3, 9) || v.AtLeast(4, 4) || v.AtLeast(5, 0) || v.String() != "4.3" {
		t.Errorf("Version = %v, %v", v, err)
	}
}

func TestReason(t *testing.T) {
	long := strings.Repeat("é", 400)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{exit(125, "time=… level=warning msg=\"Failed, retrying\"\nError: reading manifest: unknown"), "reading manifest: unknown"},
		{fmt.Errorf("pulling: %w", exit(125, "Error: unknown")), "unknown"},
		{exit(3, ""), "podman ended with status 3"},
		{errors.New("two\nlines \x1b[31m and\tblanks"), "two lines [31m and blanks"},
		{errors.New(long), strings.Repeat("é", 148) + "…"},
	} {
		got := Reason(tt.err)
		if got != tt.want {
			t.Errorf("Reason(%q) = %q, want %q", tt.err, got, tt.want)
		}
		if again := Reason(errors.New(got)); again != got {
			t.Errorf("Reason of a reason changes %q into %q", got, again)
		}
	}
}

func TestParseImage(t *testing.T) {
	for name, own := range map[string]string{"image-4.3.json": v1Index, "image-5.4.json": v1Platform} {
		i, err := parseImage(sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if i.ID != v1ID || i.Digest != own || !i.Has(v1Index) || !i.Has(v1Platform) || i.Has("") || len(i.Digests) != 2 ||
			!reflect.DeepEqual(i.Tags, []string{"builder.example:8080/2048:prod"}) {
			t.Errorf("%s: %+v", name, i)
		}
	}
	for _, text := range []string{``, `{}`, `[]`, `[{}]`, `[{"Id":"abc"}]`, `[{"Id":"` + v1ID + `"},{"Id":"` + v1ID + `"}]`,
		`[{"Id":"` + v1ID + `","RepoTags":["` + strings.Repeat(`a","`, maxNames) + `"]}]`} {
		if i, err := parseImage([]byte(text)); err == nil {
			t.Errorf("parseImage(%.60s) = %+v", text, i)
		}
	}
}

func TestParseContainer(t *testing.T) {
	since := time.Date(2026, time.November, 25, 14, 17, 39, 102930000, time.UTC)
	for _, name := range []string{"container-4.3.json", "container-5.4.json"} {
		c, err := parseContainer(sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if c.ID != containerID || c.Image != v1ID || !c.Running || !c.Since.Equal(since) {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for _, text := range []string{``, `[]`, `[{}]`, `[{"Id":"` + v1ID + `"}]`, `[{"Id":"` + v1ID + `","Image":"` + v1ID + `","State":{"StartedAt":"noon"}}]`} {
		if c, err := parseContainer([]byte(text)); err == nil {
			t.Errorf("parseContainer(%.60s) = %+v", text, c)
		}
	}
}

func TestMissing(t *testing.T) {
	s := New(said{
		"podman image inspect gone":     {err: exit(125, "image not known")},
		"podman image exists gone":      {err: exit(1, "")},
		"podman image inspect locked":   {err: exit(125, "database is locked")},
		"podman image exists locked":    {err: exit(125, "database is locked")},
		"podman container inspect gone": {err: exit(125, "no such container")},
		"podman container exists gone":  {err: exit(1, "")},
		"podman container inspect here": {err: exit(125, "database is locked")},
		"podman container exists here":  {},
	}, nil)
	if _, err := s.Image(t.Context(), "gone"); !errors.Is(err, ErrNoImage) {
		t.Errorf("Image = %v", err)
	}
	if _, err := s.Image(t.Context(), "locked"); errors.Is(err, ErrNoImage) || !strings.Contains(err.Error(), "locked") {
		t.Errorf("Image = %v", err)
	}
	if _, err := s.Container(t.Context(), "gone"); !errors.Is(err, ErrNoContainer) {
		t.Errorf("Container = %v", err)
	}
	if _, err := s.Container(t.Context(), "here"); errors.Is(err, ErrNoContainer) || !strings.Contains(err.Error(), "locked") {
		t.Errorf("Container = %v", err)
	}
}

func TestUnit(t *testing.T) {
	const show = "systemctl --user show --property=LoadState,ActiveState,SubState,Result "
	s := New(said{
		show + "a.service": {out: "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nResult=exit-code\n"},
		show + "b.service": {out: "Result=success\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"},
		show + "c.service": {out: "Failed to connect\n"},
		"systemctl --user show --property=SystemState": {out: "SystemState=stopping\n"},
	}, nil)
	if u, err := s.Unit(t.Context(), "a.service"); err != nil || u != (Unit{"loaded", "activating", "auto-restart", "exit-code"}) {
		t.Errorf("Unit = %+v, %v", u, err)
	}
	if u, err := s.Unit(t.Context(), "b.service"); err != nil || u.Load != "not-found" || u.Active != "inactive" {
		t.Errorf("Unit = %+v, %v", u, err)
	}
	if u, err := s.Unit(t.Context(), "c.service"); err == nil {
		t.Errorf("Unit = %+v", u)
	}
	if !s.Stopping(t.Context()) {
		t.Error("a manager that stops is not seen to")
	}
	if New(said{"systemctl --user show --property=SystemState": {out: "SystemState=degraded\n"}}, nil).Stopping(t.Context()) {
		t.Error("a manager that runs is seen to stop")
	}
	if !New(said{}, nil).Stopping(t.Context()) {
		t.Error("a manager that does not answer is seen to run")
	}
}

func TestComplaint(t *testing.T) {
	for text, want := range map[string]string{
		"Starting…\nError: crun: executable file `/servr` not found\nMain process exited\n":    "crun: executable file `/servr` not found",
		"Error: first\nappliance: probing http://127.0.0.1:8081/: status 503\nhint: look\nEnd": "probing http://127.0.0.1:8081/: status 503",
		"nothing odd\n": "",
		"":              "",
	} {
		if got := complaint(text); got != want {
			t.Errorf("complaint(%q) = %q, want %q", text, got, want)
		}
	}
}

// What podman prints is bounded and checked, whatever it is.
func FuzzInspect(f *testing.F) {
	for _, name := range []string{"image-4.3.json", "image-5.4.json", "container-4.3.json", "container-5.4.json"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte("LoadState=loaded\nActiveState=active\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if i, err := parseImage(data); err == nil {
			if !imageID.MatchString(i.ID) || len(i.Tags) > maxNames {
				t.Errorf("image %+v", i)
			}
			for _, d := range i.Digests {
				if !IsDigest(d) {
					t.Errorf("digest %q", d)
				}
			}
		}
		if c, err := parseContainer(data); err == nil && (!imageID.MatchString(c.ID) || !imageID.MatchString(c.Image)) {
			t.Errorf("container %+v", c)
		}
		if u, err := parseUnit(data); err == nil && strings.ContainsAny(u.Load+u.Active+u.Sub+u.Result, "\x1b\n\r") {
			t.Errorf("unit %+v", u)
		}
	})
}
