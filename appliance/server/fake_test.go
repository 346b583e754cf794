package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/event"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
	"edge/appliance/rpm"
)

const testToken = "the-token-of-this-test"

var (
	sumA = object.Checksum(strings.Repeat("a", 64))
	sumB = object.Checksum(strings.Repeat("b", 64))
	sumC = object.Checksum(strings.Repeat("c", 64))
	noon = time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC)
)

// fakeReleases has two releases of "demo": 0.0.1 published, 0.0.2 staged.
type fakeReleases struct {
	err  error         // what every method fails with, if set
	slow time.Duration // how long every method takes

	mu       sync.Mutex
	calls    []string
	imported []byte
	options  any
	actor    string
}

func demo(version blueprint.Version) release.Release {
	r := release.Release{Blueprint: "demo", Version: version, State: release.Staged, Ref: "rhel/9/x86_64/edge", Commit: sumB, Source: sumB,
		Subject: "a <b>bold</b> subject", Time: noon.Add(24 * time.Hour), Added: noon.Add(25 * time.Hour), Origin: "archive", Packages: -1, Objects: 7, Size: 1234567, New: 3}
	if version == "0.0.1" {
		r.State, r.Commit, r.Source, r.Time, r.Packages, r.Pinned = release.Published, sumA, sumC, noon, 512, true
		r.PublishedAt, r.Signatures = &r.Added, map[string]int{"gpg": 1, "ed25519": 2}
	}
	return r
}

