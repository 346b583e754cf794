package cli_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The stock client pulls in every way that devices, mirrors and rpm-ostree do.
func TestPeerPull(t *testing.T) {
	needPeers(t, "ostree")
	h := newHouse(t, "--sample")
	one := h.commit("demo_upgrade", "0.0.1")
	two := h.commit("demo_upgrade", "0.0.2")
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"plain", nil},
		{"mirror", []string{"--mirror"}},
		{"metadata only", []string{"--commit-metadata-only"}},
		{"depth", []string{"--depth=-1"}},
		{"subpath", []string{"--subpath=/usr/bin"}},
		{"checksum", []string{one}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			repo := h.client("demo_upgrade", "archive")
			what := demoRef
			if tt.name == "checksum" {
				what, tt.args = one, nil
			}
			run(t, "ostree", append(append([]string{"pull", "--repo=" + repo}, tt.args...), "edge", what)...)
			if tt.name == "plain" || tt.name == "mirror" || tt.name == "depth" || tt.name == "checksum" {
				run(t, "ostree", "fsck", "--quiet", "--repo="+repo)
			}
			if out := run(t, "ostree", "show", "--repo="+repo, one); !strings.Contains(out, "0.0.1") {
				t.Errorf("ostree show prints %s", out)
			}
			if out, err := exec.Command("ostree", "show", "--repo="+repo, "--print-metadata-key=rpmostree.rpmdb.pkglist", one).Output(); err != nil || !strings.Contains(string(out), "git-core") {
				t.Errorf("the package list did not arrive: %v", err)
			}
		})
	}
	t.Run("staged", func(t *testing.T) {
		repo := h.client("demo_upgrade", "archive")
		if out, err := exec.Command("ostree", "pull", "--repo="+repo, "edge", two).CombinedOutput(); err == nil {
			t.Errorf("a staged release was pulled by its checksum: %s", out)
		}
		if refs := run(t, "ostree", "remote", "refs", "--repo="+repo, "edge"); refs != "edge:"+demoRef {
			t.Errorf("the remote offers %q", refs)
		}
	})
	t.Run("after publishing", func(t *testing.T) {
		repo := h.client("demo_upgrade", "archive")
		run(t, "ostree", "pull", "--repo="+repo, "edge", demoRef)
		h.must("release", "publish", "demo_upgrade@0.0.2")
		run(t, "ostree", "pull", "--repo="+repo, "--depth=-1", "edge", demoRef)
		if log := run(t, "ostree", "log", "--repo="+repo, demoRef); !strings.Contains(log, two) || !strings.Contains(log, one) {
			t.Errorf("ostree log prints %s; want both releases", log)
		}
		h.must("release", "publish", "demo_upgrade@0.0.1") // again: a re-stamp, or clients would refuse to go back
		run(t, "ostree", "pull", "--repo="+repo, "edge", demoRef)
		now := run(t, "ostree", "rev-parse", "--repo="+repo, "edge:"+demoRef)
		if now == one || run(t, "ostree", "diff", "--repo="+repo, one, now) != "" {
			t.Errorf("publishing 0.0.1 again gave %s; want a new commit over the tree of %s", now, one)
		}
		if out := run(t, "ostree", "show", "--repo="+repo, "--print-metadata-key=rpmostree.rpmdb.pkglist", now); !strings.Contains(out, "git-core") {
			t.Error("the re-stamp lost the package list")
		}
	})
	h.fsck("demo_upgrade")
}

// commit of a release, from the API.
func (h *house) commit(blueprint, version string) string {
	h.t.Helper()
	_, body := h.get("/api/v1/releases/" + blueprint + "/" + version)
	_, rest, _ := strings.Cut(body, `"commit":"`)
	if len(rest) < 64 {
		h.t.Fatalf("no commit in %s", body)
	}
	return rest[:64]
}

// Clients that pull while releases are published get one release or the other, whole, and never an
// error; so does a client that asks for the small files by hand.
func TestPeerPullWhilePublishing(t *testing.T) {
	needPeers(t, "ostree")
	h := newHouse(t, "--sample")
	stop := make(chan struct{})
	var publisher, clients sync.WaitGroup
	publisher.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if _, err := h.appliance("release", "publish", fmt.Sprintf("demo_upgrade@0.0.%d", 1+i%3)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 2 {
		clients.Go(func() {
			for range 12 {
				repo := h.client("demo_upgrade", "archive")
				if out, err := exec.Command("ostree", "pull", "--repo="+repo, "edge", demoRef).CombinedOutput(); err != nil {
					t.Errorf("pull: %v\n%s", err, out)
				} else if out, err := exec.Command("ostree", "fsck", "--quiet", "--repo="+repo).CombinedOutput(); err != nil {
					t.Errorf("fsck of what was pulled: %v\n%s", err, out)
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	publisher.Wait()
	h.fsck("demo_upgrade")
}

// libostree's own programs work on the repository of a running server.
func TestPeerSharedRepository(t *testing.T) {
	needPeers(t, "ostree")
	h := newHouse(t, "--sample")
	repo := filepath.Join(h.data, "ostree", "demo_upgrade")
	var all sync.WaitGroup
	all.Go(func() {
		for range 5 {
			run(t, "ostree", "prune", "--repo="+repo, "--refs-only")
		}
	})
	all.Go(func() {
		for i := range 5 {
			h.must("release", "publish", fmt.Sprintf("demo_upgrade@0.0.%d", 1+i%3))
		}
	})
	other := filepath.Join(t.TempDir(), "other")
	run(t, "ostree", "init", "--repo="+other, "--mode=archive")
	run(t, "ostree", "commit", "--repo="+other, "--branch=made/by/hand", "--tree=dir=../../contrib", "--no-xattrs")
	all.Go(func() { run(t, "ostree", "pull-local", "--repo="+repo, other, "made/by/hand") })
	all.Wait()
	for _, v := range []string{"0.0.1", "0.0.2", "0.0.3"} {
		h.must("release", "show", "demo_upgrade@"+v)
	}
	client := h.client("demo_upgrade", "archive")
	run(t, "ostree", "pull", "--repo="+client, "edge", "made/by/hand")
	run(t, "ostree", "pull", "--repo="+client, "edge", demoRef)
	run(t, "ostree", "fsck", "--quiet", "--repo="+client)
	run(t, "ostree", "summary", "-u", "--repo="+repo)
	run(t, "ostree", "remote", "summary", "--repo="+client, "edge")
	if out := h.must("release", "verify", "demo_upgrade"); strings.Contains(out, "missing") {
		t.Errorf("verify says %s", out)
	}
	h.fsck("demo_upgrade")
}
