//go:build containers_image_openpgp

package osbuild

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/command"
	"edge/appliance/compose"
	"edge/appliance/compose/manifest"
	"edge/appliance/object"
	"edge/appliance/workbench"
)

// TestPeerInspect shows manifests of every family to osbuild's own schema. Their packages come from the fake
// depsolver, as nobody has all of these distributions at hand.
func TestPeerInspect(t *testing.T) {
	checkout(t)
	s := newScene(t)
	fakes, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	solver := &manifest.Solver{Program: filepath.Join(fakes, "osbuild-depsolve-dnf"), Protocol: manifest.Protocol2, Cache: t.TempDir(), Run: command.Programs{}}
	s.realPeers()
	for _, distro := range []string{"almalinux-9.6", "centos-9", "fedora-43", "rhel-9.4", "rhel-9.6", "rocky-9.6"} {
		for _, way := range []string{"first, curl", "first, librepo", "parent, curl", "parent, librepo"} {
			t.Run(distro+" "+way, func(t *testing.T) {
				r := ordered(t, distro)
				r.Librepo = strings.HasSuffix(way, "librepo")
				if strings.HasPrefix(way, "parent") {
					r.Parent, r.Repository = strings.Repeat("ab", 32), "/nowhere"
				}
				made, err := manifest.Make(t.Context(), r, solver)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.backend.inspect(t.Context(), made.JSON); err != nil {
					t.Error(err)
				}
				broken := bytes.Replace(made.JSON, []byte(`"os_version"`), []byte(`"os_versoin"`), 1)
				if err := s.backend.inspect(t.Context(), broken); !errors.Is(err, ErrManifest) || !strings.Contains(err.Error(), "os_versoin") {
					t.Errorf("an option that nobody knows: %v", err)
				}
			})
		}
	}
}

// ordered asks for the second release of the demonstration, of repositories that need no subscription.
func ordered(t *testing.T, distro string) manifest.Request {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, distro+".json"), `{"x86_64":[{"name":"r","baseurl":"https://mirror.example/","gpgkey":"KEY","check_gpg":true}]}`)
	target, err := manifest.Find(distro, manifest.Architecture(runtime.GOARCH))
	if err != nil {
		t.Fatal(err)
	}
	repositories, err := manifest.Repositories(target, []string{folder}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Request{Target: target, Blueprint: demo(t, "0.0.2"), Version: "0.0.2", Repositories: repositories}
}