func (f *fakeReleases) called(ctx context.Context, format string, args ...any) error {
	if f.slow > 0 {
		select {
		case <-time.After(f.slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.actor = event.Actor(ctx)
	return f.err
}

func (f *fakeReleases) known(id blueprint.ID) error {
	if id.Blueprint != "demo" {
		return fmt.Errorf("%w: %q", release.ErrNoBlueprint, id.Blueprint)
	}
	if id.Version != "0.0.1" && id.Version != "0.0.2" {
		return fmt.Errorf("%w: %q", release.ErrUnknown, id)
	}
	return nil
}

func (f *fakeReleases) Blueprints(ctx context.Context) ([]release.Blueprint, error) {
	return []release.Blueprint{{Name: "demo", Ref: "rhel/9/x86_64/edge", Published: "0.0.1", Commit: sumA, Releases: 2, Size: 332500000, Objects: 27331, PublicKey: "a2V5"},
		{Name: "empty"}}, f.called(ctx, "blueprints")
}

func (f *fakeReleases) Blueprint(ctx context.Context, name blueprint.Name) (release.Blueprint, error) {
	all, err := f.Blueprints(ctx)
	for _, b := range all {
		if b.Name == name {
			return b, err
		}
	}
	return release.Blueprint{}, f.known(blueprint.ID{Blueprint: name})
}

func (f *fakeReleases) List(ctx context.Context, name blueprint.Name) ([]release.Release, error) {
	switch name {
	case "", "demo":
		return []release.Release{demo("0.0.2"), demo("0.0.1")}, f.called(ctx, "list %q", name)
	case "empty":
		return nil, nil
	}
	return nil, f.known(blueprint.ID{Blueprint: name})
}

func (f *fakeReleases) Get(ctx context.Context, id blueprint.ID) (release.Release, error) {
	return demo(id.Version), errors.Join(f.known(id), f.called(ctx, "get %s", id))
}

func (f *fakeReleases) Packages(ctx context.Context, id blueprint.ID) ([]rpm.Package, error) {
	return []rpm.Package{{Name: "git", Epoch: "0", Version: "2.31.1", Release: "3.el9_1", Arch: "x86_64"}}, errors.Join(f.known(id), f.called(ctx, "packages %s", id))
}

func (f *fakeReleases) Diff(ctx context.Context, from, to blueprint.ID) (release.Difference, error) {
	return testDifference(), errors.Join(f.known(from), f.known(to), f.called(ctx, "diff %s %s", from, to))
}

func testDifference() release.Difference {
	pkg := func(name, epoch, version string) rpm.Package {
		return rpm.Package{Name: name, Epoch: epoch, Version: version, Release: "1.el9", Arch: "x86_64"}
	}
	return release.Difference{FromName: "demo@0.0.1", ToName: "demo@0.0.2", Basis: "packages", Packages: &rpm.Diff{
		Removed:    []rpm.Package{pkg("git", "0", "2.31.1"), pkg("perl-Error", "1", "0.17")},
		Added:      []rpm.Package{pkg("zsh", "", "5.8")},
		Upgraded:   []rpm.Change{{From: pkg("bash", "", "5.1.8"), To: pkg("bash", "", "5.1.16")}, {From: pkg("openssl-libs", "1", "3.0.1"), To: pkg("openssl-libs", "1", "3.0.7")}},
		Downgraded: []rpm.Change{},
	}}
}

func (f *fakeReleases) Export(ctx context.Context, id blueprint.ID, w io.Writer) error {
	if err := errors.Join(f.known(id), f.called(ctx, "export %s", id)); err != nil {
		return err
	}
	_, err := io.WriteString(w, "a tar")
	return err
}

func (f *fakeReleases) Import(ctx context.Context, id blueprint.ID, archive io.Reader, o release.ImportOptions) (release.Release, error) {
	data, err := io.ReadAll(archive)
	f.imported, f.options = data, o
	if err != nil {
		err = fmt.Errorf("importing %q: %w", id, err)
	}
	return release.Release{Blueprint: id.Blueprint, Version: id.Version, State: release.Staged}, errors.Join(err, f.called(ctx, "import %s", id))
}

func (f *fakeReleases) Pull(ctx context.Context, id blueprint.ID, from string, o release.ImportOptions) (release.Release, error) {
	f.options = o
	return release.Release{Blueprint: id.Blueprint, Version: id.Version}, f.called(ctx, "pull %s %s", id, from)
}

func (f *fakeReleases) Publish(ctx context.Context, id blueprint.ID, o release.PublishOptions) (release.Publication, error) {
	f.options = o
	p := release.Publication{Release: demo(id.Version), Ref: "rhel/9/x86_64/edge", Before: sumA, After: sumB, Changed: true}
	if o.Force {
		p.Forced = []release.Finding{{Check: "time", Message: "runs backwards"}}
	}
	return p, errors.Join(f.known(id), f.called(ctx, "publish %s", id))
}

func (f *fakeReleases) Pin(ctx context.Context, id blueprint.ID, pinned bool) (release.Release, error) {
	r := demo(id.Version)
	r.Pinned = pinned
	return r, errors.Join(f.known(id), f.called(ctx, "pin %s %t", id, pinned))
}

func (f *fakeReleases) Sign(ctx context.Context, id blueprint.ID, key, home string) (release.Release, error) {
	return demo(id.Version), errors.Join(f.known(id), f.called(ctx, "sign %s %s %s", id, key, home))
}

func (f *fakeReleases) Delete(ctx context.Context, id blueprint.ID) error {
	return errors.Join(f.known(id), f.called(ctx, "delete %s", id))
}

func (f *fakeReleases) Prune(ctx context.Context, name blueprint.Name, o release.PruneOptions) (release.PruneReport, error) {
	f.options = o
	return release.PruneReport{Releases: []string{"demo@0.0.2"}, Objects: ostree.Pruned{Kept: 10, Removed: 3, Bytes: 4096}, DryRun: o.DryRun}, f.called(ctx, "prune %s", name)
}

func (f *fakeReleases) Verify(ctx context.Context, name blueprint.Name) (ostree.Verified, error) {
	return ostree.Verified{Commits: 2, Objects: 1000, Bytes: 5_000_000, Faults: []ostree.Fault{
		{Object: object.Name{Checksum: sumC, Kind: object.KindFile}, Cause: "corrupt", Detail: "it hashes to something else", Path: "/usr/bin/git"}}}, f.called(ctx, "verify %s", name)
}

func (f *fakeReleases) Deltas(ctx context.Context, name blueprint.Name) ([]release.Delta, error) {
	return []release.Delta{{To: "0.0.1", Size: 90_000_000}, {From: "0.0.1", To: "0.0.2", Size: 2_570_000}}, f.called(ctx, "deltas %s", name)
}

func (f *fakeReleases) MakeDelta(ctx context.Context, from, to blueprint.ID) (release.Delta, error) {
	return release.Delta{From: string(from.Version), To: string(to.Version), Size: 2_570_000}, f.called(ctx, "delta %s %s", from, to)
}

func (f *fakeReleases) WithdrawDelta(ctx context.Context, from, to blueprint.ID) error {
	return f.called(ctx, "withdraw %s %s", from, to)
}

func (f *fakeReleases) Repository(blueprint.Name) (*ostree.Repo, error) {
	return nil, errors.New("the tests have their own")
}

// fakeRepo answers for files below a folder and a few generated ones.
type fakeRepo struct {
	dir    string
	list   []string
	commit string // path of an object that is a commit
}

func (f fakeRepo) Lookup(path string) (ostree.Served, error) {
	switch path {
	case "", "refs/heads":
		return ostree.Served{List: f.list}, nil
	case "objects":
		return ostree.Served{List: []string{}}, nil
	case "summary":
		return ostree.Served{Data: []byte("a summary"), ETag: `"sum"`}, nil
	case "config":
		return ostree.Served{Data: []byte("[core]\nmode=archive-z2\n"), ETag: `"cfg"`}, nil
	case "broken":
		return ostree.Served{}, errors.New("disk /dev/sda1 on fire")
	}
	if strings.HasPrefix(path, "objects/") {
		s := ostree.Served{File: filepath.Join(f.dir, path), Immutable: true, ETag: `"` + filepath.Base(path) + `"`}
		if path == f.commit {
			s.Commit = sumA
		}
		return s, nil
	}
	return ostree.Served{}, fmt.Errorf("path %q: %w", path, ostree.ErrUnknown)
}

const (
	smallObject  = "objects/ab/small.filez"
	largeObject  = "objects/ab/large.filez"
	exactObject  = "objects/ab/exact.filez" // the largest that is small
	emptyObject  = "objects/ab/empty.filez"
	commitObject = "objects/ab/that.commit"
)

// scene is a handler with everything that tests look at.
type scene struct {
	*Handler
	releases *fakeReleases
	events   *event.Log
	dir      string            // of the repository
	content  map[string]string // of it, by path
}

func newScene(t testing.TB, change ...func(*Options)) *scene {
	t.Helper()
	dir := t.TempDir()
	s := &scene{dir: dir, releases: &fakeReleases{}, events: event.NewLog(16), content: map[string]string{
		smallObject: "small content", largeObject: strings.Repeat("large ", 50_000), exactObject: strings.Repeat("x", smallBody), emptyObject: "", commitObject: "a commit"}}
	if err := os.MkdirAll(filepath.Join(dir, "objects/ab"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, content := range s.content {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("small.filez", filepath.Join(dir, "objects/ab/link.filez")); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Releases: s.releases, Events: s.events, Token: testToken, Version: "1.2.3", BaseURL: "http://builder:8080", Started: noon,
		DataFree: func() (int64, error) { return 5_000_000_000, nil },
		UI:       fstest.MapFS{"index.html": {Data: []byte("<title>appliance</title>")}, "app.css": {Data: []byte("body{}")}, "app.js": {Data: []byte("1")}},
		Repositories: func(name blueprint.Name) (Repository, error) {
			if name != "demo" {
				return nil, fmt.Errorf("%w: %q", release.ErrNoBlueprint, name)
			}
			return fakeRepo{dir: dir, list: []string{"config", "objects/", "refs/"}, commit: commitObject}, nil
		},
	}
	for _, c := range change {
		c(&o)
	}
	s.Handler = New(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	})
	return s
}

// do sends one request past the network.
func (s *scene) do(method, url, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

var withToken = []string{"Authorization", "Bearer " + testToken}

// listen serves s on a real socket, as the caller of HTTPServer does.
func (s *scene) listen(t testing.TB) (address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.HTTPServer()
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

var _ Releases = (*release.Publisher)(nil)
var _ Events = (*event.Log)(nil)
var _ http.Handler = (*Handler)(nil)
