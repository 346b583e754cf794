//go:build containers_image_openpgp

package manifest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/osbuild/images/pkg/depsolvednf"
	"github.com/osbuild/images/pkg/manifestgen/manifestmock"
	"github.com/osbuild/images/pkg/rpmmd"
)

const (
	parent = "22c649cd1f061f165a7173106026f666d228eaa7c6a0b2a85802bc997638fcd5"
	demo   = `name = "demo_upgrade"
description = "A RHEL for Edge image"
version = "0.0.1"
groups = []

[[packages]]
name = "git"
version = "*"

[[customizations.user]]
name = "admin"
password = "$6$rounds=4096$abcdefgh$0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
groups = ["wheel"]

[customizations.services]
enabled = ["podman-auto-update.timer"]
`
)

// mock resolves every package to one of its name.
type mock struct{ sbom bool }

func (m mock) Depsolve(_ context.Context, t Target, sets []rpmmd.PackageSet) (depsolvednf.DepsolveResult, error) {
	for i := range sets {
		sets[i].Repositories = slices.Clone(sets[i].Repositories)
		for j := range sets[i].Repositories {
			if r := &sets[i].Repositories[j]; len(r.BaseURLs) == 0 { // the mock wants one
				r.BaseURLs = []string{"https://mirror.example/" + r.Name}
			}
		}
	}
	all, err := manifestmock.Depsolve(map[string][]rpmmd.PackageSet{"x": sets}, t.Arch, nil, m.sbom)
	return all["x"], err
}

func request(t testing.TB, name string) Request {
	t.Helper()
	r := Request{Target: target(t, name), Blueprint: []byte(demo), Version: "0.0.1", Seed: 42}
	var err error
	if r.Repositories, err = Repositories(r.Target, nil, packed(t)); err != nil {
		t.Fatal(err)
	}
	return r
}

