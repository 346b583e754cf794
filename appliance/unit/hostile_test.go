package unit

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"edge/appliance/profile"
)

// field is one text somewhere in a profile.
type field struct {
	name string
	set  func(string)
}

// fields finds every text of a profile, also those in slices and maps.
func fields(p *profile.Profile) []field {
	var all []field
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			all = append(all, field{name, v.SetString})
		case reflect.Struct:
			for i := range v.NumField() {
				walk(name+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", name, i), v.Index(i))
			}
		case reflect.Map:
			for _, key := range slices.Sorted(maps.Keys(v.Interface().(map[string]string))) {
				all = append(all, field{name + "[" + key + "]", func(s string) {
					v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(s))
				}}, field{name + " name of " + key, func(s string) {
					v.SetMapIndex(reflect.ValueOf(s), v.MapIndex(reflect.ValueOf(key)))
					if s != key {
						v.SetMapIndex(reflect.ValueOf(key), reflect.Value{})
					}
				}})
			}
		}
	}
	walk("profile", reflect.ValueOf(p).Elem())
	return all
}

// styles are the options that hostile profiles are tried with.
var styles = []Options{
	plainOptions,
	with(func(o *Options) { o.Style, o.Podman, o.Greenboot = Quadlet, Version{5, 0}, greenbootBash }),
}

// scene is a profile that is to be attacked, and what is made of it unharmed.
type scene struct {
	options Options
	shape   []string
}

func scenes(t testing.TB) []scene {
	t.Helper()
	var all []scene
	for _, o := range styles {
		before, err := Entries(target(o), o)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scene{o, shape(before)})
	}
	return all
}

// target is full, as far as the style can say it.
func target(o Options) profile.Profile {
	p := full()
	if o.Style == Quadlet {
		p.Apps[0].Volumes = p.Apps[0].Volumes[:1]
	}
	return p
}

// Whatever a text of a profile is: it is refused, or it means itself and changes nothing else.
func TestHostileTexts(t *testing.T) {
	accepted := map[string]int{}
	for _, c := range scenes(t) {
		base := target(c.options)
		for n, f := range fields(&base) {
			for _, s := range hostile {
				if c.try(t, n, s) && c.options.Style != Quadlet {
					accepted[f.name]++
				}
			}
		}
	}
	// Free texts must get through, or nothing was proved.
	for _, name := range []string{"profile.Apps[0].Env[EMPTY]", "profile.Apps[0].Volumes[1]"} {
		if accepted[name] < len(hostile)/2 {
			t.Errorf("%s: only %d of %d texts were accepted", name, accepted[name], len(hostile))
		}
	}
}

// FuzzEntries puts a text into a field of a profile.
func FuzzEntries(f *testing.F) {
	all := scenes(f)
	base := full()
	for n := range fields(&base) {
		f.Add(uint8(n), hostile[n%len(hostile)], n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, n uint8, s string, quadlet bool) {
		if quadlet {
			all[1].try(t, int(n), s)
		} else {
			all[0].try(t, int(n), s)
		}
	})
}

// try writes the profile with s in its nth field, and reports whether it was accepted.
func (c scene) try(t *testing.T, n int, s string) bool {
	t.Helper()
	p := target(c.options)
	all := fields(&p)
	f := all[n%len(all)]
	f.set(s)
	after, err := Entries(p, c.options)
	if err != nil {
		if !errors.Is(err, profile.ErrInvalid) && !errors.Is(err, ErrStyle) {
			t.Errorf("%s = %.60q: %v", f.name, s, err)
		}
		return false
	}
	for _, shape := range shape(after) {
		if s != "" && !slices.Contains(c.shape, shape) { // "" takes things away on purpose
			t.Errorf("%s = %.60q: something new: %.300s", f.name, s, shape)
		}
	}
	if err := faithful(p, c.options, after); err != nil {
		t.Errorf("%s = %.60q: %v", f.name, s, err)
	}
	return true
}

