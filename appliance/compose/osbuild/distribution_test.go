//go:build containers_image_openpgp

package osbuild

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"edge/appliance/command"
)

// packageList names what the small distribution has to have.
const packageList = "testdata/distribution/centos-9.packages"

// TestPackageList keeps the small distribution of the peer tests whole: it has every package that the embedded
// blueprints want of CentOS Stream 9. UPDATE=1 renews the list.
func TestPackageList(t *testing.T) {
	blueprints, err := filepath.Glob("../../../embedded/blueprints/*.toml")
	if err != nil || len(blueprints) == 0 {
		t.Fatal(blueprints, err)
	}
	var heard listener
	for _, file := range blueprints {
		s := newScene(t)
		s.backend.Run = &heard
		if s.order.Blueprint, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
		made, err := s.make()
		s.check(made, err)
	}
	slices.Sort(heard.names)
	got := strings.Join(slices.Compact(heard.names), "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		write(t, packageList, got)
	}
	if want, err := os.ReadFile(packageList); err != nil || string(want) != got {
		t.Errorf("the list of packages changed (%v); it is now:\n%s", err, got)
	}
}

// listener remembers which packages the depsolver is asked for.
type listener struct {
	mu    sync.Mutex
	names []string
}

func (l *listener) Run(ctx context.Context, s command.Spec) ([]byte, error) {
	var q struct {
		Arguments struct {
			Transactions []struct {
				Packages []string `json:"package-specs"`
			} `json:"transactions"`
		} `json:"arguments"`
	}
	if json.Unmarshal(s.Stdin, &q) == nil {
		l.mu.Lock()
		for _, t := range q.Arguments.Transactions {
			for _, name := range t.Packages {
				name, _, _ = strings.Cut(name, " ") // it may name a version
				l.names = append(l.names, name)
			}
		}
		l.mu.Unlock()
	}
	return command.Programs{}.Run(ctx, s)
}

// checkout is that of osbuild, or the test is skipped.
func checkout(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("APPLIANCE_OSBUILD")
	switch {
	case dir == "":
		t.Skip("runs with APPLIANCE_OSBUILD=DIR, a checkout of osbuild")
	case os.Geteuid() != 0:
		t.Skip("only root can build")
	case runtime.GOARCH != "amd64":
		t.Skip("the small distribution is for x86_64")
	}
	return dir
}

// realPeers puts the programs of a checkout before the fake ones. SAYS replaces the version that osbuild tells, so
// that it is spoken to as to an older one.
func (s *scene) realPeers() {
	t, dir, bin := s.t, checkout(s.t), s.t.TempDir()
	t.Helper()
	for name, line := range map[string]string{
		"osbuild":              fmt.Sprintf("[ \"$1\" != --version ] || [ -z \"$SAYS\" ] || { echo \"osbuild $SAYS\"; exit 0; }\nexec /usr/bin/python3 -m osbuild --libdir %s \"$@\"", dir),
		"osbuild-depsolve-dnf": fmt.Sprintf("exec /usr/bin/python3 %s/tools/osbuild-depsolve-dnf \"$@\"", dir),
	} {
		text := fmt.Sprintf("#!/bin/sh\nexport PYTHONPATH=%s\n%s\n", dir, line)
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// smallDistribution makes packages and serves them as the repository of CentOS Stream 9. It returns their folder.
func (s *scene) smallDistribution() string {
	t := s.t
	t.Helper()
	repo, folder := t.TempDir(), t.TempDir()
	names, err := os.ReadFile(packageList)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command.Run(t.Context(), command.Spec{Argv: []string{"testdata/distribution/make.sh", repo}, Stdin: names}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(repo)))
	t.Cleanup(server.Close)
	write(t, filepath.Join(folder, "centos-9.json"), fmt.Sprintf(`{"x86_64":[{"name":"small","baseurl":%q,"check_gpg":false}]}`, server.URL))
	s.backend.Repositories, s.backend.Store = []string{folder}, s.store()
	s.backend.Free, s.backend.Grace, s.backend.Anybody = nil, 0, false // as it is outside of tests
	return repo
}

// store is on a disk, and not in the test's own folder: removing that would remove through a mount that stays.
func (s *scene) store() string {
	dir, err := os.MkdirTemp("/var/tmp", "appliance-osbuild-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.checkTidy()
		if left, err := mountsBelow("/proc/self/mounts", dir); err == nil && len(left) == 0 {
			_ = os.RemoveAll(dir)
		}
	})
	return dir
}

// checkTidy wants nothing of a build to be left: no mount, no temporary tree.
func (s *scene) checkTidy() {
	s.t.Helper()
	for _, dir := range []string{s.backend.Store, "/run/osbuild"} {
		if left, err := mountsBelow("/proc/self/mounts", dir); err != nil || len(left) > 0 {
			s.t.Errorf("still mounted: %q, %v", left, err)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(s.backend.Store, "tmp")); len(left) > 0 {
		s.t.Errorf("left in the store: %v", left)
	}
}
