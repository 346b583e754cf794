package unit

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"edge/appliance/profile"
)

// A power cut between two writes must not leave a check, or a link that starts something, before what it
// needs: these come last, everything else does not.
func TestLate(t *testing.T) {
	for _, c := range cases {
		for _, e := range entries(t, c.profile, c.options) {
			dir := path.Dir(e.Path)
			late := strings.HasSuffix(dir, ".wants") || strings.HasSuffix(dir, ".requires") || strings.HasPrefix(e.Path, "/etc/greenboot/check/")
			if e.Late != late {
				t.Errorf("%s: %s: late is %t", c.name, e.Path, e.Late)
			}
			if (e.Link == "") == (e.Mode == 0) {
				t.Errorf("%s: %s: a link has no mode, a file has one", c.name, e.Path)
			}
		}
	}
}

// A user's manager has neither of these targets; a unit that waits for one or hangs in one never starts.
func TestUserTargets(t *testing.T) {
	for _, c := range cases {
		for _, e := range entries(t, c.profile, c.options) {
			if strings.HasPrefix(e.Path, systemUnits) || strings.Contains(e.Path, "system-preset") || strings.HasPrefix(e.Path, "/etc/greenboot") {
				continue
			}
			for _, target := range []string{"multi-user.target", "network-online.target"} {
				if strings.Contains(e.Text, target) || strings.Contains(e.Path, target) {
					t.Errorf("%s: %s has to do with %s", c.name, e.Path, target)
				}
			}
		}
	}
}

// Exactly one engine updates the apps, whichever it is.
func TestOneEngine(t *testing.T) {
	for engine, want := range map[profile.Engine][3]bool{ // podman's masked, podman's enabled, ours enabled
		profile.EngineAppliance: {true, false, true},
		profile.EnginePodman:    {false, true, false},
		profile.EngineOff:       {true, false, false},
	} {
		p := demo()
		p.Updates.Engine = engine
		var got [3]bool
		var labels int
		for _, e := range entries(t, p, plainOptions) {
			got[0] = got[0] || e.Path == "/etc/systemd/user/podman-auto-update.timer" && e.Link == "/dev/null"
			got[1] = got[1] || e.Path == "/etc/systemd/user/timers.target.wants/podman-auto-update.timer"
			got[2] = got[2] || e.Path == "/etc/systemd/user/timers.target.wants/appliance-app-update.timer"
			labels += strings.Count(e.Text, "io.containers.autoupdate")
		}
		if got != want || (labels > 0) != (engine == profile.EnginePodman) {
			t.Errorf("%s: %v with %d labels, want %v", engine, got, labels, want)
		}
	}
}

// Values of the environment and images stay out of what "ps" and world-readable files show.
func TestPrivate(t *testing.T) {
	p := demo()
	p.Apps[0].Env = map[string]string{"PASSWORD": "hunter2"}
	for _, o := range styles {
		for _, e := range entries(t, p, o) {
			if strings.Contains(e.Text, "hunter2") && (!e.Private || e.Mode != 0o640) {
				t.Errorf("%s shows a value of the environment", e.Path)
			}
		}
	}
}

func TestSamePlace(t *testing.T) {
	p := demo()
	p.Apps[0].Unit = "httpd-proxy" // the cold app's proxy
	_, err := Entries(p, plainOptions)
	if !errors.Is(err, profile.ErrInvalid) || !strings.Contains(err.Error(), "/etc/appliance/units/container-httpd-proxy.service") {
		t.Errorf("two apps in one unit: %v", err)
	}
}

func TestNames(t *testing.T) {
	p := full()
	for _, c := range []struct{ got, want []string }{
		{App(p.Apps[0]), []string{"container-app1.service"}},
		{App(p.Apps[1]), []string{"container-httpd-proxy.socket", "container-httpd-proxy.service", "container-httpd.service"}},
		{User(p), []string{"container-app1.service", "container-httpd-proxy.socket", "pre-pull-container-image.service", "appliance-app-update.timer"}},
		{System(p), []string{"appliance-os-update.timer", "appliance-report.timer"}},
		{System(demo()), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	var paths []string
	for _, e := range entries(t, p, plainOptions) {
		paths = append(paths, e.Path)
	}
	for _, name := range User(p) {
		if !slices.Contains(paths, userUnits+name) {
			t.Errorf("%s is named and not there", name)
		}
	}
	for _, name := range System(p) {
		if !slices.Contains(paths, systemUnits+name) {
			t.Errorf("%s is named and not there", name)
		}
	}
}

func TestAuthority(t *testing.T) {
	p := full()
	p.Registry.CA = strings.ReplaceAll(authority, "CERTIFICATE", "PRIVATE KEY")
	if _, err := Entries(p, plainOptions); !errors.Is(err, profile.ErrInvalid) {
		t.Errorf("a key was taken for a certificate: %v", err)
	}
}

// What Parse accepts can be written.
func TestParsed(t *testing.T) {
	for _, name := range []string{"full.toml", "encoded.toml"} {
		data, err := os.ReadFile("../profile/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.Parse(data, name)
		if err != nil {
			t.Fatal(err)
		}
		entries(t, p, plainOptions)
		entries(t, p, styles[1])
	}
}