// roots are all places that entries may be in.
var roots = []string{"/etc/systemd/user/", "/etc/appliance/units/", "/etc/systemd/user-preset/", "/etc/systemd/system-preset/", "/etc/systemd/system/", "/etc/systemd/journald.conf.d/", "/etc/containers/", "/etc/appliance/apps/",
	"/etc/greenboot/", "/etc/ostree/remotes.d/", "/etc/tmpfiles.d/appliance.conf", "/etc/sudoers.d/50-appliance", "/var/lib/systemd/linger/",
	"/var/home/admin/.config/systemd/user/"}

// shape says for each entry where it is, what may be done with it, and which settings it has.
func shape(all []Entry) []string {
	var out []string
	for _, e := range all {
		root := "outside " + e.Path
		for _, r := range roots {
			if strings.HasPrefix(e.Path, r) && path.Clean(e.Path) == e.Path {
				root = r
			}
		}
		s := fmt.Sprintf("%s%s %v private=%t late=%t link=%t", root, path.Ext(e.Path), e.Mode, e.Private, e.Late, e.Link != "")
		var keys []string
		for _, line := range strings.Split(e.Text, "\n") {
			key, _, _ := strings.Cut(strings.TrimSpace(line), "=")
			if (strings.HasPrefix(root, "/etc/systemd/") && !strings.Contains(root, "preset") || root == unitTexts) && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "    ") {
				keys = append(keys, key)
			} else {
				keys = append(keys, "·") // a line; what is in it is judged by faithful
			}
		}
		if strings.HasPrefix(root, "/etc/containers/certs.d") || strings.Contains(root, "/etc/systemd/system/") || strings.Contains(root, "preset") {
			keys = slices.Compact(keys)
		}
		out = append(out, s+" "+strings.Join(keys, "|"))
	}
	return out
}

// faithful reads the files back and wants what the profile says, no more and no less.
func faithful(p profile.Profile, o Options, all []Entry) error {
	files := map[string]Entry{}
	for _, e := range all {
		files[e.Path] = e
	}
	for _, a := range p.Apps {
		if len(a.Env) > 0 {
			env, err := readPodmanEnv(files["/etc/appliance/apps/"+a.Unit+".container.env"].Text)
			if err != nil || !maps.Equal(env, a.Env) {
				return fmt.Errorf("environment %q became %q, %v", a.Env, env, err)
			}
		}
		if o.Style == Quadlet {
			continue // its texts are of harmless characters only
		}
		if err := faithfulService(p, a, files); err != nil {
			return fmt.Errorf("%s: %w", a.Unit, err)
		}
	}
	for _, e := range all {
		if strings.HasPrefix(e.Path, "/etc/greenboot/") {
			lines := strings.Split(e.Text, "\n")
			if len(lines) != 4 || strings.Trim(lines[2], harmless+" ") != "" || !strings.HasPrefix(lines[2], "exec timeout --preserve-status -k 10 ") {
				return fmt.Errorf("check %q", lines)
			}
		}
		if strings.Contains(e.Path, "sudoers") && strings.Count(e.Text, "NOPASSWD") != 1 {
			return fmt.Errorf("rights %q", e.Text)
		}
	}
	return nil
}

func faithfulService(p profile.Profile, a profile.App, files map[string]Entry) error {
	name := "container-" + a.Unit + ".service"
	settings, err := readUnit(files["/etc/appliance/units/"+name].Text)
	if err != nil {
		return err
	}
	_, image, _ := strings.Cut(strings.TrimSpace(files["/etc/appliance/apps/"+a.Unit+".env"].Text), "\nIMAGE=")
	if image != a.Image || strings.ContainsAny(image, " \\\"'$#\n") {
		return fmt.Errorf("image %q became %q", a.Image, image)
	}
	w := world{map[byte]string{'n': name, 't': "/run/user/1000"}, map[string]string{"IMAGE": image}}
	want := map[string][]string{
		"ExecStart":     containerArgv(p, a, "/run/user/1000/"+name+".ctr-id"),
		"ExecStartPost": {"/usr/local/bin/appliance", "device", "probe", "--app", a.Unit, "--deadline", "60s"},
		"ExecStartPre":  {"/usr/bin/rm", "-f", "/run/user/1000/" + name + ".ctr-id"},
		"ExecStop":      {"/usr/bin/podman", "stop", "-t", "20", "--ignore", "--cidfile=/run/user/1000/" + name + ".ctr-id"},
		"ExecStopPost":  {"/usr/bin/podman", "rm", "-f", "--ignore", "--cidfile=/run/user/1000/" + name + ".ctr-id"},
	}
	if a.Cold {
		want["ExecStartPost"] = append(want["ExecStartPost"], "--backend")
	}
	for _, s := range settings {
		if !strings.HasPrefix(s.key, "Exec") {
			continue
		}
		got, err := w.argv(s.value)
		if err != nil || !slices.Equal(got, want[s.key]) {
			return fmt.Errorf("%s is %q, want %q, %w", s.key, got, want[s.key], err)
		}
		delete(want, s.key)
	}
	if len(want) > 0 {
		return fmt.Errorf("not there: %v", want)
	}
	return nil
}

