package unit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
)

// demo is the profile of the demonstration: one warm app, one cold one, one check.
func demo() profile.Profile {
	probe := profile.Probe{Path: "/"}
	return profile.Profile{
		Blueprint: "demo_upgrade", Builder: "http://builder:8080", User: "admin",
		OS: profile.OS{Remote: "edge", URL: "http://builder:8080/demo_upgrade/repo/", Ref: "rhel/9/x86_64/edge",
			Policy: profile.PolicyOff, Every: time.Hour, Delay: 10 * time.Minute},
		Updates:  profile.Updates{Engine: profile.EngineAppliance, Every: 30 * time.Second, Settle: 10 * time.Second},
		Health:   profile.Health{Attempts: 3, Deadline: 5 * time.Minute, Settle: 10 * time.Second},
		Registry: profile.Registry{Insecure: []string{"builder:8080"}},
		Report:   profile.Report{Every: 5 * time.Minute},
		Host:     profile.Host{Firewall: true, Journal: "200M"},
		Apps: []profile.App{
			{Name: "2048", Unit: "app1", Image: "builder:8080/2048:prod", Port: 8081, Target: 8081,
				Idle: 10 * time.Second, Probe: probe, Stop: 20 * time.Second, Start: time.Minute},
			{Name: "simple-http", Unit: "httpd", Image: "builder:8080/simple-http:prod", Port: 8080, Target: 8080, Cold: true,
				Proxy: profile.ProxySystemd, Idle: 10 * time.Second, Probe: probe, Stop: 20 * time.Second, Start: time.Minute, Inner: 18080},
		},
		Checks: []profile.Check{{Name: "git", Required: true, Kind: profile.KindCommand, Deadline: 30 * time.Second, Command: []string{"git", "--help"}}},
	}
}

// full is a profile that says everything.
func full() profile.Profile {
	p := demo()
	p.OS.Key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk="
	p.OS.Policy, p.OS.Keep = profile.PolicyWindow, true
	p.OS.Window = profile.Window{Days: []time.Weekday{time.Sunday, time.Wednesday}, Begin: 23*time.Hour + 30*time.Minute, End: 10 * time.Minute, Zone: "Europe/Madrid"}
	p.OS.Delay = 2 * time.Hour
	p.Updates = profile.Updates{Engine: profile.EngineAppliance, Every: 15 * time.Minute, Jitter: 3 * time.Minute, Settle: 10 * time.Second}
	p.Registry = profile.Registry{Insecure: []string{"builder:8080", "[fd00::1]:5000"}, CA: authority}
	p.Report.Enabled = true
	p.Host.Sudo = true
	warm, cold := &p.Apps[0], &p.Apps[1]
	warm.Image = "registry.example/edge/2048:prod"
	warm.Bind, warm.Memory = "192.0.2.7", 256<<20
	warm.Env = map[string]string{"GREETING": `a "quoted" $HOME 100% of it\`, "EMPTY": ""}
	warm.Volumes = []string{"data:/var/data:Z", "/srv/web $x:/usr/share/nginx/html:ro"}
	cold.Bind, cold.Proxy, cold.Idle = "fd00::2", profile.ProxyAppliance, 1500*time.Millisecond
	p.Checks = append(p.Checks, profile.Check{Name: "registry", Kind: profile.KindTCP, Deadline: 10 * time.Second, Target: "registry.example:443"})
	return p
}

// quadlets is full without what Quadlet cannot say.
func quadlets() profile.Profile {
	p := full()
	p.Apps[0].Volumes = p.Apps[0].Volumes[:1]
	p.Updates.Engine = profile.EnginePodman
	return p
}

const authority = `-----BEGIN CERTIFICATE-----
MIIBKzCB0qADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMTB3Rlc3QgY2Ew
-----END CERTIFICATE-----
`

// plainOptions are those of a RHEL-like device without greenboot.
var plainOptions = Options{UID: 1000, Home: "/var/home/admin", Systemd: 252, Podman: Version{4, 9}}

func with(change func(*Options)) Options {
	o := plainOptions
	change(&o)
	return o
}

var cases = []struct {
	name    string
	profile profile.Profile
	options Options
}{
	{"demo", demo(), plainOptions},
	{"everything", full(), with(func(o *Options) { o.Systemd, o.Greenboot = 257, greenbootRS })},
	{"podman-engine", func() profile.Profile { p := demo(); p.Updates.Engine = profile.EnginePodman; return p }(),
		with(func(o *Options) { o.Greenboot = greenbootBash })},
	{"no-updates", func() profile.Profile { p := demo(); p.Updates.Engine, p.OS.URL = profile.EngineOff, ""; return p }(),
		with(func(o *Options) { o.Binary, o.Home = "/usr/bin/appliance", "" })},
	{"quadlet-4.4", quadlets(), with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{4, 4} })},
	{"quadlet-4.6", quadlets(), with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{4, 6} })},
	{"quadlet-5.0", quadlets(), with(func(o *Options) { o.Style, o.Podman = Quadlet, Version{5, 0} })},
}

// TestGolden compares every file and link of the cases. UPDATE=1 writes them anew.
func TestGolden(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := txtar(entries(t, c.profile, c.options))
			path := filepath.Join("testdata", c.name+".txtar")
			if os.Getenv("UPDATE") == "1" {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s; look at it with UPDATE=1 and git diff", path)
				for i, line := range strings.Split(got, "\n") {
					if w := strings.Split(string(want), "\n"); i >= len(w) || w[i] != line {
						t.Fatalf("first difference, line %d: %s", i+1, line)
					}
				}
			}
		})
	}
}

func entries(t *testing.T, p profile.Profile, o Options) []Entry {
	t.Helper()
	all, err := Entries(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// txtar writes entries the way txtar files look; the line with the path says the rest of an entry.
func txtar(all []Entry) string {
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "-- %s --\n", e.Path)
		about := []string{e.Owner}
		if e.Link == "" {
			about = append(about, fmt.Sprintf("%04o", e.Mode))
		} else {
			about = append(about, "-> "+e.Link)
		}
		if e.Private {
			about = append(about, "private")
		}
		if e.Late {
			about = append(about, "late")
		}
		fmt.Fprintf(&b, "[%s]\n", strings.Join(about, ", "))
		b.WriteString(e.Text)
		if e.Text != "" && !strings.HasSuffix(e.Text, "\n") {
			b.WriteString("(no newline at the end)\n")
		}
	}
	return b.String()
}
