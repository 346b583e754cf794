package grub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// File is the environment block of a device.
type File struct {
	path string // without symbolic links
}

// Find is the path below root of the environment block that GRUB uses; "" where there is none. The boot
// partition comes first: EFI systems keep the block there too, or a link to it.
func Find(root string) string {
	exists := func(name string) bool {
		st, err := os.Stat(filepath.Join(root, name))
		return err == nil && st.Mode().IsRegular()
	}
	if root != "/" && root != "" {
		// An absolute link in a foreign tree must not lead into this one.
		exists = func(name string) bool {
			dir, err := os.OpenRoot(root)
			if err != nil {
				return false
			}
			defer dir.Close()
			st, err := dir.Stat(name)
			return err == nil && st.Mode().IsRegular()
		}
	}
	names := []string{"boot/grub2/grubenv", "boot/grub/grubenv"}
	vendors, _ := filepath.Glob(filepath.Join(root, "/boot/efi/EFI/*/grubenv")) // the pattern is a good one
	for _, v := range vendors {
		if name, err := filepath.Rel(filepath.Join(root, "/"), v); err == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if exists(name) {
			return filepath.Join(root, "/", name)
		}
	}
	return ""
}

// Open is the environment block in a file; symbolic links are followed now. Nothing is read yet.
func Open(path string) (File, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return File{}, fmt.Errorf("opening the GRUB environment: %w", err)
	}
	return File{real}, nil
}

// Path is where the file lies, without symbolic links.
func (f File) Path() string { return f.path }

// Read reads the block.
func (f File) Read() (Block, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return Block{}, fmt.Errorf("reading the GRUB environment: %w", err)
	}
	defer file.Close()
	b, _, err := read(file)
	if err != nil {
		return Block{}, fmt.Errorf("reading the GRUB environment %q: %w", f.path, err)
	}
	return b, nil
}

func read(file *os.File) (Block, []byte, error) {
	data, err := io.ReadAll(io.LimitReader(file, Size+1))
	if err != nil {
		return Block{}, nil, err
	}
	b, err := Parse(data)
	return b, data, err
}

// Update changes the block, durably. It is written where it lies, in one piece: GRUB remembers the sectors
// of the file and writes to them before any system runs, so a new file in its place would be passed over.
// Nothing is written when change changes nothing. One update waits for another until ctx ends; programs
// such as grub2-editenv take no lock.
func (f File) Update(ctx context.Context, change func(*Block) error) error {
	if err := f.update(ctx, change); err != nil {
		return fmt.Errorf("updating the GRUB environment %q: %w", f.path, err)
	}
	return nil
}

func (f File) update(ctx context.Context, change func(*Block) error) (err error) {
	file, err := os.OpenFile(f.path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := lock(ctx, file); err != nil {
		return err
	}
	b, before, err := read(file)
	if err != nil {
		return err
	}
	if err := change(&b); err != nil {
		return err
	}
	after, err := b.Encode()
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	if _, err := file.WriteAt(after, 0); err != nil {
		return err
	}
	return file.Sync()
}

// lock takes the file for this process alone; closing it gives it back.
func lock(ctx context.Context, file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another process that changes it: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