// containerArgv is what podman must be told for an app.
func containerArgv(p profile.Profile, a profile.App, cid string) []string {
	argv := []string{"/usr/bin/podman", "run", "-d", "--replace", "--rm", "--name", a.Unit, "--cidfile=" + cid, "--cgroups=no-conmon",
		"--sdnotify=conmon", "--pull=missing", "--security-opt=no-new-privileges", "-p"}
	ports := strconv.Itoa(a.Port) + ":" + strconv.Itoa(a.Target)
	switch {
	case a.Cold:
		ports = "127.0.0.1:" + strconv.Itoa(a.Inner) + ":" + strconv.Itoa(a.Target)
	case strings.Contains(a.Bind, ":"):
		ports = "[" + a.Bind + "]:" + ports
	case a.Bind != "":
		ports = a.Bind + ":" + ports
	}
	argv = append(argv, ports)
	if p.Updates.Engine == profile.EnginePodman {
		argv = append(argv, "--label", "io.containers.autoupdate=registry")
	}
	if a.Memory > 0 {
		argv = append(argv, "--memory="+strconv.FormatInt(a.Memory, 10)+"b")
	}
	if len(a.Env) > 0 {
		argv = append(argv, "--env-file=/etc/appliance/apps/"+a.Unit+".container.env")
	}
	for _, v := range a.Volumes {
		argv = append(argv, "-v", v)
	}
	return append(argv, a.Image)
}

// Numbers that no unit should have are refused.
func TestHostileNumbers(t *testing.T) {
	for name, change := range map[string]func(*profile.Profile){
		"port 0":           func(p *profile.Profile) { p.Apps[0].Port = 0 },
		"port 65536":       func(p *profile.Profile) { p.Apps[0].Target = 65536 },
		"no inner port":    func(p *profile.Profile) { p.Apps[1].Inner = 0 },
		"negative memory":  func(p *profile.Profile) { p.Apps[0].Memory = -1 },
		"negative stop":    func(p *profile.Profile) { p.Apps[0].Stop = -time.Second },
		"no start":         func(p *profile.Profile) { p.Apps[0].Start = 0 },
		"no idle time":     func(p *profile.Profile) { p.Apps[1].Idle = 0 },
		"updates all day":  func(p *profile.Profile) { p.Updates.Every = 0 },
		"negative jitter":  func(p *profile.Profile) { p.Updates.Jitter = -1 },
		"reports all day":  func(p *profile.Profile) { p.Report.Every = 0 },
		"os all day":       func(p *profile.Profile) { p.OS.Every = 0 },
		"no deadline":      func(p *profile.Profile) { p.Health.Deadline = 0 },
		"many attempts":    func(p *profile.Profile) { p.Health.Attempts = 1 << 40 },
		"eternal deadline": func(p *profile.Profile) { p.Health.Deadline = 1 << 62 },
		"window":           func(p *profile.Profile) { p.OS.Window.Begin = 25 * time.Hour },
		"day":              func(p *profile.Profile) { p.OS.Window.Days = []time.Weekday{9} },
	} {
		p := full()
		change(&p)
		if _, err := Entries(p, plainOptions); !errors.Is(err, profile.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
