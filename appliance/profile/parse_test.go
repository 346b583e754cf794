package profile

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"edge/appliance/toml"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParse(t *testing.T) {
	p, err := Parse(readFile(t, "testdata/full.toml"), "full.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(p.Registry.CA, "-----BEGIN CERTIFICATE-----\nMII") || len(p.OS.Key) != 44 {
		t.Errorf("certificate %q, key %q", p.Registry.CA, p.OS.Key)
	}
	p.Registry.CA, p.OS.Key = "", ""
	check := func(name string, kind Kind) Check {
		return Check{Name: name, Required: true, Kind: kind, Deadline: 30 * time.Second}
	}
	want := Profile{
		Blueprint: "demo_upgrade", Builder: "http://builder.example:8080", User: "admin",
		OS: OS{Remote: "edge", URL: "http://builder.example:8080/demo_upgrade/repo/", Ref: "rhel/9/x86_64/edge", Policy: PolicyWindow, Every: time.Hour, Delay: 10 * time.Minute,
			Window: Window{Days: []time.Weekday{0}, Begin: 2 * time.Hour, End: 4 * time.Hour, Zone: "Europe/Madrid"}, Grace: 30 * time.Minute, Keep: true},
		Updates:  Updates{EngineAppliance, 15 * time.Minute, 3 * time.Minute, 10 * time.Second},
		Health:   Health{3, false, 5 * time.Minute, 10 * time.Second},
		Registry: Registry{Insecure: []string{"builder.example:8080"}},
		Report:   Report{true, 5 * time.Minute},
		Host:     Host{true, false, "200M"},
		Apps: []App{
			{Name: "2048", Unit: "app1", Image: "builder.example:8080/2048:prod", Port: 8081, Target: 8081, Bind: "0.0.0.0", Proxy: ProxySystemd, Idle: 10 * time.Second,
				Probe: Probe{"/", 200, "2048"}, Memory: 256 << 20, Stop: 20 * time.Second, Start: time.Minute,
				Env: map[string]string{"GREETING": "good morning"}, Volumes: []string{"scores:/var/lib/scores:Z", "/srv/games:/games:ro"}},
			{Name: "simple-http", Unit: "httpd", Image: "builder.example:8080/simple-http:prod", Port: 8080, Target: 8080, Cold: true, Proxy: ProxySystemd, Idle: 10 * time.Second,
				Probe: Probe{Path: "/"}, Stop: 20 * time.Second, Start: time.Minute, Inner: 18080},
		},
	}
	git, zsh, id, ssh := check("git", KindCommand), check("zsh", KindBinary), check("machine-id", KindFile), check("ssh", KindUnit)
	git.Command, zsh.Target, id.Target, ssh.Target = []string{"git", "--help"}, "zsh", "/etc/machine-id", "sshd.service"
	runs, serves, port, web := check("game-runs", KindContainer), check("game-serves", KindHTTP), check("ssh-port", KindTCP), check("web", KindSocket)
	runs.Target, serves.URL, serves.Status, serves.Body, port.Target, web.Target = "app1", "http://127.0.0.1:8081/", 200, "2048", "127.0.0.1:22", "httpd"
	space, clock := check("space", KindDisk), check("clock", KindClock)
	space.Target, space.Free, space.Required, clock.Since = "/var", 1<<30, false, "2026-01-01T00:00:00Z"
	want.Checks = []Check{git, zsh, id, ssh, runs, serves, port, web, space, clock}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("Parse = %+v\nwant %+v", p, want)
	}
}

// What full.toml calls a default is one.
func TestDefaults(t *testing.T) {
	full := string(readFile(t, "testdata/full.toml"))
	isDefault := regexp.MustCompile(`(?m)^.*# default(;.*)?$`)
	if n := len(isDefault.FindAllString(full, -1)); n < 20 {
		t.Fatalf("%d lines are called defaults", n)
	}
	without := isDefault.ReplaceAllString(full, "")
	a, err := Parse([]byte(full), "full.toml")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse([]byte(without), "full.toml")
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("without its defaults the file says %+v, %v\nand with them %+v", b, err, a)
	}
	p, err := Parse([]byte(`user = "admin"`), "x")
	want := Defaults()
	want.User = "admin"
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("the shortest profile is %+v, %v, want %+v", p, err, want)
	}
}

