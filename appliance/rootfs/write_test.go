package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func stamp(t *testing.T, name string) string {
	t.Helper()
	i, err := os.Lstat(name)
	must(t, err)
	st := i.Sys().(*syscall.Stat_t)
	return fmt.Sprint(st.Ino, st.Mtim, st.Ctim, i.Mode())
}

func TestWriteOnlyWhatDiffers(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		a := Attr{Mode: 0o640}
		name := r.Path() + "/file"
		old := syscall.Umask(0o077)
		defer syscall.Umask(old)
		for _, tt := range []struct {
			data    string
			attr    Attr
			changed bool
		}{{"one", a, true}, {"one", a, false}, {"two", a, true}, {"two", Attr{Mode: 0o755}, true}, {"two", Attr{Mode: 0o755}, false}, {"", a, true}, {"", a, false}} {
			changed, err := r.Write("/file", []byte(tt.data), tt.attr)
			if err != nil || changed != tt.changed {
				t.Fatalf("Write(%q, %o) = %v, %v", tt.data, tt.attr.Mode, changed, err)
			}
			if data, _ := os.ReadFile(name); string(data) != tt.data {
				t.Errorf("content = %q, want %q", data, tt.data)
			}
			if i, _ := os.Lstat(name); i.Mode() != tt.attr.Mode {
				t.Errorf("mode = %o, want %o", i.Mode(), tt.attr.Mode)
			}
			before := stamp(t, name)
			if _, err := r.Write("/file", []byte(tt.data), tt.attr); err != nil || stamp(t, name) != before {
				t.Errorf("written again: %v", err)
			}
		}
	})
}

func TestWriteDoesNotFollow(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/precious": "precious", "/link": "-> precious"})
		_, err := r.Write("/link", []byte("new"), Attr{Mode: 0o644})
		must(t, err)
		if data, _ := os.ReadFile(r.Path() + "/precious"); string(data) != "precious" {
			t.Errorf("written through the link: %q", data)
		}
		changed, err := r.Symlink("/link", "/elsewhere")
		if target, _ := os.Readlink(r.Path() + "/link"); err != nil || !changed || target != "/elsewhere" {
			t.Errorf("Symlink = %v, %v, %q", changed, err, target)
		}
		before := stamp(t, r.Path()+"/link")
		if changed, err := r.Symlink("/link", "/elsewhere"); err != nil || changed || stamp(t, r.Path()+"/link") != before {
			t.Errorf("Symlink again = %v, %v", changed, err)
		}
	})
}

// Something that is no file does not make a reader wait.
func TestPipe(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		must(t, syscall.Mkfifo(r.Path()+"/pipe", 0o644))
		done := make(chan error, 1)
		go func() { _, err := r.Read("/pipe", 10); done <- err }()
		select {
		case err := <-done:
			if !errors.Is(err, ErrKind) {
				t.Errorf("error = %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("reading a pipe waits")
		}
		_, err := r.Write("/pipe", []byte("x"), Attr{Mode: 0o644})
		must(t, err)
	})
}

func TestOwner(t *testing.T) {
	if !privileged() {
		t.Skip("only root can give files away")
	}
	roots(t, func(t *testing.T, r *Root) {
		_, err := r.Write("/file", nil, Attr{Mode: 0o644, UID: 4711, GID: 4712})
		must(t, err)
		i, err := r.Lstat("/file")
		if err != nil || i.UID != 4711 || i.GID != 4712 {
			t.Errorf("Lstat = %+v, %v", i, err)
		}
		changed, err := r.Write("/file", nil, Attr{Mode: 0o644, UID: 4711, GID: 4713})
		if err != nil || !changed {
			t.Errorf("another group = %v, %v", changed, err)
		}
		must(t, r.Mkdir("/dir", Attr{Mode: 0o711, UID: 4711, GID: 4712}))
		if i, err := r.Stat("/dir"); err != nil || !r.Fits(i, Attr{Mode: 0o711, UID: 4711, GID: 4712}) {
			t.Errorf("Stat = %+v, %v", i, err)
		}
	})
}

