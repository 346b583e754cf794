package report

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrKey is the cause when a file holds no key of a device, or one that others may read.
var ErrKey = errors.New("no usable device key")

// LoadKey reads the key of this device from a file (one line, base64 of seed and public key), and makes one
// with mode 0600 where there is no file. A key that is there is never replaced: the builder knows the
// device by it.
func LoadKey(file string) (ed25519.PrivateKey, error) {
	key, err := readKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(file); err == nil || errors.Is(err, fs.ErrExist) {
			key, err = readKey(file) // another process may have been faster
		}
	}
	if err != nil {
		return nil, fmt.Errorf("loading device key %q: %w", file, err)
	}
	return key, nil
}

func readKey(file string) (ed25519.PrivateKey, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: it is %v and not a file that only its owner reads; delete it and enrol again, or chmod 600 it", ErrKey, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: it is not the base64 of %d bytes; delete it and enrol again", ErrKey, ed25519.PrivateKeySize)
	}
	key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if !key.Equal(ed25519.PrivateKey(raw)) {
		return nil, fmt.Errorf("%w: its second half is not the public key of its first; delete it and enrol again", ErrKey)
	}
	return key, nil
}

// makeKey writes a new key, whole and durable, or not at all. The link fails when the file has appeared meanwhile.
func makeKey(file string) error {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := io.WriteString(f, base64.StdEncoding.EncodeToString(key)+"\n"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
