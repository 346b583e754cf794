package kickstart

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// seen is a kickstart as a reader sees it that shares nothing with the lint: lines broken where Python breaks
// them, words found by a pattern, scripts as skeletons without what stands in their quotes.
type seen struct {
	commands [][]string
	headers  []string
	scripts  []string
}

var (
	lineBreaks = regexp.MustCompile("\r\n|[\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029]")
	wordForm   = regexp.MustCompile(`(?:[^\s"'#\\]|"(?:[^"\\]|\\.)*"|'[^']*')+`)
	quoted     = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	escaped    = regexp.MustCompile(`\\(.)`)
	inQuotes   = regexp.MustCompile(`'[^'\n]*'`)
)

func look(text string) seen {
	var s seen
	script := -1
	for _, line := range lineBreaks.Split(text, -1) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "%end"):
			script = -1
		case strings.HasPrefix(trimmed, "%p"), strings.HasPrefix(trimmed, "%on"):
			s.headers = append(s.headers, trimmed)
			s.scripts = append(s.scripts, "")
			script = len(s.scripts) - 1
		case script >= 0:
			s.scripts[script] += inQuotes.ReplaceAllString(line, "Q") + "\n"
		case trimmed != "" && trimmed[0] != '#':
			var words []string
			for _, w := range wordForm.FindAllString(trimmed, -1) {
				words = append(words, quoted.ReplaceAllStringFunc(w, func(q string) string { return escaped.ReplaceAllString(q[1:len(q)-1], "$1") }))
			}
			s.commands = append(s.commands, words)
		}
	}
	return s
}

// find is the command with a name.
func (s seen) find(t *testing.T, name string) []string {
	t.Helper()
	for _, c := range s.commands {
		if c[0] == name {
			return c
		}
	}
	t.Fatalf("there is no %s in %q", name, s.commands)
	return nil
}

func (s seen) shape() string {
	var names []string
	for _, c := range s.commands {
		names = append(names, fmt.Sprint(c[0], len(c)))
	}
	return strings.Join(append(append(names, s.headers...), s.scripts...), "\n")
}

// places are the parameters that are text, one after the other.
func places(p *Params) map[string]*string {
	return map[string]*string{
		"blueprint": &p.Blueprint, "device": &p.Device, "builder": &p.Builder, "key": &p.Key, "hostname": &p.Hostname, "timezone": &p.Timezone,
		"keyboard": &p.Keyboard, "language": &p.Language, "server": &p.TimeServers[0], "disk": &p.Disk, "kernel": &p.KernelArgs[0], "user": &p.User,
		"group": &p.Groups[0], "ssh": &p.SSHKeys[0], "hash": &p.PasswordHash, "token": &p.EnrolToken, "callback": &p.Callback, "sum": &p.Programs[0].SHA256,
		"arch": &p.Programs[0].Arch, "osname": &p.Source.OSName, "remote": &p.Source.Remote, "ref": &p.Source.Ref, "url": &p.Source.URL,
		"interface": &p.Network.Interface, "image": &p.Source.Image, "kind": (*string)(&p.Source.Kind), "wipe": (*string)(&p.Wipe), "target": (*string)(&p.Target),
	}
}

// hostile are texts that mean something somewhere.
var hostile = []string{
	"a\nrootpw x", "a\r%end", "a\u2028%end", "%end", "a\"b", "a'b", "a' ; reboot ; '", "$(reboot)", "`reboot`", "a b", "a#b", "a\\", "{{.Key}}", "--all",
	"../../x", "a\x00b", "é", strings.Repeat("a", 5000), "a;b", "a|b", "%include /x", "<<EOF", "-x", "",
}

// No value gets out of its place: it is refused, or the kickstart keeps its shape and has the value where it
// belongs.
func TestNoEscape(t *testing.T) {
	p := full()
	shape := look(render(t, p)).shape()
	for name := range places(&p) {
		for _, value := range append(hostile, "ok") {
			escapes(t, name, value, shape)
		}
	}
}

func escapes(t *testing.T, name, value, shape string) {
	t.Helper()
	p := full()
	*places(&p)[name] = value
	out, err := Render(p)
	if err != nil {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %q: %v", name, value, err)
		}
		if faulty := (*FaultyError)(nil); errors.As(err, &faulty) {
			t.Errorf("%s %q is noticed by the lint only: %v", name, value, err)
		}
		return
	}
	got := look(string(out))
	if changes := name == "kind" || name == "image" || name == "wipe" || value == ""; !changes && withoutMachine(got.shape()) != withoutMachine(shape) {
		t.Errorf("%s %q changes the shape:\n%s\ninstead of\n%s", name, value, got.shape(), shape)
	}
	wants := map[string][2]string{
		"hostname": {"network", "--hostname=" + value}, "user": {"user", "--name=" + value}, "group": {"user", "--groups=" + value + ",dialout"}, "hash": {"user", "--password=" + value},
		"ssh": {"sshkey", value}, "timezone": {"timezone", value}, "url": {"ostreesetup", "--url=" + value}, "ref": {"ostreesetup", "--ref=" + value}, "kernel": {"bootloader", "--append=" + value + " quiet"},
	}
	if want, there := wants[name]; there && value != "" {
		if words := got.find(t, want[0]); !slices.Contains(words, want[1]) {
			t.Errorf("%s %q became %q", name, value, words)
		}
	}
}