const (
	top = "user = \"admin\"\n"
	one = top + "[[app]]\nname = \"a\"\nimage = \"quay.io/x/a:prod\"\nport = 8080\n"
)

func TestFaults(t *testing.T) {
	check := func(s string) string { return top + "[[check]]\nname = \"c\"\n" + s }
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "1:1: user is missing"},
		{"root", `user = "root"`, "1:1: user: apps do not run as root"},
		{"user with a $", `user = "a$"`, "no user"},
		{"user with a line", `user = "a\nb"`, "no user"},
		{"unknown key", top + "usr = 1", `2:1: unknown key "usr"`},
		{"inner is no key", one + "inner = 1", `unknown key "app[0].inner"`},
		{"blueprint", top + `blueprint = "a/b"`, "2:1: blueprint: "},
		{"builder with a user", top + `builder = "http://u:p@h"`, "no URL of a server"},
		{"builder with a query", top + `builder = "http://h?a"`, "no URL of a server"},
		{"builder by another protocol", top + `builder = "file:///h"`, "no URL of a server"},
		{"builder with a percent", top + `builder = "http://h/%25"`, "no URL of a server"},
		{"report to nobody", top + "[report]\nenabled = true", "3:1: report.enabled: there is nobody"},
		{"report often", top + "[report]\nevery = \"1s\"", `"1s" is not from 10s to 30d`},
		{"remote", top + "[os]\nremote = \"../x\"", "3:1: os.remote: "},
		{"repository", top + "[os]\nurl = \"http://h/a b\"", "no URL of a repository"},
		{"ref", top + "[os]\nref = \"../x\"", "no ref"},
		{"ref like a checksum", top + "[os]\nref = \"" + strings.Repeat("a", 64) + "\"", "no ref"},
		{"key", top + "[os]\nurl = \"http://h\"\nkey = \"AAAA\"", "4:1: os.key: "},
		{"key of nothing", top + "[os]\nkey = \"" + strings.Repeat("A", 43) + "=\"", "the key belongs to a remote"},
		{"policy", top + "[os]\nupdates = \"always\"", `want one of "off", "check", "stage", "window", "now"`},
		{"policy without a window", top + "[os]\nupdates = \"window\"", "3:1: os.updates: the window is missing"},
		{"policy with a window that is never", top + "[os]\nupdates = \"window\"\nwindow = \"\"", "os.updates: the window is missing"},
		{"engine", top + "[updates]\nengine = \"x\"", "updates.engine: want one of"},
		{"attempts", top + "[health]\nattempts = 0", "want a number from 1 to 10"},
		{"insecure", top + "[registry]\ninsecure = [\"http://h\"]", "no registry"},
		{"insecure with a line", top + "[registry]\ninsecure = [\"h\\n\"]", "no registry"},
		{"certificate", top + "[registry]\nca = \"x\"", "want certificates in PEM"},
		{"private key", top + "[registry]\nca = \"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\"", "want certificates in PEM"},
		{"certificate of rubbish", top + "[registry]\nca = \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\"", "reading a certificate"},
		{"journal", top + "[host]\njournal = \"200M\\nStorage=none\"", "no size of a journal"},

		{"app without all", top + "[[app]]\n", "2:3: app[0]: this is missing: name, image, port"},
		{"app without a port", top + "[[app]]\nname = \"a\"\nimage = \"q.io/a:b\"", "2:3: app[0]: this is missing: port"},
		{"name", top + "[[app]]\nname = \"A b\"", "no name"},
		{"name with a %", top + "[[app]]\nname = \"a%n\"", "no name"},
		{"unit", one + `unit = "a.b"`, "no name of a unit"},
		{"unit of the device", one + `unit = "quarantine"`, "device's own word"},
		{"name that is no unit", top + "[[app]]\nname = \"a.b\"\nimage = \"q.io/a:b\"\nport = 8080", "2:3: app[0]: unit is missing"},
		{"low port", strings.Replace(one, "8080", "80", 1), "choose one from 1024 on, such as 8080"},
		{"port beyond", strings.Replace(one, "8080", "65536", 1), "want a port"},
		{"bind", one + `bind = "eth0"`, "no address"},
		{"bind with a zone", one + `bind = "fe80::1%eth0"`, "no address"},
		{"proxy", one + `proxy = "nginx"`, "want one of"},
		{"idle", one + `idle = "0s"`, "not from 1s to 24h"},
		{"memory", one + `memory = "1MiB"`, "not from 6MiB to 4TiB"},
		{"image with a digest", strings.Replace(one, ":prod", "@sha256:"+strings.Repeat("a", 64), 1), "a digest, which no update would ever change"},
		{"image with both", strings.Replace(one, ":prod", ":prod@sha256:"+strings.Repeat("a", 64), 1), "a digest"},
		{"image without a tag", strings.Replace(one, ":prod", "", 1), "names no tag"},
		{"image without a registry", strings.Replace(one, "quay.io/", "", 1), "names no registry"},
		{"image with a port and no tag", strings.Replace(one, "quay.io/x/a:prod", "h:80/a", 1), "names no tag"},
		{"image with a space", strings.Replace(one, "x/a:", "x/a --privileged:", 1), "no image"},
		{"image with a variable", strings.Replace(one, "x/a:", "x/${HOME}:", 1), "no image"},
		{"image by transport", strings.Replace(one, "quay.io/", "docker://quay.io/", 1), "no image"},
		{"volume relative", one + `volumes = ["./a:/b"]`, "no source"},
		{"volume up", one + `volumes = ["/a/../etc:/b"]`, "no source"},
		{"volume of everything", one + `volumes = ["/:/b"]`, "no source"},
		{"volume onto everything", one + `volumes = ["a:/"]`, "no target"},
		{"volume with a comma", one + `volumes = ["a:/b,c"]`, "no target"},
		{"volume option", one + `volumes = ["a:/b:upperdir=/x"]`, `an option "upperdir=/x"`},
		{"volume twice", one + `volumes = ["a:/b", "c:/b"]`, `"/b" is there twice`},
		{"probe path", one + "[app.probe]\npath = \"x\"", "7:1: app[0].probe.path: "},
		{"probe path with a space", one + "[app.probe]\npath = \"/a b\"", "no path to ask for"},
		{"probe of a status without a path", one + "[app.probe]\npath = \"\"\nstatus = 200", "no status and no body"},
		{"probe body", one + "[app.probe]\nbody = \"(\"", "no regular expression"},
		{"probe body of size", one + "[app.probe]\nbody = \"" + strings.Repeat("a", 1001) + "\"", "it has 1001 bytes"},
		{"variable name", one + "[app.env]\n\"A B\" = \"\"", "no name of a variable"},
		{"variable with a line", one + "[app.env]\nA = \"x\\nIMAGE=y\"", "cannot be seen"},
		{"variable with a NUL", one + "[app.env]\nA = \"\\u0000\"", "cannot be seen"},
		{"variable that turns around", one + "[app.env]\nA = \"\\u202e\"", "cannot be seen"},
		{"variable of size", one + "[app.env]\nA = \"" + strings.Repeat("x", 4097) + "\"", "4097 bytes"},

		{"names twice", one + one[len(top):], `7:1: app[1].name: "a" is there twice`},
		{"units twice", one + strings.Replace(one[len(top):], `"a"`, "\"b\"\nunit = \"a\"", 1), "is the unit of app \"a\" already"},
		{"ports twice", one + strings.Replace(one[len(top):], `"a"`, `"b"`, 1), "port 8080 of the device belongs to app \"a\""},
		{"a name like another's unit", strings.Replace(one, "port", "unit = \"b\"\nport", 1) + strings.Replace(strings.Replace(one[len(top):], `"a"`, "\"b\"\nunit = \"c\"", 1), "8080", "8081", 1), "commands take either"},
		{"a unit like a proxy's", one + "cold = true\n" + strings.Replace(strings.Replace(one[len(top):], `"a"`, `"a-proxy"`, 1), "8080", "8081", 1), "what the proxy of a cold app is called"},
		{"too many apps", top + strings.Repeat("[[app]]\n", MaxApps+1), "at most 64"},

		{"check without all", top + "[[check]]\n", "2:3: check[0]: this is missing: name, kind"},
		{"kind", check(`kind = "ping"`), "4:1: check[0].kind: want one of"},
		{"command missing", check(`kind = "command"`), "check[0]: this is missing: command"},
		{"command of nothing", check("kind = \"command\"\ncommand = []"), "want a program"},
		{"command in a shell's words", check("kind = \"command\"\ncommand = [\"git --help\"]"), "no program"},
		{"command here", check("kind = \"command\"\ncommand = [\"./x\"]"), "no program"},
		{"command as text", check("kind = \"command\"\ncommand = \"git\""), "want a list"},
		{"command with a line", check("kind = \"command\"\ncommand = [\"git\", \"a\\nb\"]"), "cannot be seen"},
		{"target of a command", check("kind = \"command\"\ncommand = [\"git\"]\ntarget = \"x\""), `6:1: check[0].target: a check of kind "command" has no target`},
		{"user of a file", check("kind = \"file\"\ntarget = \"/x\"\nuser = true"), `kind "file" has no user`},
		{"file here", check("kind = \"file\"\ntarget = \"x\""), "no plain absolute path"},
		{"unit of no type", check("kind = \"unit\"\ntarget = \"sshd\""), "no unit"},
		{"unit as option", check("kind = \"unit\"\ntarget = \"--root.service\""), "no unit"},
		{"container of nobody", check("kind = \"container\"\ntarget = \"x\""), "no app is called"},
		{"socket of a warm app", one + "[[check]]\nname = \"c\"\nkind = \"socket\"\ntarget = \"a\"", "not cold"},
		{"container of nobody by name", one + "[[check]]\nname = \"c\"\nkind = \"container\"\ntarget = \"b\"", "no app is called"},
		{"http of a user", check("kind = \"http\"\nurl = \"http://a:b@h/\""), "no URL"},
		{"http of a file", check("kind = \"http\"\nurl = \"file:///etc/passwd\""), "no URL"},
		{"tcp without a port", check("kind = \"tcp\"\ntarget = \"h\""), "no HOST:PORT"},
		{"tcp beyond", check("kind = \"tcp\"\ntarget = \"h:99999\""), "no HOST:PORT"},
		{"disk without a size", check("kind = \"disk\"\ntarget = \"/\""), "check[0]: this is missing: free"},
		{"clock", check("kind = \"clock\"\nsince = \"yesterday\""), "no date"},
		{"deadline", check("kind = \"clock\"\ndeadline = \"2h\""), "not from 1s to 1h"},
		{"checks twice", check("kind = \"clock\"\n[[check]]\nname = \"c\"\nkind = \"clock\""), `6:1: check[1].name: "c" is there twice`},
		{"too many checks", top + strings.Repeat("[[check]]\n", maxChecks+1), "at most 64"},
		{"everything at once", "user = 1\n[os]\nevery = \"x\"\n", "1:1: user: want text in quotes, not 1\n  x:3:1: os.every: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse([]byte(tt.text), "x")
			var faults *toml.Error
			if !errors.Is(err, ErrInvalid) || !errors.As(err, &faults) {
				t.Fatalf("Parse = %+v, %v, want faults", p, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse: %v\nwant %q", err, tt.want)
			}
		})
	}
}

