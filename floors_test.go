package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// every stands for every room, or for an outer library that every room may use.
const every = "*"

// floors is the architecture: which rooms each room may enter. Reading it from the bottom up is
// reading the house from the ground.
var floors = map[string][]string{
	".": {"appliance/cli"},

	// Floor 4: the only place where everything is wired.
	"appliance/cli": {every},

	// Floor 3: the two ends of the HTTP API. They know the same words and not each other.
	"appliance/server": {"appliance/release", "appliance/compose", "appliance/job", "appliance/app", "appliance/fleet", "appliance/installation", "appliance/iso", "kickstart", "appliance/registry", "appliance/ostree", "appliance/object", "appliance/rpm", "appliance/blueprint", "appliance/profile", "appliance/report", "appliance/sheet", "appliance/event"},
	"appliance/client": {"appliance/release", "appliance/compose", "appliance/job", "appliance/app", "appliance/fleet", "appliance/installation", "appliance/iso", "kickstart", "appliance/registry", "appliance/ostree", "appliance/object", "appliance/rpm", "appliance/blueprint", "appliance/report", "appliance/event"},

	// Floor 3, on the device: what looks at the whole of it.
	"appliance/status": {"appliance/health", "appliance/update", "appliance/podman", "appliance/profile", "appliance/report"},
	"appliance/doctor": {"appliance/rootfs", "appliance/profile", "appliance/report", "appliance/command"},

	// Floor 2: the conductors.
	"appliance/release": {"appliance/blueprint", "appliance/compose", "appliance/job", "appliance/ostree", "appliance/object", "appliance/rpm", "appliance/event"},

	"appliance/app":   {"appliance/registry", "appliance/image", "appliance/event"},
	"appliance/fleet": {"appliance/report", "appliance/event"},

	"appliance/installation": {"kickstart", "appliance/event"},

	// Floor 2, on the device.
	"appliance/device": {"appliance/unit", "appliance/rootfs", "appliance/profile", "appliance/command"},
	"appliance/update": {"appliance/podman", "appliance/quarantine", "appliance/profile", "appliance/report", "appliance/command"},

	// Floor 1: what acts on disks and programs. Files that travel in the binary are handed in.
	"appliance/ostree":  {"appliance/object", "appliance/gvariant", "appliance/rpm", "appliance/command"},
	"appliance/compose": {"appliance/blueprint", "appliance/object", "appliance/gvariant", "appliance/rpm", "appliance/sheet"},

	// Its rooms that need programs or a socket.
	"appliance/compose/osbuild":  {"appliance/compose", "appliance/compose/manifest", "appliance/blueprint", "appliance/command"},
	"appliance/compose/weldr":    {"appliance/compose"},
	"appliance/compose/manifest": {"appliance/command"},

	"appliance/job":      {"appliance/event"},
	"appliance/registry": {"appliance/event"},
	"appliance/iso":      {"appliance/event", "appliance/command"},
	"appliance/netboot":  {"appliance/event"},

	// Floor 1, on the device.
	"appliance/health":     {"appliance/grub", "appliance/probe", "appliance/profile", "appliance/report", "appliance/command"},
	"appliance/podman":     {"appliance/probe", "appliance/profile", "appliance/report", "appliance/command"},
	"appliance/deployment": {"appliance/report", "appliance/command"},
	"appliance/proxy":      {"appliance/probe"},
	"appliance/quarantine": {"appliance/report"},
	"appliance/unit":       {"appliance/profile"},

	// Floor 0: formats and nouns.
	"appliance/image":     nil,
	"appliance/object":    {"appliance/gvariant", "appliance/rpm"},
	"appliance/gvariant":  nil,
	"appliance/rpm":       nil,
	"appliance/blueprint": {"appliance/toml", "appliance/event"},
	"appliance/profile":   {"appliance/toml"},
	"appliance/toml":      nil,
	"appliance/report":    {"appliance/sheet"},
	"appliance/sheet":     nil,
	"appliance/grub":      nil,
	"appliance/probe":     nil,
	"appliance/rootfs":    nil,
	"appliance/event":     nil,
	"appliance/command":   nil,
	"appliance/workbench": nil, // which only tests enter
	"kickstart":           nil,
	"embedded":            nil,
	"contrib/apps/server": nil, // what serves the pages of the sample images
}