// withoutMachine takes out what is meant to differ and stands in no quotes.
func withoutMachine(shape string) string {
	return regexp.MustCompile(`(?m)^(x86_64|aarch64)\) .*$`).ReplaceAllString(shape, "CASE")
}

func FuzzParams(f *testing.F) {
	p := full()
	names := []string{}
	for name := range places(&p) {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range names {
		for _, value := range hostile[:20] {
			f.Add(i, value)
		}
		f.Add(i, *places(&p)[names[i]])
	}
	out, err := Render(p)
	if err != nil {
		f.Fatal(err)
	}
	shape := look(string(out)).shape()
	f.Fuzz(func(t *testing.T, i int, value string) {
		if i < 0 || i >= len(names) {
			return
		}
		escapes(t, names[i], value, shape)
	})
}

// Snippets and templates are the operator's own, and still cannot end the section that they stand in.
func FuzzSnippet(f *testing.F) {
	for _, s := range append(hostile, "true", "cat <<'EOF'\n%end\nEOF", "if true; then", "echo hi\n\t%end", "echo\u2028%end") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		p := base()
		headers := len(look(render(t, p)).headers)
		p.Post = script
		out, err := Render(p)
		if err != nil {
			return
		}
		got := look(string(out))
		want := headers + 1
		if script == "" {
			want--
		}
		if len(got.headers) != want || len(got.commands) != len(look(render(t, base())).commands) {
			t.Errorf("%q makes the headers %q and the commands %q", script, got.headers, got.commands)
		}
	})
}

func TestAllFaultsAtOnce(t *testing.T) {
	p := base()
	p.Hostname, p.Timezone, p.User, p.Programs, p.Disk, p.Source.Ref = "a b", "now!", "root", nil, "../sda", ""
	p.Network = Network{Address: netip.MustParsePrefix("192.0.2.1/24"), Gateway: netip.MustParseAddr("2001:db8::1")}
	p.PasswordHash = "hunter2"
	err := p.Validate()
	for _, want := range []string{`hostname: "a b" is no name`, "time zone", "apps do not run as root", "no program for any device", `disk: "../sda" is no disk`, "ref: it is needed", "another family", "password hash: this is no hash"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in %v", want, err)
		}
	}
	if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestTemplates(t *testing.T) {
	for template, want := range map[string]string{
		"{{":                       "reading the template",
		"{{.Nothing}}":             "filling the template",
		`{{template "nothing" .}}`: "nothing",
		`{{template "kickstart" .}}{{range $i := .Programs}}{{template "again" .}}{{end}}{{define "again"}}x{{template "again" .}}{{end}}`: "filling the template",
		"rootpw --plaintext secret\nreboot":          "in the clear",
		"auth --x\n":                                 "",
		"clearpart --all\nreboot\n":                  "wipes every disk",
		"reboot\n%post --erroronfail\nif true\n%end": "does not understand",
	} {
		p := base()
		p.Template = template
		if _, err := Render(p); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", template, err)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		product       string
		usual, target Target
	}{
		{"", RHEL9, RHEL9}, {"", Fedora, Fedora}, {"Fedora", RHEL9, Fedora}, {"Fedora", RHEL10, Fedora},
		{"Red Hat Enterprise Linux", RHEL9, RHEL9}, {"Red Hat Enterprise Linux", RHEL10, RHEL10}, {"Red Hat Enterprise Linux", Fedora, RHEL9},
		{"CentOS Stream", RHEL10, RHEL10}, {"Red Hat Enterprise Linux 10.1", RHEL9, RHEL10}, {"CentOS Stream 9", RHEL10, RHEL9}, {"Some OS 42", RHEL10, RHEL10}, {strings.Repeat("fedora", 99), RHEL9, RHEL9},
	} {
		if got := ForInstaller(tt.product, tt.usual); got != tt.target {
			t.Errorf("%q, usually %s: %s, want %s", tt.product, tt.usual, got, tt.target)
		}
	}
	for ref, want := range map[string]Target{"rhel/9/x86_64/edge": RHEL9, "rhel/10/aarch64/edge": RHEL10, "centos/9/x86_64/edge": RHEL9, "rhel/10.1/x/edge": RHEL10, "fedora/43/x86_64/iot": Fedora, "debian/12/x86_64/edge": "", "rhel/99/x": "", "": ""} {
		if got := TargetOfRef(ref); got != want {
			t.Errorf("%q: %q, want %q", ref, got, want)
		}
	}
	for _, s := range []string{"", "RHEL9", "rhel8"} {
		if _, err := ParseTarget(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