func TestForms(t *testing.T) {
	for _, text := range []string{
		"builder = \"http://[2001:db8::1]:8080/\"", "[registry]\ninsecure = [\"[::1]:5000\", \"h\", \"10.0.0.1:80\"]",
		"[os]\nurl = \"https://h.example/a/repo\"", "[host]\njournal = \"\"",
		"[[app]]\nname = \"a\"\nimage = \"[::1]:5000/x/y-z__q:v1.0_A\"\nport = 1024\nbind = \"::\"\nvolumes = []\nenv = {A = \"$HOME %n 'x' \\\\ \\\"\", A_1 = \"ü\"}\nprobe = {path = \"\"}",
		"[[app]]\nname = \"a\"\nimage = \"localhost/x:y\"\nport = 65535\ncold = true\nprobe.path = \"/a?b=c%20d\"",
		"[[check]]\nname = \"c\"\nkind = \"unit\"\ntarget = \"getty@tty1.service\"\nuser = true",
		"[[check]]\nname = \"c\"\nkind = \"http\"\nurl = \"https://h:1/a?b=%20#\"",
		"[check]\nname = \"c\"\nkind = \"container\"\ntarget = \"a\"\n[app]\nname = \"a\"\nimage = \"q.io/a:b\"\nport = 2000",
	} {
		if _, err := Parse([]byte(top+text), "x"); err != nil && !strings.Contains(text, "#") {
			t.Errorf("%s: %v", text, err)
		} else if err == nil && strings.Contains(text, "#") {
			t.Errorf("%s: no fault", text)
		}
	}
}