// owners says which rooms may use a library of the outer world, or a part of the standard one that
// wants a single door. A library that is not here may not be used.
var owners = map[string][]string{
	"github.com/gin-gonic/gin":             {"appliance/server"},
	"github.com/prometheus/client_golang":  {"appliance/server"},
	"github.com/spf13/cobra":               {"appliance/cli"},
	"github.com/spf13/pflag":               {"appliance/cli"},
	"github.com/pelletier/go-toml/v2":      {"appliance/toml"},
	"golang.org/x/term":                    {"appliance/cli"},
	"github.com/rogpeppe/go-internal":      {"appliance/cli"},
	"github.com/chromedp/cdproto":          {"appliance/cli"}, // the browser of the web page's tests
	"github.com/chromedp/chromedp":         {"appliance/cli"},
	"github.com/go-git/go-billy/v5":        {"appliance/blueprint"},
	"github.com/go-git/go-git/v5":          {"appliance/blueprint"},
	"github.com/osbuild/images":            {"appliance/compose/manifest"},
	"github.com/osbuild/blueprint":         {"appliance/compose/manifest"},
	"github.com/BurntSushi/toml":           {"appliance/compose/manifest"}, // what osbuild's own blueprint is read with
	"github.com/klauspost/compress":        {"appliance/object", "appliance/ostree", "appliance/compose"},
	"github.com/olareg/olareg":             {"appliance/registry"},
	"github.com/containers/image/v5":       {"appliance/registry"},
	"github.com/docker/distribution":       {"appliance/registry"},
	"github.com/opencontainers/go-digest":  {"appliance/registry"},
	"github.com/opencontainers/image-spec": {"appliance/registry"},
	"golang.org/x/sys":                     {"appliance/ostree", "appliance/registry", "appliance/server", "appliance/rootfs", "appliance/proxy", "appliance/iso", "appliance/cli"},
	"golang.org/x/sync":                    {every},
	"mvdan.cc/sh/v3":                       {"kickstart"},
	"rsc.io/qr":                            {"appliance/server"},
	"os/exec":                              {"appliance/command"},
	"C":                                    nil,
	"unsafe":                               nil,
	"log":                                  nil, // slog, passed in
	"github.com/stretchr/testify":          nil, // std testing
	"math/rand":                            nil, // math/rand/v2, crypto/rand
}

// Limits in lines. What comes near them has more than one concept in it.
const (
	longestFile     = 400
	longestFunction = 60
)

// room is one package as "go list" knows it.
type room struct {
	ImportPath, Dir                    string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// name is the path below the module.
func (r room) name() string {
	if r.ImportPath == "edge" {
		return "."
	}
	return strings.TrimPrefix(r.ImportPath, "edge/")
}

func rooms(t *testing.T) []room {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

var listed = sync.OnceValues(func() (all []room, err error) {
	out, err := exec.Command("go", "list", "-json", "./...").Output()
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var r room
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
})

func TestFloors(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rooms(t) {
		seen[r.name()] = true
		allowed, known := floors[r.name()]
		if !known {
			t.Errorf("%s has no floor: say in floors which rooms it may enter", r.name())
			continue
		}
		for _, path := range r.Imports {
			if in, ours := strings.CutPrefix(path, "edge/"); ours && !slices.Contains(allowed, in) && !slices.Contains(allowed, every) {
				t.Errorf("%s must not enter %s", r.name(), in)
			}
		}
	}
	for name, allowed := range floors {
		for _, in := range append(allowed, name) {
			if in != every && !seen[in] {
				t.Errorf("floors speaks of %s, which is not there", in)
			}
		}
	}
}

func TestOwners(t *testing.T) {
	for _, r := range rooms(t) {
		for _, path := range r.Imports {
			checkOwner(t, r, path, false)
		}
		for _, path := range append(r.TestImports, r.XTestImports...) {
			checkOwner(t, r, path, true)
		}
	}
}

func checkOwner(t *testing.T, r room, path string, test bool) {
	t.Helper()
	if test && (path == "os/exec" || path == "testing") {
		return // real peers are started by tests everywhere
	}
	lib, listed := library(path)
	first, _, _ := strings.Cut(path, "/")
	outer := strings.Contains(first, ".")
	switch {
	case !listed && outer:
		t.Errorf("%s uses %s, which has no owner: say in owners whose affair it is", r.name(), path)
	case listed && !slices.Contains(owners[lib], r.name()) && !slices.Contains(owners[lib], every):
		t.Errorf("%s must not use %s: that is the affair of %v", r.name(), path, owners[lib])
	}
}

// library finds the entry of owners that a package belongs to.
func library(path string) (name string, listed bool) {
	if _, standard := owners[path]; standard {
		return path, true
	}
	for lib := range owners {
		if strings.Contains(lib, ".") && strings.HasPrefix(path, lib+"/") {
			return lib, true
		}
	}
	return "", false
}

// Each room introduces itself once, in its own words.
func TestPackageComments(t *testing.T) {
	for _, r := range rooms(t) {
		var with []string
		for _, file := range r.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(r.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				with = append(with, file)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s has %d package comments, want one: %v", r.name(), len(with), with)
		}
	}
}

func TestSizes(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 1 && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			checkSizes(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkSizes(t *testing.T, path string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if n := set.File(f.FileStart).LineCount(); n > longestFile {
		t.Errorf("%s has %d lines, more than %d", path, n, longestFile)
	}
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; n > longestFunction {
			t.Errorf("%s: %s has %d lines, more than %d", set.Position(fn.Pos()), fn.Name.Name, n, longestFunction)
		}
	}
}
