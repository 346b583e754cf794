package cli

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
)

const (
	sshKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE/TCfOvkgFkaQHUVvKGDdqKDuXG3PvvWjHgGAsBo3kX admin@builder"
	edKey   = "VOU4fkyG67SdPahVuCo7zbUERAhfAYPNR4EB+fHpB14="
	cryptPw = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
)

func TestDeviceConfig(t *testing.T) {
	c, err := parseConfig([]byte(`
[device]
user = "ops"
hostname = "edge-1"
ssh_keys = ["`+sshKey+`"]
password_hash = "`+cryptPw+`"
disk = "/dev/disk/by-id/nvme-x"
[device.os]
updates = "window"
window = "Sun 02:00-04:00"
[device.updates]
every = "1h"
[device.report]
enabled = true
[[app]]
name = "2048"
unit = "app1"
port = 8081
memory = "64MiB"
env = {GREETING = "hello"}
[app.probe]
body = "2048"
[[app]]
name = "tool"
image = "quay.io/x/tool"
[[check]]
name = "web"
kind = "container"
target = "app1"
`), "x", false)
	if err != nil {
		t.Fatal(err)
	}
	d := c.device
	if d.hostname != "edge-1" || d.disk != "/dev/disk/by-id/nvme-x" || d.passwordHash != cryptPw || len(d.sshKeys) != 1 || d.profile.User != "ops" {
		t.Errorf("device = %+v", d)
	}
	p, err := c.template("http://builder:8080")
	if err != nil {
		t.Fatal(err)
	}
	p = p.For("demo", "rhel/9/x86_64/edge", edKey)
	want := profile.Defaults()
	want.User, want.Builder, want.Blueprint, want.Report.Enabled, want.Updates.Every = "ops", "http://builder:8080", "demo", true, time.Hour
	want.OS.URL, want.OS.Ref, want.OS.Key = "http://builder:8080/demo/repo/", "rhel/9/x86_64/edge", edKey
	want.OS.Policy, want.OS.Window = profile.PolicyWindow, profile.Window{Days: []time.Weekday{0}, Begin: 2 * time.Hour, End: 4 * time.Hour}
	want.Registry.Insecure = []string{"builder:8080"}
	want.Apps = []profile.App{{Name: "2048", Unit: "app1", Image: "builder:8080/2048:prod", Port: 8081, Target: 8081, Proxy: profile.ProxySystemd, Idle: 10 * time.Second,
		Probe: profile.Probe{Path: "/", Body: "2048"}, Memory: 64 << 20, Stop: 20 * time.Second, Start: time.Minute, Env: map[string]string{"GREETING": "hello"}}}
	want.Checks = []profile.Check{{Name: "web", Required: true, Kind: profile.KindContainer, Deadline: 30 * time.Second, Target: "app1"}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("profile = %+v\nwant %+v", p, want)
	}
	if got, err := profile.Parse(profile.Encode(p), "device.toml"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("devices read %+v, %v", got, err)
	}
	if len(c.device.profile.Registry.Insecure) != 0 || c.device.profile.Apps[0].Image != "" {
		t.Error("template changes the configuration")
	}
}

func TestSampleDevice(t *testing.T) {
	for _, tt := range []struct{ name, text, apps, checks, every string }{
		{"alone", "", "app1:8081 httpd:8080", "git", "30s"},
		{"with settings", "[device.updates]\nevery = \"2m\"\n", "app1:8081 httpd:8080", "git", "2m0s"},
		{"with its own app", "[[app]]\nname = \"2048\"\nunit = \"game\"\nport = 9000\n", "game:9000 httpd:8080", "git", "30s"},
		{"with an app on the same port", "[[app]]\nname = \"shop\"\nport = 8081\n", "shop:8081 httpd:8080", "git", "30s"},
		{"with a unit that is taken", "[[app]]\nname = \"shop\"\nport = 9000\nunit = \"httpd-proxy\"\n", "httpd-proxy:9000 app1:8081", "git", "30s"},
		{"with its own check", "[[check]]\nname = \"git\"\nkind = \"binary\"\ntarget = \"git\"\n", "app1:8081 httpd:8080", "git", "30s"},
		{"with a check of a sample", "[[check]]\nname = \"web\"\nkind = \"socket\"\ntarget = \"httpd\"\n", "app1:8081 httpd:8080", "web git", "30s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := parseConfig([]byte(tt.text), "x", true)
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.template("http://127.0.0.1:8080")
			if err != nil {
				t.Fatal(err)
			}
			var apps, checks []string
			for _, a := range p.Apps {
				apps = append(apps, fmt.Sprintf("%s:%d", a.Unit, a.Port))
			}
			for _, k := range p.Checks {
				checks = append(checks, k.Name)
			}
			if got := strings.Join(apps, " "); got != tt.apps {
				t.Errorf("apps = %s, want %s", got, tt.apps)
			}
			if got := strings.Join(checks, " "); got != tt.checks || p.Updates.Every.String() != tt.every || p.OS.Policy != profile.PolicyOff {
				t.Errorf("checks = %s, want %s; updates every %v, want %s; OS updates %s", got, tt.checks, p.Updates.Every, tt.every, p.OS.Policy)
			}
		})
	}
}