func demo(t *testing.T, version string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../embedded/blueprints/demo_upgrade-" + version + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// next orders the next release.
func (s *scene) next(version, parent, repo string) {
	s.order.Request = compose.Request{ID: blueprint.ID{Blueprint: "demo_upgrade", Version: blueprint.Version(version)}, Parent: object.Checksum(parent)}
	s.order.Blueprint, s.order.Repository = demo(s.t, version), repo
	s.order.Dir = filepath.Join(s.t.TempDir(), "20260102-150405-0a1b2c3d", "work")
	if err := os.MkdirAll(s.order.Dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.progress, s.log.b = nil, bytes.Buffer{}
}

// shelf is a repository of the real ostree.
type shelf struct {
	t   *testing.T
	dir string
}

func (s shelf) ostree(verb string, args ...string) string {
	s.t.Helper()
	out, err := command.Output(s.t.Context(), nil, append([]string{"ostree", verb, "--repo=" + s.dir}, args...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestPeerBuild makes three releases with the real osbuild, each on top of the one before, and looks at them with
// the real ostree. Two of them are asked for as of older osbuilds.
func TestPeerBuild(t *testing.T) {
	checkout(t)
	s := newScene(t)
	s.realPeers()
	s.smallDistribution()
	repo := shelf{t, filepath.Join(t.TempDir(), "repo")}
	repo.ostree("init", "--mode=archive")
	const ref = "centos/9/x86_64/edge"
	parent, users := "", ""
	for _, f := range []struct{ version, says, source, has, lacks string }{
		{"0.0.1", "120", "org.osbuild.curl", "'git'", "'zsh'"}, // protocol 1
		{"0.0.2", "160", "org.osbuild.librepo", "'zsh'", "'git'"},
		{"0.0.3", "", "org.osbuild.librepo", "'zsh'", "'none'"}, // protocol 2
	} {
		t.Setenv("SAYS", f.says)
		s.next(f.version, parent, repo.dir)
		began := time.Now()
		made, err := s.make()
		if err != nil {
			t.Fatalf("%v\n%s", err, s.log)
		}
		t.Logf("%s with %s in %v", f.version, made.Origin, time.Since(began).Round(time.Second/10))
		s.checkTidy()
		if !bytes.Contains(made.Documents[compose.DocumentManifest], []byte(f.source)) || !bytes.Contains(made.Documents[compose.DocumentSBOM], []byte("SPDX-2.3")) {
			t.Errorf("%s: no %s in the manifest, or an SBOM %.60q", f.version, f.source, made.Documents[compose.DocumentSBOM])
		}
		repo.ostree("pull-local", made.Unpacked+"/repo", ref)
		repo.ostree("fsck", "-q")
		if packages := repo.ostree("show", "--print-metadata-key=rpmostree.rpmdb.pkglist", ref); !strings.Contains(packages, f.has) || strings.Contains(packages, f.lacks) {
			t.Errorf("%s: packages %s", f.version, packages)
		}
		if got := repo.ostree("show", "--print-metadata-key=version", ref); got != "'"+f.version+"'" {
			t.Errorf("version %s, want %s", got, f.version)
		}
		if parent != "" && repo.ostree("rev-parse", ref+"^") != parent {
			t.Errorf("%s does not follow %s", f.version, parent)
		}
		passwd := repo.ostree("cat", ref, "/usr/lib/passwd")
		if !strings.Contains(passwd, "admin:") || users != "" && passwd != users {
			t.Errorf("%s: users %q, before %q", f.version, passwd, users)
		}
		parent, users = repo.ostree("rev-parse", ref), passwd
	}
}

// TestPeerEnds ends real builds in the middle: by a cancel, by a kill of all of it, and by a kill of osbuild alone.
// Then the store is as tidy as before, and the next build succeeds.
func TestPeerEnds(t *testing.T) {
	checkout(t)
	s := newScene(t)
	s.realPeers()
	s.smallDistribution()
	for _, f := range []struct {
		name, stage string
		end         func()
		cause       error
	}{
		{"cancelled while it fetches", "source org.osbuild", func() { s.wanted = true; s.cancel() }, context.Canceled},
		{"cancelled in a stage", "build: org.osbuild.rpm", func() { s.wanted = true; s.cancel() }, context.Canceled},
		{"killed", "os: org.osbuild.rpm", func() { _ = syscall.Kill(-s.build().leader(), syscall.SIGKILL) }, ErrBuild},
		{"osbuild killed alone", "os: org.osbuild", func() { _ = syscall.Kill(s.child(), syscall.SIGKILL) }, ErrBuild},
	} {
		t.Run(f.name, func(t *testing.T) {
			s.next("0.0.1", "", "")
			s.ctx, s.cancel = context.WithCancel(t.Context())
			s.wanted = false
			done := s.started()
			s.until(f.stage)
			began := time.Now()
			f.end()
			if err := <-done; !errors.Is(err, f.cause) {
				t.Errorf("%v, want %v", err, f.cause)
			}
			t.Logf("ended after %v", time.Since(began).Round(time.Millisecond))
			if strings.Contains(s.log.String(), "it is killed") {
				t.Error("osbuild did not end by itself")
			}
			if s.build().leader() != 0 {
				t.Error("the build goes on")
			}
			s.checkTidy()
		})
	}
	s.next("0.0.1", "", "")
	s.ctx, s.cancel = context.WithCancel(t.Context())
	if _, err := s.make(); err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
}

// TestPeerFaults are what goes wrong with packages in the real world.
func TestPeerFaults(t *testing.T) {
	checkout(t)
	s := newScene(t)
	s.realPeers()
	repo := s.smallDistribution()
	for _, says := range []string{"120", ""} {
		t.Setenv("SAYS", says)
		s.next("0.0.1", "", "")
		s.order.Blueprint = []byte("name = \"demo_upgrade\"\nversion = \"0.0.1\"\n[[packages]]\nname = \"nope\"\n")
		if _, err := s.make(); !errors.Is(err, manifest.ErrPackages) || !strings.Contains(err.Error(), "nope") {
			t.Errorf("unknown package, osbuild %q: %v", says, err)
		}
		file := filepath.Join(repo, "zsh-1.0-1.el9.x86_64.rpm")
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
		s.next("0.0.2", "", "")
		_, err := s.make()
		if !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "zsh") || !strings.Contains(err.Error(), "source org.osbuild.") {
			t.Errorf("a package that the mirror lost, osbuild %q: %v", says, err)
		}
		if err := os.Rename(file+".away", file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPeerFullDisk: the disk of the store is full in the middle of a build.
func TestPeerFullDisk(t *testing.T) {
	checkout(t)
	s := newScene(t)
	s.realPeers()
	s.smallDistribution()
	if err := syscall.Mount("small", s.backend.Store, "tmpfs", 0, "size=200m"); err != nil {
		workbench.Lacks(t, "mounting: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(s.backend.Store, syscall.MNT_DETACH) })
	s.next("0.0.1", "", "")
	if _, err := s.make(); !errors.Is(err, ErrDisk) {
		t.Errorf("a disk that is too small: %v", err)
	}
	s.backend.Free = func(string) (int64, error) { return 100 << 30, nil } // somebody else fills it meanwhile
	_, err := s.make()
	if !errors.Is(err, ErrBuild) || !errors.Is(err, ErrDisk) {
		t.Errorf("%v", err)
	}
	s.checkTidy()
}
