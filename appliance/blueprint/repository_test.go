package blueprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/objfile"

	"edge/appliance/event"
	"edge/embedded"
)

func openTest(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), Options{Dir: dir, Events: event.NewLog(100), Now: func() time.Time { return time.Unix(1700000000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newTest makes a repository where fsync costs nothing.
func newTest(t testing.TB) *Repository {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "blueprints-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return openTest(t, filepath.Join(dir, "blueprints.git"))
}

func push(t testing.TB, r *Repository, text string, o PushOptions) Pushed {
	t.Helper()
	p, err := r.Push(t.Context(), []byte(text), o)
	if err != nil {
		t.Fatalf("pushing %q: %v", text, err)
	}
	return p
}

func TestPush(t *testing.T) {
	r := newTest(t)
	p := push(t, r, demo, PushOptions{})
	if p.ID().String() != "demo@0.0.1" || !p.Changed || p.Raised || p.Hashed != 1 || p.Kind != Created || strings.Contains(p.Text, "R3dh4t1!") || !strings.Contains(p.Text, "# raise me") {
		t.Errorf("%+v", p)
	}
	if again := push(t, r, demo, PushOptions{}); again.Changed || again.Version != "0.0.1" {
		t.Errorf("the same again: %+v", again)
	}
	if p = push(t, r, strings.Replace(demo, "git", "zsh", 1), PushOptions{}); p.Version != "0.0.2" || !p.Raised || p.Before != "0.0.1" || p.Kind != Changed || !strings.Contains(p.Text, "version = \"0.0.2\" # raise me") {
		t.Errorf("changed, not raised: %+v", p)
	}
	if again := push(t, r, strings.Replace(demo, "git", "zsh", 1), PushOptions{}); again.Changed || !again.Raised {
		t.Errorf("the same file again: %+v", again)
	}
	if _, err := r.Push(t.Context(), []byte(demo), PushOptions{}); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "0.0.3") {
		t.Errorf("lower: %v", err)
	}
	if p = push(t, r, demo, PushOptions{Raise: Minor}); p.Version != "0.1.0" {
		t.Errorf("minor: %+v", p)
	}
	if p = push(t, r, strings.Replace(demo, `"0.0.1"`, `"2.0.0"`, 1), PushOptions{}); p.Version != "2.0.0" || p.Raised {
		t.Errorf("higher: %+v", p)
	}
	if p = push(t, r, "name = \"demo\" # no version\n", PushOptions{Author: "A\n<b>", Message: "less"}); p.Version != "2.0.1" || p.Text != "name = \"demo\"\nversion = \"2.0.1\" # no version\n" || p.Author != "A b" || p.Subject != "less" {
		t.Errorf("without a version: %+v", p)
	}
	for _, o := range []PushOptions{{Expect: "2.0.0"}, {New: true}} {
		if _, err := r.Push(t.Context(), []byte("name = 'demo'\n"), o); !errors.Is(err, ErrPrecondition) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := r.Push(t.Context(), []byte("name = 'demo'\n"), PushOptions{Name: "other"}); !errors.Is(err, ErrDocument) {
		t.Errorf("under another name: %v", err)
	}
}

func TestHistory(t *testing.T) {
	r := newTest(t)
	push(t, r, demo, PushOptions{})
	push(t, r, "name = 'other'\n", PushOptions{})
	push(t, r, strings.Replace(demo, "git", "zsh", 1), PushOptions{})
	if d, err := r.Delete(t.Context(), "demo"); err != nil || d.Kind != Deleted || d.Version != "0.0.2" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := r.Delete(t.Context(), "demo"); !errors.Is(err, ErrUnknown) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := r.Show(t.Context(), "demo", ""); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "was deleted") {
		t.Errorf("%v", err)
	}
	if p := push(t, r, demo, PushOptions{Raise: Patch}); p.Version != "0.0.3" || p.Kind != Created {
		t.Errorf("back again: %+v", p)
	}
	for _, r := range []*Repository{r, openTest(t, r.o.Dir)} {
		all, err := r.History(t.Context(), "demo")
		var got []string
		for _, c := range all {
			got = append(got, c.Kind+" "+string(c.Version))
		}
		if err != nil || strings.Join(got, ", ") != "created 0.0.3, deleted 0.0.2, changed 0.0.2, created 0.0.1" {
			t.Errorf("%q, %v", got, err)
		}
		if s, err := r.Show(t.Context(), "demo", "0.0.2"); err != nil || s.Packages[0].Name != "zsh" || s.Versions != 3 {
			t.Errorf("%+v, %v", s, err)
		}
		list, err := r.List(t.Context())
		if err != nil || len(list) != 2 || list[0].Version != "0.0.3" || list[1].Name != "other" || !r.Secret() {
			t.Errorf("%+v, %v", list, err)
		}
		for _, id := range []ID{{"demo", "9.9.9"}, {"none", ""}} {
			if _, err := r.Show(t.Context(), id.Blueprint, id.Version); !errors.Is(err, ErrUnknown) {
				t.Errorf("%v: %v", id, err)
			}
		}
	}
}

func TestDiff(t *testing.T) {
	r := newTest(t)
	push(t, r, demo, PushOptions{})
	push(t, r, strings.Replace(demo, "name = \"git\"\nversion = \"*\"", "name = \"zsh\"\n[[groups]]\nname = \"core\"", 1), PushOptions{})
	d, err := r.Diff(t.Context(), ID{"demo", "0.0.1"}, ID{"demo", "0.0.2"})
	if err != nil || len(d.Added) != 2 || d.Added[0].Name != "@core" || len(d.Removed) != 1 || d.Removed[0].Name != "git" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, want := range []string{"--- demo@0.0.1\n+++ demo@0.0.2\n@@ -1,10 +1,11 @@\n", "-name = \"git\"\n", "+name = \"zsh\"\n"} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("%s\nlacks %q", d.Text, want)
		}
	}
	if d, err = r.Diff(t.Context(), ID{"demo", "0.0.1"}, ID{"demo", "0.0.1"}); err != nil || d.Text != "" {
		t.Errorf("%+v, %v", d, err)
	}
}

