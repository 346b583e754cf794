package device

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

const good = `{"format":1,"state":"complete","time":"2026-01-02T03:04:05Z","user":"admin","firewall":{},"items":[
	{"path":"/etc/a","kind":"file","mode":"0644","sha256":"` + "0000000000000000000000000000000000000000000000000000000000000000" + `"}]}`

func TestParseManifest(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"good":            {"", "", ""},
		"newer format":    {`"format":1`, `"format":2`, "format 2"},
		"unknown field":   {`"user"`, `"usr"`, "unknown field"},
		"state":           {`"complete"`, `"done"`, "unknown state"},
		"relative path":   {`"/etc/a"`, `"etc/a"`, "not the path"},
		"path upwards":    {`"/etc/a"`, `"/etc/../a"`, "not the path"},
		"root":            {`"/etc/a"`, `"/"`, "not the path"},
		"itself":          {`"/etc/a"`, `"` + ManifestPath + `"`, "not the path"},
		"mode":            {`"0644"`, `"4755"`, "no mode"},
		"sum":             {`"sha256":"0`, `"sha256":"x`, "no whole"},
		"kind":            {`"file"`, `"socket"`, "no whole"},
		"foreign home":    {`"mode"`, `"home":"/home/x","mode"`, "not below"},
		"port":            {`"firewall":{}`, `"firewall":{"added":["--panic-on"]}`, "no port"},
		"pending options": {`"firewall":{}`, `"firewall":{},"pending":{"changed":{"user":["--force.service"]},"gone":{}}`, "no unit"},
		"more after":      {"]}", "]}{}", "more after"},
		"truncated":       {"}]}", "", "unexpected"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseManifest([]byte(strings.Replace(good, tt.old, tt.new, 1)))
			if tt.want == "" {
				must(t, err)
				return
			}
			if !errors.Is(err, ErrManifest) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

// A damaged manifest stops everything: without it root would not know what is whose.
func TestDamagedManifest(t *testing.T) {
	root := plant(t, debianTree())
	write(t, root, ManifestPath, "{")
	before := listing(t, root)
	o := offline(t, root, parse(t))
	if _, err := Install(t.Context(), o); !errors.Is(err, ErrManifest) {
		t.Errorf("Install: %v", err)
	}
	if _, err := Uninstall(t.Context(), o); !errors.Is(err, ErrManifest) {
		t.Errorf("Uninstall: %v", err)
	}
	if _, err := Drift(root); !errors.Is(err, ErrManifest) {
		t.Errorf("Drift: %v", err)
	}
	differ(t, "tree", listing(t, root), before)
}

func TestDriftOfNothing(t *testing.T) {
	if _, err := Drift(plant(t, debianTree())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Drift = %v, want fs.ErrNotExist", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"format":1,"state":"applying","items":[{"path":"/etc/x","kind":"ini","line":{"key":"K","value":"V"},"old":["K=W"]}],"firewall":{"added":["1/tcp"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			return
		}
		again, err := m.encode()
		must(t, err)
		m2, err := ParseManifest(again)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, again)
		}
		third, err := m2.encode()
		must(t, err)
		if !reflect.DeepEqual(again, third) {
			t.Errorf("not stable:\n%s\n%s", again, third)
		}
	})
}
