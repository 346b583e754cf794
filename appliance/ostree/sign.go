package ostree

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

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

// ErrKey is the cause when a file holds no signing key, or one that others may read.
var ErrKey = errors.New("no usable signing key")

// Signer signs with one ed25519 key.
type Signer struct{ key ed25519.PrivateKey }

// LoadSigner reads the key in file (base64 of seed and public key, as "ostree sign" takes it), and
// makes one with mode 0600 when the file is absent.
func LoadSigner(file string) (*Signer, error) {
	s, err := readSigner(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(file); err == nil || errors.Is(err, fs.ErrExist) {
			s, err = readSigner(file) // another process may have been faster
		}
	}
	if err != nil {
		return nil, fmt.Errorf("loading signing key %q: %w", file, err)
	}
	return s, nil
}

func readSigner(file string) (*Signer, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: its mode is %04o; run `chmod 600 %s`", ErrKey, mode, file)
	}
	text, err := readSmall(file, 4096)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("%w: it is not the base64 of %d bytes", ErrKey, ed25519.PrivateKeySize)
	}
	s := &Signer{ed25519.NewKeyFromSeed(key[:ed25519.SeedSize])}
	if string(s.key) != string(key) {
		return nil, fmt.Errorf("%w: its second half is not the public key of its first", ErrKey)
	}
	return s, nil
}

// makeKey writes a new key. The link fails when file has appeared meanwhile, so that no key which
// somebody may have signed with is ever replaced.
func makeKey(file string) error {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".key-*") // mode 0600
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
	return syncFolder(filepath.Dir(file))
}

func (s *Signer) public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// PublicKey is the base64 line for trusted.ed25519.
func (s *Signer) PublicKey() string { return base64.StdEncoding.EncodeToString(s.public()) }

// String keeps the secret half out of logs and messages.
func (s *Signer) String() string { return "ed25519 key " + s.PublicKey() }

// Sign signs the exact bytes.
func (s *Signer) Sign(data []byte) []byte { return ed25519.Sign(s.key, data) }

// Signatures of a commit: how many of each kind ("ed25519", "gpg").
func (r *Repo) Signatures(c object.Checksum) (map[string]int, error) {
	if !r.has(object.Name{Checksum: c, Kind: object.KindCommit}) {
		return nil, fmt.Errorf("reading the signatures of commit %s: %w", c, ErrUnknown)
	}
	detached, err := r.detached(c)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for kind, key := range map[string]string{"ed25519": object.KeyEd25519, "gpg": object.KeyGPG} {
		if n := len(object.Signatures(detached, key)); n > 0 {
			counts[kind] = n
		}
	}
	return counts, nil
}

// signSummary makes summary.sig for the exact bytes of summary; nil without a signer.
func (r *Repo) signSummary(summary []byte) []byte {
	if r.o.Signer == nil {
		return nil
	}
	sig := r.o.Signer.Sign(summary)
	return object.AddSignature(gvariant.Dict(), object.KeyEd25519, sig).Data()
}