// Two texts, told apart and put together again.
func FuzzUnified(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, a, b string) {
		var was, is []string
		for _, e := range compareLines(lines(a), lines(b)) {
			if e.sign != '+' {
				was = append(was, e.line)
			}
			if e.sign != '-' {
				is = append(is, e.line)
			}
		}
		if strings.Join(was, "\n") != strings.TrimSuffix(a, "\n") || strings.Join(is, "\n") != strings.TrimSuffix(b, "\n") {
			t.Errorf("%q and %q: %q and %q", a, b, was, is)
		}
	})
}

// everything is all that the repository holds, unpacked.
func everything(t testing.TB, r *Repository) (text string, objects int) {
	t.Helper()
	var s strings.Builder
	err := filepath.WalkDir(r.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if rel, _ := filepath.Rel(filepath.Join(r.o.Dir, "objects"), path); len(rel) == 41 {
			o, err := objfile.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if _, _, err = o.Header(); err == nil {
				data, err = io.ReadAll(o)
			}
			if err != nil || o.Hash().String() != strings.ReplaceAll(rel, "/", "") {
				return fmt.Errorf("%s is not what its name says: %w", rel, err)
			}
			objects++
		}
		s.Write(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.String(), objects
}

// No object ever holds a password, not even of a push that was refused.
func TestPasswordsAreNeverKept(t *testing.T) {
	r := newTest(t)
	for i := range 4 {
		push(t, r, strings.Replace(demo, "R3dh4t1!", fmt.Sprintf("R3dh4t1!%d", i), 1), PushOptions{Raise: Patch})
	}
	r.o.Check = func(context.Context, Document) error { return errors.New("no") }
	if _, err := r.Push(t.Context(), []byte(strings.Replace(demo, "R3dh4t1!", "R3dh4t1!x", 1)), PushOptions{Raise: Patch}); !errors.Is(err, ErrDocument) {
		t.Errorf("%v", err)
	}
	text, objects := everything(t, r)
	if objects != 12 || strings.Contains(text, "R3dh4t1") || strings.Count(text, "$6$rounds=") != 4 {
		t.Errorf("%d objects, in which there is %d times a hash", objects, strings.Count(text, "$6$rounds="))
	}
	s, err := r.Show(t.Context(), "demo", "")
	if err != nil || strings.Contains(s.Hidden().Text, "$6$") || !strings.Contains(s.Hidden().Text, hidden) || s.Hidden().Secret() {
		t.Errorf("%+v, %v", s.Hidden(), err)
	}
	if _, err := Parse([]byte(s.Hidden().Text), "x"); err == nil {
		t.Error("a text without its hashes can be pushed")
	}
	d, err := r.Diff(t.Context(), ID{"demo", "0.0.1"}, ID{"demo", "0.0.2"})
	if err != nil || !strings.Contains(d.Text, "$6$") || strings.Contains(d.Hidden().Text, "$6$") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestPushesAtOnce(t *testing.T) {
	r := newTest(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 5 {
				if _, err := r.Push(t.Context(), fmt.Appendf(nil, "name = 'b%d'\ndescription = '%d %d'\n", i%4, i, j), PushOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := r.List(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	again := openTest(t, r.o.Dir)
	for i := range 4 {
		n := Name(fmt.Sprintf("b%d", i))
		all, err := again.History(t.Context(), n)
		if err != nil || len(all) != 10 || again.now().last(n) != "0.0.10" {
			t.Errorf("%s: %d changes, %v", n, len(all), err)
		}
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	r := newTest(t)
	leave, err := r.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Push(ctx, []byte("name = 'a'\n"), PushOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What a crash leaves: temporary files, objects that nothing names, tags that were not written.
func TestOpenAfterACrash(t *testing.T) {
	r := newTest(t)
	push(t, r, demo, PushOptions{})
	dir := filepath.Join(r.o.Dir, "objects", "pack")
	for path, text := range map[string]string{filepath.Join(dir, temporaryObject+"1"): "half", filepath.Join(r.o.Dir, temporary+"2"): "half",
		filepath.Join(r.o.Dir, "packed-refs"): "# pack-refs with: peeled fully-peeled sorted \n" + r.now().tip.String() + " " + branch + "\n"} {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.store.write(t.Context(), []content{{plumbing.BlobObject, []byte("unnamed")}}); err != nil {
		t.Fatal(err)
	}
	again := openTest(t, r.o.Dir)
	refs, err := again.store.refs()
	if err != nil || refs["refs/tags/demo/0.0.1"] != r.now().tip {
		t.Errorf("%v, %v", refs, err)
	}
	left, _ := filepath.Glob(filepath.Join(r.o.Dir, "objects", "*", temporaryObject+"*"))
	more, _ := filepath.Glob(filepath.Join(r.o.Dir, temporary+"*"))
	if len(left)+len(more) > 0 {
		t.Errorf("left: %q", append(left, more...))
	}
}

func TestDamageIsTold(t *testing.T) {
	r := newTest(t)
	p := push(t, r, demo, PushOptions{})
	path := r.store.path(p.blob)
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Show(t.Context(), "demo", ""); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
}

// The blueprints in the binary are taken as they are.
func TestEmbeddedBlueprints(t *testing.T) {
	r := newTest(t)
	if err := r.Seed(t.Context(), embedded.Blueprints()); err != nil {
		t.Fatal(err)
	}
	has := func(v Version, packages ...string) {
		t.Helper()
		s, err := r.Show(t.Context(), "demo_upgrade", v)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range s.Packages {
			got = append(got, p.Name)
		}
		if strings.Join(got, " ") != strings.Join(packages, " ") || s.Users[0] != "admin" || s.Secret() {
			t.Errorf("%s has %q, want %q", v, got, packages)
		}
	}
	has("0.0.1", "git", "net-tools")
	has("0.0.2", "zsh", "net-tools")
	has("0.0.3", "git", "zsh", "net-tools")
	if list, err := r.List(t.Context()); err != nil || len(list) != 2 || list[0].Versions != 3 || list[1].Name != "minimal" || list[1].Version != "0.0.1" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestSeed(t *testing.T) {
	r := newTest(t)
	files := fstest.MapFS{"a-2.toml": {Data: []byte("name = 'a'\nversion = '0.0.2'\n")}, "a-1.toml": {Data: []byte("name = 'a'\nversion = '0.0.1'\n")}, "README": {}}
	for range 2 {
		if err := r.Seed(t.Context(), files); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := r.History(t.Context(), "a"); err != nil || len(all) != 2 || all[0].Version != "0.0.2" {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := r.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := r.Seed(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	if all, err := r.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("what was deleted is back: %+v, %v", all, err)
	}
}

// Hashes of passwords may be in the history, so that it is nobody else's.
func TestOnlyTheOwnerReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blueprints.git")
	openTest(t, dir)
	if i, err := os.Stat(dir); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
}