func TestRegistryHost(t *testing.T) {
	for url, want := range map[string]struct{ image, insecure string }{
		"http://builder.example:8080":  {"builder.example:8080/2048:prod", "builder.example:8080"},
		"http://builder":               {"builder:80/2048:prod", "builder:80"},
		"http://192.0.2.1":             {"192.0.2.1:80/2048:prod", "192.0.2.1:80"},
		"http://[2001:db8::1]:8080":    {"[2001:db8::1]:8080/2048:prod", "[2001:db8::1]:8080"},
		"https://builder.example":      {"builder.example/2048:prod", ""},
		"https://builder":              {"builder:443/2048:prod", ""},
		"https://builder.example:8443": {"builder.example:8443/2048:prod", ""},
	} {
		c, err := parseConfig(nil, "x", true)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.template(url)
		if err != nil || p.Apps[0].Image != want.image || strings.Join(p.Registry.Insecure, " ") != want.insecure {
			t.Errorf("at %s: image %s, insecure %v, %v; want %+v", url, p.Apps[0].Image, p.Registry.Insecure, err, want)
		}
	}
	c, err := parseConfig(nil, "x", true)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := c.template("http://no_host"); err == nil {
		t.Errorf("a builder that no image can be named after: %+v", p)
	}
}

func TestDeviceConfigFaults(t *testing.T) {
	for text, want := range map[string]string{
		"[device]\nhostname = \"a b\"":                                     "2:1: device.hostname: ",
		"[device]\ndisk = \"../sda\"":                                      "no disk",
		"[device]\npassword_hash = \"R3dh4t1!\"":                           "this is no hash of a password",
		"[device]\npassword_hash = \"$1$salt$md5md5md5md5md5md5\"":         "this is no hash of a password",
		"[device]\nssh_keys = [\"ssh-ed25519 AAAA\"]":                      "no whole public key",
		"[device]\nssh_keys = [\"command=\\\"x\\\" " + sshKey + "\"]":      "no public key",
		"[device]\nssh_keys = [\"" + sshKey + "\\nssh-rsa x\"]":            "no public key",
		"[device]\nbuilder = \"http://h\"":                                 `unknown key "device.builder"`,
		"[device.os]\nevery = \"1s\"":                                      "2:1: device.os.every: ",
		"[device.os]\nupdates = \"window\"":                                "2:1: device.os.updates: the window is missing",
		"[[app]]\nname = \"a\"\nport = 80":                                 "3:1: app[0].port: port 80 is only for root",
		"[[app]]\nname = \"a.b\"\nport = 8080":                             "1:3: app[0]: unit is missing",
		"[[app]]\nname = \"a\"\nimage = \"h_h.x/a\"\nport = 8080":          "3:1: app[0].image: ",
		"[[app]]\nname = \"a\"\nenv = {\"A B\" = \"/\"}":                   "3:8: app[0].env.\"A B\": it is no name",
		"[[check]]\nname = \"a\"\nkind = \"container\"\ntarget = \"app1\"": "4:1: check[0].target: no app is called \"app1\"",
	} {
		c, err := parseConfig([]byte(text), "x", false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %q", text, c.device, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "R3dh4t1!") {
			t.Errorf("%s: the password is told", text)
		}
	}
}