// After a failure at any step the old file or the new one is there, and nothing beside it.
func TestWriteFails(t *testing.T) {
	broken := errors.New("broken")
	for n := 1; ; n++ {
		steps := 0
		r, err := Open(t.TempDir(), Options{Fault: func(op, path string) error {
			if steps++; steps == n {
				return broken
			}
			return nil
		}})
		must(t, err)
		plant(t, r, map[string]string{"/dir/a": "old", "/dir/b": "old"})
		b := r.Batch()
		err = errors.Join(b.Write("/dir/a", []byte("new"), Attr{Mode: 0o600}), b.Symlink("/dir/l", "a"), b.Write("/dir/b", []byte("new"), Attr{Mode: 0o600}))
		if err == nil {
			err = b.Commit()
		}
		b.Close()
		names, _ := r.Names("/dir")
		r.Close()
		if steps < n {
			must(t, err)
			if n < 10 || !slices.Equal(names, []string{"a", "b", "l"}) {
				t.Errorf("%d steps, names %q", n, names)
			}
			return
		}
		if !errors.Is(err, broken) {
			t.Fatalf("step %d: %v", n, err)
		}
		for _, name := range names {
			if !slices.Contains([]string{"a", "b", "l"}, name) {
				t.Errorf("step %d leaves %q", n, name)
			}
		}
		for _, name := range []string{"a", "b"} {
			if data, _ := os.ReadFile(r.Path() + "/dir/" + name); string(data) != "old" && string(data) != "new" {
				t.Errorf("step %d: %s = %q", n, name, data)
			}
		}
	}
}

func TestCopy(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/source": strings.Repeat("program", 1000), "/copy": "old"})
		src, err := os.Open(r.Path() + "/source")
		must(t, err)
		defer src.Close()
		b := r.Batch()
		defer b.Close()
		must(t, b.Copy("/copy", src, Attr{Mode: 0o755}))
		if data, _ := os.ReadFile(r.Path() + "/copy"); string(data) != "old" {
			t.Error("there before it was committed")
		}
		must(t, b.Commit())
		if ok, err := r.Holds("/copy", []byte(strings.Repeat("program", 1000)), Attr{Mode: 0o755}); err != nil || !ok {
			t.Errorf("Holds = %v, %v", ok, err)
		}
	})
}

func TestMissing(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/a/file": "", "/dead": "-> nowhere"})
		if got, err := r.Missing("/a/b/c"); err != nil || !slices.Equal(got, []string{"/a/b", "/a/b/c"}) {
			t.Errorf("Missing = %q, %v", got, err)
		}
		made, err := r.MkdirAll("/a/b/c", Attr{Mode: 0o750})
		if err != nil || !slices.Equal(made, []string{"/a/b", "/a/b/c"}) {
			t.Errorf("MkdirAll = %q, %v", made, err)
		}
		if made, err := r.MkdirAll("/a/b/c", Attr{Mode: 0o700}); err != nil || len(made) > 0 {
			t.Errorf("MkdirAll again = %q, %v", made, err)
		}
		for _, name := range []string{"/a/file/x", "/dead/x"} {
			if _, err := r.MkdirAll(name, Attr{Mode: 0o755}); !errors.Is(err, ErrKind) {
				t.Errorf("MkdirAll(%s) = %v", name, err)
			}
		}
		if changed, err := r.Adjust("/a/b", Attr{Mode: 0o711}); err != nil || !changed {
			t.Errorf("Adjust = %v, %v", changed, err)
		}
	})
}

func TestRemove(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/d/file": "", "/d/link": "-> file", "/other/x": ""})
		if err := r.Remove("/d"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("removing a full folder: %v", err)
		}
		must(t, r.Remove("/d/file", "/d/link", "/d", "/gone", "/gone/too"))
		if r.Exists("/d") {
			t.Error("the folder is still there")
		}
	})
}

func TestLeftovers(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/d/.x" + mark + "abcdefghi2": "", "/d/x.appliance-new": "", "/d/.x.appliance-new": "", "/d/.x" + mark + "ABCDEFGHI2": "", "/d/x" + mark + "abcdefghi2": ""})
		if got, err := r.Leftovers("/d"); err != nil || len(got) != 1 || got[0] != "/d/.x"+mark+"abcdefghi2" {
			t.Errorf("Leftovers = %q, %v", got, err)
		}
		if got, err := r.Leftovers("/gone"); err != nil || len(got) > 0 {
			t.Errorf("Leftovers of nothing = %q, %v", got, err)
		}
	})
	if name := tempName(strings.Repeat("n", 255)); len(name) > 255 || !temporary(name) {
		t.Errorf("tempName = %q", name)
	}
}
