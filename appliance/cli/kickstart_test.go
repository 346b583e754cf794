package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/kickstart"
)

// actAsInstaller is what scripts use in the place of Anaconda:
//
//	install DEVICE LINKFILE fetch FILE         with a link that "kickstart link -o json" printed
//	install DEVICE LINKFILE STEP [LOGFILE]     tell how it goes
func actAsInstaller(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: install DEVICE LINKFILE fetch FILE, install DEVICE LINKFILE STEP [LOGFILE]")
	}
	var made struct{ Device, URL string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &made))
	link, err := url.Parse(made.URL)
	ts.Check(err)
	if made.Device != args[0] {
		ts.Fatalf("the link is for %q", made.Device)
	}
	at := ts.Getenv("APPLIANCE_SERVER") + link.Path
	method, body := http.MethodPost, []byte(nil)
	if args[2] == "fetch" {
		method = http.MethodGet
	} else {
		at += "/" + args[2]
		if len(args) > 3 {
			body = []byte(ts.ReadFile(args[3]))
		}
	}
	req, err := http.NewRequest(method, at, bytes.NewReader(body))
	ts.Check(err)
	req.Header.Set("X-Anaconda-System-Release", "Red Hat Enterprise Linux")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if failed := resp.StatusCode >= 300; failed != neg || neg && resp.StatusCode != http.StatusGone {
		ts.Fatalf("%s: %s", resp.Status, text)
	}
	if args[2] == "fetch" && !neg {
		ts.Check(os.WriteFile(ts.MkAbs(args[3]), text, 0o600))
	}
}

func TestKickstartConfig(t *testing.T) {
	c, err := parseConfig([]byte(`
[device]
hostname = "all"
disk = "sda"
[device.os]
remote = "mine"
[kickstart]
target = "rhel10"
source = "bootc"
image = "registry.example/edge/os:10"
osname = "edge"
language = "es_ES.UTF-8"
keyboard = "es"
time_servers = ["192.0.2.3", "ntp.example"]
kernel_args = ["console=ttyS0"]
wipe = "empty"
open_hash = true
[[kickstart.device]]
name = "one"
hostname = "one.example"
interface = "52:54:00:00:00:01"
`), "x", false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.kickstart()
	if err != nil || p.User != "admin" || p.Hostname != "all" || p.Disk != "sda" || p.Target != kickstart.RHEL10 || p.Wipe != kickstart.WipeEmpty || len(p.TimeServers) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	want := kickstart.Source{Kind: kickstart.Bootc, Remote: "mine", OSName: "edge", Image: "registry.example/edge/os:10"}
	if p.Source != want || !c.kick.openHash || len(c.kick.devices) != 1 || c.kick.devices[0].Network.Interface != "52:54:00:00:00:01" {
		t.Errorf("%+v", c.kick)
	}
}

func TestKickstartConfigFaults(t *testing.T) {
	for text, want := range map[string]string{
		"[kickstart]\nwipe = 'all'":                                                   "kickstart.wipe",
		"[kickstart]\nsource = 'dvd'":                                                 "kickstart.source",
		"[kickstart]\nimage = 'h/x:y'":                                                "kickstart.image: an image is for",
		"[kickstart]\npost = 'x.sh'":                                                  "no absolute path",
		"[kickstart]\ngroups = ['a b']":                                               "no group",
		"[kickstart]\nkernel_args = ['a b']":                                          "no argument of the kernel",
		"[kickstart]\ntarget = 'rhel8'":                                               "want rhel9, rhel10 or fedora",
		"[[kickstart.device]]\nname = 'a'\n[[kickstart.device]]\nname = 'a'":          "is there twice",
		"[[kickstart.device]]\nname = 'a'\ngateway = '192.0.2.1'":                     "a gateway needs an address",
		"[[kickstart.device]]\nname = 'a'\naddress = '192.0.2.1/24'\ngateway = '::1'": "another family",
		"[[kickstart.device]]\nname = 'a'\ndns = ['x']":                               "no address",
		"[[kickstart.device]]\nname = 'a'\nmac = 'x'":                                 "unknown key",
	} {
		if _, err := parseConfig([]byte(text), "x", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestKickstartFiles(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/post.sh"
	for text, want := range map[string]string{"echo hi\n": "", "if true\n": "does not understand", "%end\n": "a word of kickstarts"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := parseConfig([]byte("[kickstart]\npost = '"+file+"'\n"), "x", false)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.kickstart()
		if want == "" && (err != nil || p.Post != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want) || exitCode(err) != exitInvalid) {
			t.Errorf("%q: %q, %v", text, p.Post, err)
		}
	}
	c := config{kick: kickstartConfig{template: dir + "/none"}}
	if _, err := c.kickstart(); err == nil {
		t.Error("a file that is not there is taken")
	}
}

// Only an image of this very builder, and one without TLS, is fetched without TLS.
func TestPlainRegistry(t *testing.T) {
	for _, tt := range []struct {
		builder, image string
		plain          bool
	}{
		{"http://builder.example:8080", "builder.example:8080/os:1", true},
		{"http://builder.example", "builder.example:80/os:1", true},
		{"https://builder.example:8443", "builder.example:8443/os:1", false},
		{"http://builder.example:8080", "registry.example/os:1", false},
		{"http://builder.example:8080", "", false},
	} {
		if got := isPlain(kickstart.Params{Builder: tt.builder, Source: kickstart.Source{Image: tt.image}}); got != tt.plain {
			t.Errorf("%s of %s: %t", tt.image, tt.builder, got)
		}
	}
}
