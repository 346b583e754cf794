package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"edge/appliance/app"
	"edge/appliance/profile"
)

func TestParseConfig(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       config
		faults     string
	}{
		{name: "empty"},
		{name: "all", text: "[server]\nlisten = \":80\"\nurl = \"http://builder\"\nprivate = true\nmax_upload = \"8GiB\"\n[release]\ngrace = \"2d\"\nkeep = 3\n",
			want: config{listen: ":80", url: "http://builder", private: true, maxUpload: 8 << 30, grace: 48 * time.Hour, keep: 3}},
		{name: "dotted", text: "release.keep = 3\nserver.listen = \"[::1]:80\"\n", want: config{listen: "[::1]:80", keep: 3}},
		{name: "inline", text: "server = { private = true }\n", want: config{private: true}},
		{name: "all faults at once",
			text: "[server]\nlisten = 8080\n  port = 1\nurl = \"builder\"\nprivate = \"yes\"\n\n[release]\ngrace = \"soon\"\nkeep = -1\n\n[relase]\nkeep = 1\n",
			faults: `2:1 server.listen: want text in quotes, not 8080
3:3 unknown key "server.port"
4:1 server.url: "builder" is no URL of a server: want http://HOST:PORT
5:1 server.private: want true or false
8:1 release.grace: "soon" is no duration: want one such as 30s, 12h, 30d or 2w
9:1 release.keep: want a number, 0 or more
11:2 unknown key "relase"`},
		{name: "apps",
			text: "[[app]]\nname = \"2048\"\nsource = \"quay.io/someone/2048\"\nunit = \"app1\"\nport = 8081\n[[app]]\nimage = \"quay.io/someone/web\"\ntag = \"stable\"\ncold = true\n",
			want: config{apps: []app.App{{Name: "2048", Image: "2048", Source: "quay.io/someone/2048", Tag: "prod", Unit: "app1", Port: 8081},
				{Name: "web", Image: "quay.io/someone/web", Tag: "stable", Cold: true}}}},
		{name: "registry", text: "[registry]\nallow = [\"quay.io/someone\"]\ntoken_hosts = [\"auth.docker.io\"]\nimmutable = []\nprivate = true\nauth_file = \"/a.json\"\ncert_dir = \"/c\"\n",
			want: config{registry: registryConfig{allow: []string{"quay.io/someone"}, tokenHosts: []string{"auth.docker.io"}, immutable: []string{}, private: true, authFile: "/a.json", certDir: "/c"}}},
		{name: "faults of apps",
			text: "[[app]]\nname = \"a\"\n[[app]]\nname = \"a\"\nport = 99999\n\ntag = \"a/b\"\n[[app]]\nunit = \"a b\"\n[registry]\nallow = \"quay.io\"\nimmutable = [\"[\"]\nauth_file = \"a\"\n",
			faults: `4:1 app[1].name: "a" is there twice
5:1 app[1].port: want a port
7:1 app[1].tag: parsing tag "a/b"
8:3 app[2]: an app has a name or an image
9:1 app[2].unit: "a b" is no name of a unit
11:1 registry.allow: want a list
12:1 registry.immutable: "[" is no pattern
13:1 registry.auth_file: "a" is no absolute path`},
		{name: "faults of apps in one line", text: "\napp = [{name = \"a\", source = \"nginx\"}]\n", faults: `2:21 app[0].source: "nginx" is no image of a registry`},
		{name: "one app that is no list", text: "[app]\nname = \"a\"\n", want: config{apps: []app.App{{Name: "a", Image: "a", Tag: "prod"}}}},
		{name: "a fault of TOML", text: "[server]\nlisten = \n", faults: "2:10 unexpected character"},
		{name: "twice", text: "[server]\nprivate = true\nprivate = false\n", faults: "3:1 "},
		{name: "wrong kind of table", text: "server = 3\n", faults: "1:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "a.toml")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := loadConfig(file, false)
			got.device, got.blueprint, got.netboot = deviceConfig{}, blueprintConfig{}, netbootConfig{} // are for tests of their own
			if tt.faults == "" {
				if err != nil || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("config = %+v, %v, want %+v", got, err, tt.want)
				}
				return
			}
			if err == nil || exitCode(err) != exitInvalid {
				t.Fatalf("error = %v, want faults", err)
			}
			_, text, _ := strings.Cut(err.Error(), "\n")
			wants := strings.Split(tt.faults, "\n")
			for i, line := range strings.Split(text, "\n") {
				place, words, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), file+":"), ": ")
				got := place + " " + words
				if i >= len(wants) || !strings.HasPrefix(got, wants[i]) {
					t.Errorf("fault %d = %q", i+1, got)
				}
			}
			if n := strings.Count(text, "\n") + 1; n != len(wants) {
				t.Errorf("%d faults, want %d:\n%s", n, len(wants), text)
			}
		})
	}
}

func TestConfigPlace(t *testing.T) {
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.toml"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file that was asked for: %v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("[server]\nlisten = \":80\"\n[release]\nkeep = 3\n"))
	f.Add([]byte("[[app]]\nname = 'A'\n[[app]]\nport = 0\n[registry]\nallow = ['x', 3]\n"))
	f.Add([]byte("app = [{name = 3}]\nregistry.allow = {}\n"))
	f.Add([]byte("a.b = {c = 1}\n[[x]]\n'y' = 'z'\n"))
	f.Add([]byte("[device]\nuser = 'u'\n[device.os]\nwindow = '02:00-03:00'\n[[check]]\nname = 'c'\nkind = 'clock'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data, "x", true)
		if err != nil {
			return
		}
		// What a builder takes for its devices, they take.
		if _, err := c.template("http://builder.example:8080"); err != nil && len(c.device.profile.Apps) <= profile.MaxApps {
			t.Errorf("%q: %v", data, err)
		}
	})
}

// The configuration that README.md shows is one.
func TestReadmeConfig(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, part := range strings.Split(string(readme), "```toml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		text += block
	}
	c, err := parseConfig([]byte(text), "README.md", false)
	if err != nil || c.listen != ":8080" || len(c.apps) != 1 || len(c.registry.allow) != 1 {
		t.Errorf("README.md configures %+v, %v", c, err)
	}
}
