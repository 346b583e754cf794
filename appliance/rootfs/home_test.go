package rootfs

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// user is who the homes of these tests belong to.
func user() uint32 {
	if privileged() {
		return 4711
	}
	return uint32(os.Geteuid())
}

func home(t *testing.T, r *Root) *Root {
	t.Helper()
	must(t, os.MkdirAll(r.Path()+"/var/home/admin", 0o755))
	must(t, os.Symlink("var/home", r.Path()+"/home"))
	if privileged() {
		must(t, os.Chown(r.Path()+"/var/home/admin", 4711, 4711))
	}
	h, err := r.Home("/home/admin", user(), user())
	must(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHomeBelongsToItsUser(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		h := home(t, r)
		_, err := h.MkdirAll("/.config/systemd", Attr{Mode: 0o700})
		must(t, err)
		_, err = h.Write("/.config/systemd/file", []byte("x"), Attr{Mode: 0o600})
		must(t, err)
		_, err = h.Symlink("/.config/systemd/link", "/etc/x")
		must(t, err)
		for _, name := range []string{"/.config", "/.config/systemd", "/.config/systemd/file", "/.config/systemd/link"} {
			i, err := h.Lstat(name)
			if err != nil || i.UID != user() {
				t.Errorf("%s belongs to %d, %v", name, i.UID, err)
			}
		}
	})
}

// Whatever its user puts there, nothing of a home is followed.
func TestHomeFollowsNothing(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		h := home(t, r)
		plant(t, r, map[string]string{"/etc/precious": "precious", "/var/home/admin/etc": "-> /etc", "/var/home/admin/up": "-> ../../../etc", "/var/home/admin/file": "-> /etc/precious", "/var/home/admin/.real/": ""})
		if privileged() {
			must(t, os.Chown(r.Path()+"/var/home/admin/.real", 4711, 4711))
		}
		must(t, os.Symlink(".real", r.Path()+"/var/home/admin/own"))
		for _, dir := range []string{"/etc", "/up", "/own"} {
			if _, err := h.Write(dir+"/x", nil, Attr{Mode: 0o644}); !errors.Is(err, ErrUnsafe) {
				t.Errorf("Write below %s = %v", dir, err)
			}
			if _, err := h.Symlink(dir+"/x", "y"); !errors.Is(err, ErrUnsafe) {
				t.Errorf("Symlink below %s = %v", dir, err)
			}
			if _, err := h.MkdirAll(dir+"/x", Attr{Mode: 0o755}); err == nil {
				t.Errorf("MkdirAll below %s", dir)
			}
			if err := h.Remove(dir + "/precious"); !errors.Is(err, ErrUnsafe) {
				t.Errorf("Remove below %s = %v", dir, err)
			}
		}
		if data, err := h.Read("/file", 100); !errors.Is(err, ErrUnsafe) {
			t.Errorf("Read = %q, %v", data, err)
		}
		if data, err := os.ReadFile(r.Path() + "/etc/precious"); err != nil || string(data) != "precious" {
			t.Errorf("precious = %q, %v", data, err)
		}
	})
}

func TestHomeOfSomebodyElse(t *testing.T) {
	if !privileged() {
		t.Skip("only root enters homes")
	}
	roots(t, func(t *testing.T, r *Root) {
		h := home(t, r)
		plant(t, r, map[string]string{"/var/home/admin/roots/": ""})
		if _, err := h.Write("/roots/x", nil, Attr{Mode: 0o644}); !errors.Is(err, ErrUnsafe) {
			t.Errorf("Write = %v", err)
		}
		if _, err := h.Missing("/roots/x"); !errors.Is(err, ErrUnsafe) {
			t.Errorf("Missing = %v", err)
		}
		if _, err := r.Home("/home/admin", 4712, 4712); !errors.Is(err, ErrUnsafe) {
			t.Errorf("Home = %v", err)
		}
	})
}

func TestLock(t *testing.T) {
	roots(t, func(t *testing.T, r *Root) {
		plant(t, r, map[string]string{"/etc/x": ""})
		unlock, err := r.Lock(t.Context(), "/etc")
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := r.Lock(ctx, "/etc"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second lock = %v", err)
		}
		unlock()
		unlock, err = r.Lock(t.Context(), "/etc")
		must(t, err)
		unlock()
		if names, _ := r.Names("/etc"); len(names) != 1 {
			t.Errorf("the lock left %q", names)
		}
	})
}
