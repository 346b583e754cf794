package grub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// grubenv writes a file and opens it as an environment block.
func grubenv(t *testing.T, data []byte) File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "grubenv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func inode(t *testing.T, path string) (ino uint64, changed time.Time) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Sys().(*syscall.Stat_t).Ino, st.ModTime()
}

func TestUpdateKeepsTheFileInItsPlace(t *testing.T) {
	f := grubenv(t, block("a=1\n"))
	before, _ := inode(t, f.Path())
	err := f.Update(t.Context(), func(b *Block) error { return b.Set("boot_counter", "3") })
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(f.Path())
	if err != nil || !bytes.Equal(got, block("a=1\nboot_counter=3\n")) {
		t.Errorf("file = %q, %v", got, err)
	}
	if after, _ := inode(t, f.Path()); after != before {
		t.Error("the file was replaced; GRUB would go on with the old one")
	}
}

func TestUpdateOfNothingWritesNothing(t *testing.T) {
	f := grubenv(t, block("a=1\n"))
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(f.Path(), old, old); err != nil {
		t.Fatal(err)
	}
	if err := f.Update(t.Context(), func(b *Block) error { b.Unset("boot_counter"); return b.Set("a", "1") }); err != nil {
		t.Fatal(err)
	}
	if _, changed := inode(t, f.Path()); !changed.Equal(old) {
		t.Errorf("the file was written at %v", changed)
	}
}

func TestUpdateThatFailsWritesNothing(t *testing.T) {
	own := errors.New("own")
	for name, change := range map[string]func(*Block) error{
		"refused": func(b *Block) error { _ = b.Set("a", "2"); return own },
		"full":    func(b *Block) error { return b.Set("a", string(bytes.Repeat([]byte{'x'}, Size))) },
	} {
		f := grubenv(t, block("a=1\n"))
		if err := f.Update(t.Context(), change); !errors.Is(err, own) && !errors.Is(err, ErrFull) {
			t.Errorf("%s: Update = %v", name, err)
		}
		if got, _ := os.ReadFile(f.Path()); !bytes.Equal(got, block("a=1\n")) {
			t.Errorf("%s: the file became %q", name, got)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("hello"), block("broken\n"), append(block(""), make([]byte, 4096)...)} {
		f := grubenv(t, data)
		if _, err := f.Read(); !errors.Is(err, ErrInvalid) {
			t.Errorf("Read of %.20q = %v", data, err)
		}
		if err := f.Update(t.Context(), func(*Block) error { return nil }); !errors.Is(err, ErrInvalid) {
			t.Errorf("Update of %.20q = %v", data, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing = %v", err)
	}
}

// No update is lost when several come at once, and one that must wait gives up with its context.
func TestUpdateLocks(t *testing.T) {
	f := grubenv(t, block("n=0\n"))
	var g sync.WaitGroup
	for range 8 {
		g.Go(func() {
			err := f.Update(t.Context(), func(b *Block) error {
				text, _ := b.Get("n")
				n, err := strconv.Atoi(text)
				return errors.Join(err, b.Set("n", strconv.Itoa(n+1)))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	b, err := f.Read()
	if n, _ := b.Get("n"); err != nil || n != "8" {
		t.Errorf("n = %q, %v after 8 updates", n, err)
	}
	_ = f.Update(t.Context(), func(*Block) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := f.Update(ctx, func(*Block) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second update = %v, want it to wait in vain", err)
		}
		return nil
	})
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name        string
		files       []string
		links       map[string]string
		want, opens string
	}{
		{name: "none"},
		{name: "RHEL", files: []string{"boot/grub2/grubenv", "boot/efi/EFI/redhat/grubenv"}, want: "boot/grub2/grubenv"},
		{name: "Debian", files: []string{"boot/grub/grubenv"}, want: "boot/grub/grubenv"},
		{name: "EFI only", files: []string{"boot/efi/EFI/fedora/grubenv"}, want: "boot/efi/EFI/fedora/grubenv"},
		{name: "link to EFI", files: []string{"boot/efi/EFI/redhat/grubenv"}, links: map[string]string{"boot/grub2/grubenv": "../efi/EFI/redhat/grubenv"},
			want: "boot/grub2/grubenv", opens: "boot/efi/EFI/redhat/grubenv"},
		{name: "dangling link", links: map[string]string{"boot/grub2/grubenv": "../efi/EFI/redhat/grubenv"}},
		{name: "link out of the tree", links: map[string]string{"boot/grub2/grubenv": "/etc/passwd"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files, tt.links)
			got := Find(root)
			if want := filepath.Join(root, tt.want); got != want && (tt.want != "" || got != "") {
				t.Fatalf("Find = %q, want %q", got, tt.want)
			}
			if tt.opens == "" {
				return
			}
			f, err := Open(got)
			if err != nil || f.Path() != filepath.Join(root, tt.opens) {
				t.Errorf("Open = %q, %v, want %q", f.Path(), err, tt.opens)
			}
			if err := f.Update(t.Context(), func(b *Block) error { return b.Set("a", "1") }); err != nil {
				t.Error(err)
			}
			if st, err := os.Lstat(got); err != nil || st.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("the link became %v, %v", st, err)
			}
		})
	}
}

// tree is a root folder with environment blocks and links.
func tree(t *testing.T, files []string, links map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	make := func(name string, with func(path string) error) {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), with(path)); err != nil {
			t.Fatal(fmt.Errorf("making %s: %w", name, err))
		}
	}
	for _, name := range files {
		make(name, func(path string) error { return os.WriteFile(path, block(""), 0o600) })
	}
	for name, target := range links {
		make(name, func(path string) error { return os.Symlink(target, path) })
	}
	return root
}
