package ostree

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/object"
)

// importSample imports a small release and returns its commit.
func importSample(t testing.TB, r *Repo, version string, parent object.Checksum) object.Checksum {
	t.Helper()
	files := map[string]string{"usr/lib/os-release": "VERSION=" + version + "\n"}
	_, entries := sampleArchive(t, files, version, parent)
	got, err := r.ImportTar(t.Context(), bytes.NewReader(pack(t, entries, tar.FormatGNU)), ImportOptions{Hold: releaseHolds + version})
	if err != nil {
		t.Fatal(err)
	}
	return got.Commit
}

func point(t testing.TB, r *Repo, c object.Checksum) {
	t.Helper()
	if _, err := r.Point(t.Context(), Pointing{Ref: testRef, Commit: c}); err != nil {
		t.Fatal(err)
	}
}

// sees reports whether a device may fetch the commit.
func sees(t testing.TB, r *Repo, c object.Checksum) bool {
	t.Helper()
	_, err := r.Lookup("objects/" + object.Name{Checksum: c, Kind: object.KindCommit}.Path())
	if err != nil && !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	return err == nil
}

func TestStagedIsHidden(t *testing.T) {
	r := newRepo(t, Options{Signer: testSigner(t)})
	one := importSample(t, r, "0.0.1", "")
	two := importSample(t, r, "0.0.2", one)
	three := importSample(t, r, "0.0.3", two)
	check := func(when string, want ...bool) {
		t.Helper()
		for i, c := range []object.Checksum{one, two, three} {
			if got := sees(t, r, c); got != want[i] {
				t.Errorf("%s: release %d visible = %v, want %v", when, i+1, got, want[i])
			}
		}
	}
	check("nothing published", false, false, false)
	point(t, r, one)
	check("0.0.1 published", true, false, false)
	point(t, r, three) // its parent 0.0.2 was never published and must stay hidden
	check("0.0.3 published", true, false, true)
	if err := r.Unpoint(t.Context(), testRef); err != nil {
		t.Fatal(err)
	}
	check("withdrawn", true, false, true)
	if err := r.Drop(publishedHolds + string(one)); err != nil {
		t.Fatal(err)
	}
	check("0.0.1 forgotten", false, false, true)
	for _, path := range []string{"refs/remotes/appliance/release/0.0.2", "state", "tmp", ".lock", "refs/remotes"} {
		if _, err := r.Lookup(path); !errors.Is(err, ErrUnknown) {
			t.Errorf("Lookup(%q) = %v, want unknown", path, err)
		}
	}
}

func TestPointPreconditions(t *testing.T) {
	r := newRepo(t, Options{})
	one := importSample(t, r, "0.0.1", "")
	two := importSample(t, r, "0.0.2", one)
	for _, tt := range []struct {
		p    Pointing
		want error
	}{
		{Pointing{Ref: testRef, Commit: one, IfMatch: two}, ErrPrecondition},
		{Pointing{Ref: testRef, Commit: one, IfMatch: NoCommit}, nil},
		{Pointing{Ref: testRef, Commit: two, IfMatch: NoCommit}, ErrPrecondition},
		{Pointing{Ref: testRef, Commit: two, IfMatch: two}, ErrPrecondition},
		{Pointing{Ref: testRef, Commit: two, IfMatch: one}, nil},
		{Pointing{Ref: testRef + "/deeper", Commit: two}, object.ErrBadName},
		{Pointing{Ref: "../x", Commit: two}, object.ErrBadName},
		{Pointing{Ref: testRef, Commit: object.Checksum(strings.Repeat("0", 64))}, ErrUnknown},
	} {
		if _, err := r.Point(t.Context(), tt.p); !errors.Is(err, tt.want) {
			t.Errorf("Point(%+v) = %v, want %v", tt.p, err, tt.want)
		}
	}
	if got := r.Refs()[testRef]; got != two {
		t.Errorf("the ref names %s, want %s", got, two)
	}
}

// Ref, summary and signature that are read from one generation agree, whenever they are read.
func TestPointIsOneGeneration(t *testing.T) {
	signer := testSigner(t)
	r := newRepo(t, Options{Signer: signer})
	one := importSample(t, r, "0.0.1", "")
	two := importSample(t, r, "0.0.2", one)
	point(t, r, one)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				g := r.current()
				s, err := object.ParseSummary(g.summary)
				if err != nil || len(s.Refs) != 1 || s.Refs[0].Commit != g.refs[testRef] || !signedBy(signer, g.sig, g.summary) {
					t.Errorf("a mixed generation: summary %+v, refs %v, %v", s, g.refs, err)
					return
				}
				if _, ok := g.visible[g.refs[testRef]]; !ok {
					t.Error("the published commit is not visible")
				}
			}
		})
	}
	for i := range 40 {
		point(t, r, []object.Checksum{two, one}[i%2])
	}
	close(stop)
	readers.Wait()
}

// What a power cut between two renames of Point leaves is mended by Open.
func TestOpenMendsSummary(t *testing.T) {
	r := newRepo(t, Options{Signer: testSigner(t)})
	one := importSample(t, r, "0.0.1", "")
	two := importSample(t, r, "0.0.2", one)
	point(t, r, one)
	stray := filepath.Join(r.dir, "tmp", ownPrefix+"import-dead")
	if err := os.MkdirAll(stray, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.writeFile(headsFolder+"/"+string(testRef), refFile(two)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(r.dir, r.o)
	if err != nil {
		t.Fatal(err)
	}
	g := again.current()
	s, err := object.ParseSummary(g.summary)
	if err != nil || s.Refs[0].Commit != two || !signedBy(r.o.Signer, g.sig, g.summary) {
		t.Errorf("summary after opening: %+v, %v; want %s, signed", s, err, two)
	}
	if _, err := os.Lstat(stray); err == nil {
		t.Error("the staging folder of a dead process is still there")
	}
}

// A ref that another program moved is served without a restart.
func TestForeignChangeIsSeen(t *testing.T) {
	r := newRepo(t, Options{})
	one := importSample(t, r, "0.0.1", "")
	point(t, r, one)
	two := importSample(t, r, "0.0.2", one)
	if err := r.writeFile(headsFolder+"/other", refFile(two)); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Second)
	if err := os.Chtimes(r.dir, now, now); err != nil { // as libostree does after a ref was written
		t.Fatal(err)
	}
	if got := r.Refs()["other"]; got != two {
		t.Errorf("refs = %v, want other at %s", r.Refs(), two)
	}
	served, err := r.Lookup("summary")
	if err != nil || !bytes.Contains(served.Data, []byte("other")) {
		t.Errorf("the summary does not list it: %v", err)
	}
}

func TestConcurrentImportsAndPoints(t *testing.T) {
	r := newRepo(t, Options{Signer: testSigner(t)})
	base := importSample(t, r, "0.0.0", "")
	point(t, r, base)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			c := importSample(t, r, fmt.Sprintf("0.1.%d", i), base)
			point(t, r, c)
			if i%2 == 0 {
				if _, err := r.Prune(t.Context(), false, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	v, err := r.Verify(t.Context(), nil)
	if err != nil || len(v.Faults) > 0 || v.Commits != 9 {
		t.Errorf("Verify = %+v, %v; want 9 whole commits", v, err)
	}
}

func testSigner(t testing.TB) *Signer {
	t.Helper()
	s, err := LoadSigner(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
