package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// roots runs a test with both ways of resolving paths: that of the kernel and our own.
func roots(t *testing.T, test func(t *testing.T, r *Root)) {
	for name, walk := range map[string]bool{"openat2": false, "walk": true} {
		t.Run(name, func(t *testing.T) {
			r, err := Open(t.TempDir(), Options{})
			must(t, err)
			t.Cleanup(func() { r.Close() })
			if !walk && r.walk {
				t.Skip("this kernel has no openat2")
			}
			r.walk = walk
			test(t, r)
		})
	}
}

// plant makes files below a root; "-> " begins a link, "/" ends a folder.
func plant(t testing.TB, r *Root, files map[string]string) {
	t.Helper()
	for name, content := range files {
		full := r.Path() + name
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		if target, link := strings.CutPrefix(content, "-> "); link {
			must(t, os.Symlink(target, full))
		} else if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(full, 0o755))
		} else {
			must(t, os.WriteFile(full, []byte(content), 0o644))
		}
	}
}

func TestLinksStayInside(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{
			"/etc/passwd": "inside\n", "/var/home/admin/": "", "/home": "-> var/home", "/var/usrlocal/bin/": "", "/usr/local": "-> ../var/usrlocal",
			"/abs": "-> /etc/passwd", "/up": "-> ../../../../etc/passwd", "/dir": "-> /etc/", "/dots": "-> /dir/../etc/./passwd",
			"/loop": "-> loop", "/dead": "-> /nowhere", "/proc": "-> /etc",
		})
		for _, name := range []string{"/etc/passwd", "/abs", "/up", "/dir/passwd", "/dots", "/proc/passwd"} {
			if data, err := r.Read(name, 100); err != nil || string(data) != "inside\n" {
				t.Errorf("Read(%s) = %q, %v", name, data, err)
			}
		}
		for name, want := range map[string]error{"/loop": nil, "/dead": fs.ErrNotExist, "/etc": ErrKind, "etc/passwd": ErrName, "/etc/../etc/passwd": ErrName, "/etc/": ErrName, "": ErrName} {
			if _, err := r.Read(name, 100); err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("Read(%q) = %v, want %v", name, err, want)
			}
		}
		if _, err := r.Read("/etc/passwd", 3); !errors.Is(err, ErrTooLarge) {
			t.Errorf("reading too much = %v", err)
		}
		_, err := r.Write("/home/admin/x", []byte("x"), Attr{Mode: 0o600})
		must(t, err)
		if data, err := os.ReadFile(r.Path() + "/var/home/admin/x"); err != nil || string(data) != "x" {
			t.Errorf("written through a link of a folder: %q, %v", data, err)
		}
		for name, want := range map[string]string{"/usr/local/bin": "/var/usrlocal/bin", "/dots": "/etc/passwd", "/dead/x": "/nowhere/x", "/home": "/var/home", "/": "/"} {
			if got, err := r.Real(name); err != nil || got != want {
				t.Errorf("Real(%s) = %s, %v, want %s", name, got, err, want)
			}
		}
		if _, err := r.Real("/loop"); err == nil {
			t.Error("Real of a loop")
		}
	})
}

// No link, however it is made, leads to what is outside.
func TestNoEscape(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(outside+"/secret", []byte("secret"), 0o644))
	roots(t, func(t *testing.T, r *Root) {
		up := strings.Repeat("../", 40)
		plant(t, r, map[string]string{
			"/a": "-> " + outside, "/b": "-> " + up + outside, "/sub/c": "-> .." + outside, "/sub/d": "-> ../a", "/e": "-> /proc/self/root" + outside,
		})
		for _, name := range []string{"/a", "/b", "/sub/c", "/sub/d", "/e"} {
			if data, err := r.Read(name+"/secret", 100); err == nil {
				t.Errorf("Read(%s/secret) = %q", name, data)
			}
			if _, err := r.Write(name+"/new", nil, Attr{Mode: 0o644}); err == nil {
				t.Errorf("wrote %s/new", name)
			}
			if err := r.Remove(name + "/secret"); err != nil {
				t.Errorf("Remove(%s/secret) = %v", name, err)
			}
			if err := r.RemoveAll(name); err != nil {
				t.Errorf("RemoveAll(%s) = %v", name, err)
			}
		}
		if names, err := os.ReadDir(outside); err != nil || len(names) != 1 {
			t.Errorf("outside is %v, %v", names, err)
		}
	})
}

func FuzzWalkIsOpenat2(f *testing.F) {
	f.Add("../a/b", "/a/../..", "/x/y/z")
	f.Add("/", "x", "/x")
	f.Add("a//b/", "./..", "/y/./x")
	f.Fuzz(func(t *testing.T, x, y, name string) {
		r, err := Open(t.TempDir(), Options{})
		must(t, err)
		defer r.Close()
		if r.walk {
			t.Skip("this kernel has no openat2")
		}
		must(t, os.MkdirAll(r.Path()+"/a/b", 0o755))
		must(t, os.WriteFile(r.Path()+"/a/f", nil, 0o644))
		if os.Symlink(x, r.Path()+"/x") != nil || os.Symlink(y, r.Path()+"/a/y") != nil || !clean(name) {
			return
		}
		a, errA := r.Stat(name)
		r.walk = true
		b, errB := r.Stat(name)
		if (errA == nil) != (errB == nil) || errA == nil && a != b {
			t.Errorf("Stat(%q) with x=%q y=%q: openat2 %v %v, walk %v %v", name, x, y, a, errA, b, errB)
		}
	})
}
