package toml

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

// answers are what a reader of the test document gets.
type answers struct {
	Listen  string
	Private bool
	Keep    int
	Grace   time.Duration
	Memory  int64
	Level   string
	Allow   []string
	Apps    []appAnswers
}

type appAnswers struct {
	Name   string
	Port   int
	Path   string
	Env    map[string]string
	Mounts []string
}

func read(data string) (answers, *Reader) {
	r := Decode([]byte(data))
	a := answers{
		Listen:  Read(r, "server.listen", Text),
		Private: Read(r, "server.private", Bool),
		Keep:    ReadOr(r, "release.keep", 7, Count),
		Grace:   Read(r, "release.grace", Duration(time.Second, week)),
		Memory:  Read(r, "memory", Size(1<<20, 1<<30)),
		Level:   Read(r, "level", OneOf("low", "high")),
		Allow:   Read(r, "registry.allow", Texts(nil)),
	}
	for _, at := range r.Tables("app", 64) {
		a.Apps = append(a.Apps, appAnswers{
			Name: Read(r, at+".name", Checked(func(s string) error {
				if strings.Contains(s, " ") {
					return errors.New("no spaces")
				}
				return nil
			})),
			Port: ReadOr(r, at+".port", 80, Port),
			Path: Read(r, at+".probe.path", Text),
			Env: ReadTexts(r, at+".env", func(name, text string) error {
				if name == "BAD" {
					return errors.New("not this one")
				}
				return nil
			}),
		})
		for _, mount := range r.Tables(at+".mount", 2) {
			last := &a.Apps[len(a.Apps)-1]
			last.Mounts = append(last.Mounts, Read(r, mount+".source", Text))
		}
	}
	return a, r
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       answers
	}{
		{"empty", "", answers{Keep: 7}},
		{"tables", "memory = \"2MiB\"\nlevel = \"low\"\n[server]\nlisten = ':80'\nprivate = true\n[release]\nkeep = 0\ngrace = '2d'\n[registry]\nallow = ['a', 'b']\n",
			answers{Listen: ":80", Private: true, Grace: 48 * time.Hour, Memory: 2 << 20, Level: "low", Allow: []string{"a", "b"}}},
		{"dotted and inline", "server.listen = ':80'\nrelease = {keep = 3, grace = '1m'}\nregistry.allow = []\n",
			answers{Listen: ":80", Keep: 3, Grace: time.Minute, Allow: []string{}}},
		{"lists of tables", "[[app]]\nname = 'a'\n[app.probe]\npath = '/'\n[[app.mount]]\nsource = 'x'\n[[app.mount]]\nsource = 'y'\n[[app]]\nname = 'b'\nport = 1\nprobe.path = '/b'\n[app.env]\nA = '1'\n\"a.b\" = '2'\n",
			answers{Keep: 7, Apps: []appAnswers{{Name: "a", Port: 80, Path: "/", Mounts: []string{"x", "y"}},
				{Name: "b", Port: 1, Path: "/b", Env: map[string]string{"A": "1", "a.b": "2"}}}}},
		{"inline list of tables", "app = [{name = 'a'}, {name = 'b', env = {A = ''}}]\n",
			answers{Keep: 7, Apps: []appAnswers{{Name: "a", Port: 80}, {Name: "b", Port: 80, Env: map[string]string{"A": ""}}}}},
		{"one table for a list of one", "[app]\nname = 'a'\n", answers{Keep: 7, Apps: []appAnswers{{Name: "a", Port: 80}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, r := read(tt.text)
			if err := r.Err("x"); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("read = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"kinds", "memory = 1\nlevel = 'up'\n[server]\nlisten = 8080\nprivate = 'yes'\n[release]\nkeep = -1\ngrace = '9w'\n[registry]\nallow = 'a'\n", `1:1 memory: want text in quotes, not 1
2:1 level: want one of "low", "high", not "up"
4:1 server.listen: want text in quotes, not 8080
5:1 server.private: want true or false
7:1 release.keep: want a number, 0 or more
8:1 release.grace: "9w" is not from 1s to 1w
10:1 registry.allow: want a list`},
		{"unknown, at their places", "\n  sever = 1\n[server]\nport = 1\n'listen ' = 1\n[relase]\nkeep = 1\n[[app]]\n[app.prob]\n[[app]]\nenv = {A = 3, BAD = 'x'}\nmount = [{a = 1}]\n", `2:3 unknown key "sever"
4:1 unknown key "server.port"
5:1 unknown key "server.\"listen \""
6:2 unknown key "relase"
9:2 unknown key "app[0].prob"
11:8 app[1].env.A: want text in quotes, not 3
11:15 app[1].env.BAD: not this one
12:11 unknown key "app[1].mount[0].a"`},
		{"inline and dotted", "server = {listen = 1, port = 2}\nrelease.keep = 'a'\nrelease.kept = 1\n", `1:11 server.listen: want text in quotes, not 1
1:23 unknown key "server.port"
2:1 release.keep: want a number
3:1 unknown key "release.kept"`},
		{"of the second and its parts", "[[app]]\n[app.probe]\npath = 'a'\n[[app]]\nname = 'a b'\n[app.probe]\npath = 1\n[[app.mount]]\n[[app.mount]]\nsource = 2\n", `5:1 app[1].name: no spaces
7:1 app[1].probe.path: want text
10:1 app[1].mount[1].source: want text`},
		{"tables where none are", "server = 3\nregistry = [1]\n[[release]]\nkeep = 1\n", `1:1 server: want one table, [server]
2:1 registry: want one table
3:3 release: want one table`},
		{"lists where none are", "app = 3\n", `1:1 app: want tables, each beginning with [[app]]`},
		{"items that are no tables", "app = [{name = 'a'},\n  3, [1]]\n", `2:3 app: want a table
1:1 app: want a table`},
		{"too many items", "[[app]]\n[[app.mount]]\n[[app.mount]]\n[[app.mount]]\na = 1\n", `4:3 app[0].mount[2]: too many: at most 2`},
		{"other case", "[Server]\nlisten = 'a'\n[server]\nListen = 'b'\n", `1:2 unknown key "Server"
4:1 unknown key "server.Listen"`},
		{"TOML", "[server]\nlisten = \n[x]\n", "2:10 "},
		{"twice", "[server]\nprivate = true\nprivate = false\n", "3:1 "},
		{"a table twice", "[server]\n[server]\n", "2:"},
		{"a terminal's commands", "\"\\u001b[2J\" = 1\n", `1:1 unknown key "\"\\x1b[2J\""`},
		{"depth of keys", "a" + strings.Repeat(".a", maxDeep) + " = 1\n", "1:1 the key has more than 16 parts"},
		{"depth of values", "a = " + strings.Repeat("[", 100_000), "1:"},
		{"number of keys", strings.Repeat("[[a]]\n", maxKeys+1), "10001:3 the document has more than 10000 keys"},
		{"size", strings.Repeat("\n", MaxSize+1), "1:1 the document has 1048577 bytes, and 1048576 are allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, r := read(tt.text)
			var faults *Error
			if err := r.Err("x"); !errors.As(err, &faults) {
				t.Fatalf("Err = %v, want faults", err)
			}
			wants := map[string]bool{}
			for line := range strings.SplitSeq(tt.want, "\n") {
				wants[line] = true
			}
			for _, f := range faults.Faults {
				got := fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Text)
				found := false
				for want := range maps.Keys(wants) {
					if strings.HasPrefix(got, want) {
						found = true
						delete(wants, want)
						break
					}
				}
				if !found {
					t.Errorf("unwanted: %s", got)
				}
			}
			for want := range wants {
				t.Errorf("missing: %s", want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	_, r := read("b = 1\na = 1\n")
	want := "2 faults in \"some \\\"file\"\n  some \"file:1:1: unknown key \"b\"\n  some \"file:2:1: unknown key \"a\""
	if err := r.Err(`some "file`); err.Error() != want {
		t.Errorf("Err = %s\nwant %s", err, want)
	}
	if a, b := r.Err("x").Error(), r.Err("x").Error(); a != b {
		t.Errorf("asked twice: %s, then %s", a, b)
	}
	r = Decode([]byte("a = 1"))
	Read(r, "a", func(any) (int, error) { return 0, errors.New("red \x1b[31m\n text") })
	if text := r.Err("x").Error(); !strings.HasSuffix(text, "a: red ?[31m? text") {
		t.Errorf("a fault draws: %q", text)
	}
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, "k%d = 1\n", i)
	}
	if text := Decode([]byte(many.String())).Err("x").Error(); strings.Count(text, "\n") != maxTold+1 || !strings.HasSuffix(text, "and 200 more") {
		t.Errorf("300 faults are told in %d lines", strings.Count(text, "\n"))
	}
}

func TestNoFaultsBesideBrokenTOML(t *testing.T) {
	r := Decode([]byte("[["))
	r.Note("a", errors.New("b"))
	var faults *Error
	if err := r.Err("x"); !errors.As(err, &faults) || len(faults.Faults) != 1 || r.Has("a") {
		t.Errorf("Err = %v, want one fault", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("[server]\nlisten = \":80\"\n[release]\nkeep = 3\n")
	f.Add("[[app]]\nname = 'A'\n[app.probe]\npath = 3\n[[app]]\nport = 0\n[[app.mount]]\n[registry]\nallow = ['x', 3]\n")
	f.Add("app = [{name = 3}]\nregistry.allow = {}\n")
	f.Add("a.b = {c = [1, {d = 1}]}\n[[x]]\n'y' = 'z'\n\"a\\u0000\".b = 1979-05-27\n")
	f.Fuzz(func(t *testing.T, data string) {
		got, r := read(data)
		err := r.Err("x")
		if err == nil {
			if again, _ := read(data); !reflect.DeepEqual(got, again) {
				t.Errorf("%q reads as %+v and as %+v", data, got, again)
			}
			return
		}
		var faults *Error
		if !errors.As(err, &faults) || len(faults.Faults) == 0 {
			t.Fatalf("Err = %v", err)
		}
		lines := strings.Count(data, "\n") + 1
		for _, f := range faults.Faults {
			if f.Line < 1 || f.Line > lines || f.Column < 1 {
				t.Errorf("%q: a fault without a place: %+v", data, f)
			}
		}
		if strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q: control characters in %q", data, err)
		}
	})
}
