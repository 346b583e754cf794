package blueprint

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"edge/appliance/toml"
)

// MaxSize of a blueprint, in bytes.
const MaxSize = 256 << 10

// Document is a blueprint's text and what it says. Lists have the order of the text.
type Document struct {
	Name           Name      `json:"name"`
	Version        Version   `json:"version"` // "": the text has none
	Description    string    `json:"description,omitempty"`
	Distro         string    `json:"distro,omitempty"`
	Architecture   string    `json:"architecture,omitempty"`
	Packages       []Package `json:"packages"`                  // and modules, which are packages too
	Groups         []string  `json:"groups,omitempty"`          // of packages
	EnabledModules []string  `json:"enabled_modules,omitempty"` // NAME:STREAM
	Containers     []string  `json:"containers,omitempty"`      // sources
	Users          []string  `json:"users,omitempty"`
	Text           string    `json:"text"` // TOML

	passwords []password
}

// Package is an RPM by name; version "" or "*" is any.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// password of a user, where it stands and what it is.
type password struct {
	key, user, text string
	hashed          bool
}

// Secret tells whether the text holds hashes of passwords.
func (d Document) Secret() bool { return len(d.passwords) > 0 }

// Parse reads a blueprint strictly; the error has every fault with its line and column, and is
// ErrDocument. name is what the error calls it.
func Parse(text []byte, name string) (Document, error) {
	if len(text) > MaxSize {
		return Document{}, &DocumentError{fmt.Errorf("reading %.200q: it has %d bytes, and a blueprint has at most %d", name, len(text), MaxSize)}
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	r := toml.Decode(text)
	d := read(r)
	d.Text = string(text)
	for _, p := range d.passwords {
		if p.hashed && !strings.Contains(d.Text, p.text) {
			r.Note(p.key, errors.New("write the hash as it is, without escapes: then it is found where it has to be hidden"))
		}
	}
	if err := r.Err(name); err != nil {
		return Document{}, &DocumentError{err}
	}
	return d, nil
}

// ErrDocument is the cause of every refusal of a blueprint's text.
var ErrDocument = errors.New("not a usable blueprint")

// DocumentError is what is wrong in a blueprint's text.
type DocumentError struct{ error }

// Is makes a DocumentError an ErrDocument.
func (e *DocumentError) Is(target error) bool { return target == ErrDocument }

// Unwrap gives the faults.
func (e *DocumentError) Unwrap() error { return e.error }

func read(r *toml.Reader) Document {
	root := readStrictly(r)
	d := Document{
		Description:  textOf(root["description"]),
		Distro:       textOf(root["distro"]),
		Architecture: textOf(root["architecture"]),
		Packages:     []Package{},
	}
	var err error
	if d.Name, err = ParseName(textOf(root["name"])); err != nil {
		r.Note("name", err)
	}
	if root["version"] != nil {
		if d.Version, err = ParseVersion(textOf(root["version"])); err != nil {
			r.Note("version", err)
		}
	}
	for _, list := range []string{"packages", "modules"} {
		each(r, root, list, func(at string, t map[string]any) {
			wantNamed(r, at, t, packageForm, "a package such as git or kernel-core")
			d.Packages = append(d.Packages, Package{textOf(t["name"]), textOf(t["version"])})
		})
	}
	each(r, root, "groups", func(at string, t map[string]any) {
		wantNamed(r, at, t, packageForm, "a group of packages")
		d.Groups = append(d.Groups, textOf(t["name"]))
	})
	each(r, root, "enabled_modules", func(at string, t map[string]any) {
		wantNamed(r, at, t, packageForm, "a module")
		d.EnabledModules = append(d.EnabledModules, textOf(t["name"])+":"+textOf(t["stream"]))
	})
	each(r, root, "containers", func(at string, t map[string]any) {
		if textOf(t["source"]) == "" {
			r.Note(at, errors.New("a container has a source such as quay.io/someone/2048:v1"))
		}
		d.Containers = append(d.Containers, textOf(t["source"]))
	})
	custom, _ := root["customizations"].(map[string]any)
	readCustomizations(r, custom, &d)
	return d
}

var (
	packageForm = regexp.MustCompile(`^[A-Za-z0-9@*?+._:~^/()\[\]-]{1,200}$`)
	userForm    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)
	modeForm    = regexp.MustCompile(`^0?[0-7]{3,4}$`)
)

func readCustomizations(r *toml.Reader, custom map[string]any, d *Document) {
	const in = "customizations."
	seen := map[string]bool{}
	each(r, custom, in+"user", func(at string, t map[string]any) {
		wantNamed(r, at, t, userForm, "a user such as admin")
		user := textOf(t["name"])
		if seen[user] {
			r.Note(at+".name", fmt.Errorf("user %q is there twice", user))
		}
		seen[user] = true
		d.Users = append(d.Users, user)
		if p, given := t["password"]; given {
			hashed, err := checkPassword(textOf(p))
			if err != nil {
				r.Note(at+".password", err)
			}
			d.passwords = append(d.passwords, password{at + ".password", user, textOf(p), hashed})
		}
		wantLine(r, at, t, "key")
	})
	each(r, custom, in+"sshkey", func(at string, t map[string]any) {
		if !userForm.MatchString(textOf(t["user"])) || textOf(t["key"]) == "" {
			r.Note(at, errors.New("an sshkey has a user and a key"))
		}
		wantLine(r, at, t, "key")
	})
	each(r, custom, in+"group", func(at string, t map[string]any) { wantNamed(r, at, t, userForm, "a group such as wheel") })
	for _, list := range []string{"files", "directories"} {
		each(r, custom, in+list, func(at string, t map[string]any) {
			if p := textOf(t["path"]); !path.IsAbs(p) || path.Clean(p) != p {
				r.Note(at, fmt.Errorf("path %q is not absolute and plain", p))
			}
			if textOf(t["uri"]) != "" {
				r.Note(at+".uri", errors.New("this would be a file of the builder, which whoever writes blueprints may not read; write what is in it as data"))
			}
			if m, given := t["mode"]; given && !modeForm.MatchString(textOf(m)) {
				r.Note(at+".mode", fmt.Errorf("%q is no mode: want one such as 0755", textOf(m)))
			}
		})
	}
}

// each calls f for each table of a list that is at the last part of a key.
func each(r *toml.Reader, around map[string]any, at string, f func(at string, t map[string]any)) {
	list, _ := around[at[strings.LastIndexByte(at, '.')+1:]].([]any)
	for i, v := range list {
		f(fmt.Sprintf("%s[%d]", at, i), v.(map[string]any)) // checkList makes no others
	}
}

func wantNamed(r *toml.Reader, at string, t map[string]any, form *regexp.Regexp, what string) {
	switch name, given := t["name"]; {
	case !given:
		r.Note(at, fmt.Errorf("the name is missing; want %s", what))
	case !form.MatchString(textOf(name)):
		r.Note(at+".name", fmt.Errorf("%.80q is no name; want %s", textOf(name), what))
	}
}

func wantLine(r *toml.Reader, at string, t map[string]any, key string) {
	if strings.ContainsAny(strings.TrimRight(textOf(t[key]), "\n"), "\n\r") {
		r.Note(at+"."+key, errors.New("want one line"))
	}
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}
