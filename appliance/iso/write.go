package iso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Causes of a refusal to write.
var (
	ErrInUse    = errors.New("device is in use")
	ErrTooSmall = errors.New("device is too small")
	ErrNoDevice = errors.New("not a disk")
	ErrVerify   = errors.New("device does not have what was written")
)

// Clone makes a file of an image without copying its base, where the file system can share blocks (XFS, Btrfs). ok
// is false where it cannot; then nothing was written.
func Clone(to, base *os.File, o *Overlay) (ok bool, err error) {
	if info, err := base.Stat(); err != nil || info.Size() != o.Size {
		return false, errors.Join(ErrChanged, err)
	}
	if err := unix.IoctlFileClone(int(to.Fd()), int(base.Fd())); err != nil {
		return false, nil //nolint:nilerr // not here, or not between these two
	}
	for _, p := range o.Patches {
		if _, err := to.WriteAt(p.Data, p.Offset); err != nil {
			return true, fmt.Errorf("writing %q: %w", to.Name(), err)
		}
	}
	return true, nil
}

// Copy writes an image from a reader of exactly size bytes, and returns its SHA-256. progress may be nil.
func Copy(ctx context.Context, to io.Writer, from io.Reader, size int64, progress func(int64)) (sum string, err error) {
	hash := sha256.New()
	buffer := make([]byte, 1<<20)
	for done := int64(0); done < size; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := io.ReadFull(from, buffer[:min(int64(len(buffer)), size-done)])
		if err != nil {
			return "", fmt.Errorf("reading the image at byte %d: %w", done, err)
		}
		hash.Write(buffer[:n])
		if _, err := to.Write(buffer[:n]); err != nil {
			return "", fmt.Errorf("writing at byte %d: %w", done, err)
		}
		if done += int64(n); progress != nil {
			progress(done)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Device is a disk that an image is to be written to, a USB stick.
type Device struct {
	*os.File
	Size      int64
	Model     string
	Removable bool
}

// OpenDevice opens a whole disk for writing. The kernel refuses it while anything on it is mounted or in use
// otherwise.
func OpenDevice(path string) (*Device, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeDevice == 0 || info.Mode()&fs.ModeCharDevice != 0 {
		return nil, fmt.Errorf("opening %q: %w", path, ErrNoDevice)
	}
	name := sysfs(path)
	if _, err := os.Stat(filepath.Join(name, "partition")); err == nil {
		return nil, fmt.Errorf("opening %q: %w but a partition of one", path, ErrNoDevice)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_EXCL, 0)
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("opening %q: %w: unmount what is on it", path, ErrInUse)
	}
	if err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("measuring %q: %w", path, errors.Join(err, f.Close()))
	}
	d := &Device{File: f, Size: size}
	model, _ := os.ReadFile(filepath.Join(name, "device", "model")) // not every disk has one
	removable, _ := os.ReadFile(filepath.Join(name, "removable"))
	d.Model, d.Removable = strings.TrimSpace(string(model)), strings.TrimSpace(string(removable)) == "1"
	return d, nil
}

// sysfs is the folder in which the kernel describes a disk.
func sysfs(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	return filepath.Join("/sys/class/block", filepath.Base(real))
}

// Verify reads back what was written, from the device and not from memory.
func Verify(ctx context.Context, f *os.File, size int64, want string, progress func(int64)) error {
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing %q: %w", f.Name(), err)
	}
	_ = unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0) // a disk's; an ordinary file has none
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("verifying %q: %w", f.Name(), err)
	}
	got, err := Copy(ctx, io.Discard, io.NewSectionReader(f, 0, size), size, progress)
	if err != nil {
		return fmt.Errorf("verifying %q: %w", f.Name(), err)
	}
	if got != want {
		return fmt.Errorf("verifying %q: %w: take another stick", f.Name(), ErrVerify)
	}
	return nil
}