func made(t testing.TB, r Request) Made {
	t.Helper()
	m, err := Make(t.Context(), r, mock{true})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMakeGolden holds the checksums of manifests. They change with the library, the packed repositories
// and what this room does; UPDATE=1 renews them.
func TestMakeGolden(t *testing.T) {
	const golden = "testdata/manifests.txt"
	var got strings.Builder
	for _, name := range []string{"almalinux-9.6", "centos-9", "fedora-43", "rhel-9.4", "rhel-9.6", "rocky-9.6"} {
		for _, way := range []string{"first curl", "first librepo", "parent curl"} {
			r := request(t, name)
			r.Librepo = strings.HasSuffix(way, "librepo")
			if strings.HasPrefix(way, "parent") {
				r.Parent, r.Repository = parent, "/var/lib/appliance/ostree/demo_upgrade"
			}
			sum := sha256.Sum256(made(t, r).JSON)
			fmt.Fprintf(&got, "%s %s %s\n", hex.EncodeToString(sum[:]), name, way)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got.String() {
		t.Errorf("manifests changed (%v):\n%swere:\n%s", err, got.String(), want)
	}
}

// pipeline is as much of a manifest as the tests look at.
type pipeline struct {
	Name   string
	Stages []struct {
		Type    string
		Options map[string]any
	}
}

func pipelines(t *testing.T, data []byte) (sources map[string]json.RawMessage, all []pipeline) {
	t.Helper()
	var m struct {
		Version   string
		Sources   map[string]json.RawMessage
		Pipelines []pipeline
	}
	if err := json.Unmarshal(data, &m); err != nil || m.Version != "2" {
		t.Fatalf("version %q, %v", m.Version, err)
	}
	return m.Sources, m.Pipelines
}

func TestMakeFirst(t *testing.T) {
	m := made(t, request(t, "centos-9"))
	sources, all := pipelines(t, m.JSON)
	if sources["org.osbuild.curl"] == nil || sources["org.osbuild.librepo"] != nil || sources["org.osbuild.ostree"] != nil {
		t.Errorf("sources %v", sortedKeys(sources))
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
		for _, s := range p.Stages {
			if s.Type == stageCommit && (s.Options["os_version"] != "0.0.1" || s.Options["ref"] != "centos/9/x86_64/edge" || s.Options["parent"] != nil) {
				t.Errorf("commit %v", s.Options)
			}
		}
	}
	if got := strings.Join(names, " "); got != "build os ostree-commit" {
		t.Errorf("pipelines %s", got)
	}
	if m.Export != "ostree-commit" || m.Count < 50 || !json.Valid(m.Packages) || !json.Valid(m.SBOM) {
		t.Errorf("export %q, %d packages", m.Export, m.Count)
	}
	if !bytes.Contains(m.Packages, []byte(`"git"`)) {
		t.Error("git is not listed")
	}
}

func TestMakeParent(t *testing.T) {
	r := request(t, "rhel-9.6")
	r.Parent, r.Repository, r.Ref, r.Librepo = parent, "/var/lib/appliance/ostree/a b", "my/ref", true
	sources, all := pipelines(t, made(t, r).JSON)
	if !strings.Contains(string(sources["org.osbuild.ostree"]), `file:///var/lib/appliance/ostree/a%20b`) || sources["org.osbuild.librepo"] == nil {
		t.Errorf("sources %v: %s", sortedKeys(sources), sources["org.osbuild.ostree"])
	}
	found := 0
	for _, p := range all {
		for i, s := range p.Stages {
			if s.Type == stageCommit && (s.Options["parent"] == nil || s.Options["ref"] != "my/ref") {
				t.Errorf("commit %v", s.Options)
			}
			if s.Type == "org.osbuild.ostree.passwd" && p.Name == "os" && i == 0 {
				found++ // system users keep their numbers
			}
		}
	}
	if found != 1 {
		t.Errorf("%d stages take over the users of the parent", found)
	}
}

func TestMakeIsPure(t *testing.T) {
	one, two := made(t, request(t, "fedora-43")), made(t, request(t, "fedora-43"))
	if !bytes.Equal(one.JSON, two.JSON) || !bytes.Equal(one.Packages, two.Packages) {
		t.Error("two manifests of one request differ")
	}
	other := request(t, "fedora-43")
	other.Version = "0.0.2"
	if bytes.Equal(one.JSON, made(t, other).JSON) {
		t.Error("the version makes no difference")
	}
}

func TestMakeFast(t *testing.T) {
	r := request(t, "centos-9")
	began := time.Now()
	made(t, r)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a manifest takes %v", took)
	}
}

func TestMakeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"name = \"a\"\nnonsense = 1\n":      "nonsense",
		"name = ":                           "blueprint",
		"name = \"a\"\nversion = \"1.2\"\n": "1.2",
		"":                                  "name",
		"name = \"a\"\n[[containers]]\nsource = \"quay.io/a/b\"\n":                              "embeds containers",
		"name = \"a\"\n[[customizations.filesystem]]\nmountpoint = \"/data\"\nminsize = 1024\n": "filesystem",
		"name = \"a\"\n[[customizations.files]]\npath = \"/home/x\"\ndata = \"\"\n":             "not allowed",
		strings.Repeat("# x\n", maxBlueprint):                                                   "more than",
	} {
		r := request(t, "centos-9")
		r.Blueprint = []byte(text)
		if _, err := Make(t.Context(), r, mock{}); !errors.Is(err, ErrBlueprint) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	r := request(t, "centos-9")
	r.Repositories = nil
	if _, err := Make(t.Context(), r, mock{}); !errors.Is(err, ErrRepositories) {
		t.Error(err)
	}
}

func TestStamp(t *testing.T) {
	for _, text := range []string{
		`{`, `{}`, `{"pipelines":[]}`, `{"pipelines":[{"stages":[{"type":"org.osbuild.ostree.commit"}]}]}`,
		`{"pipelines":[{"stages":[{"type":"org.osbuild.ostree.commit","options":{}},{"type":"org.osbuild.ostree.commit","options":{}}]}]}`,
	} {
		if out, _, err := settle([]byte(text), "0.0.1"); err == nil {
			t.Errorf("%s: %s", text, out)
		}
	}
}

func FuzzDecodeBlueprint(f *testing.F) {
	f.Add([]byte(demo))
	f.Fuzz(func(t *testing.T, data []byte) {
		if bp, err := decodeBlueprint(data); err == nil && bp.Name == "" {
			t.Fatal("a blueprint without a name")
		}
	})
}
