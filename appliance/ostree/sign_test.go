package ostree

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

func newSigner(t testing.TB) *Signer {
	t.Helper()
	s, err := LoadSigner(filepath.Join(t.TempDir(), "ed25519.key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLoadSigner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ed25519.key")
	var wg sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys { // all at once: one makes the key, the others take it
		wg.Go(func() {
			s, err := LoadSigner(file)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = s.PublicKey()
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Errorf("public keys %q and %q of one file", k, keys[0])
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	text, _ := os.ReadFile(file)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(string(text), "\n"))
	if err != nil || len(raw) != 64 || base64.StdEncoding.EncodeToString(raw[32:]) != keys[0] {
		t.Errorf("the file is not base64 of seed and public key")
	}
	s, _ := LoadSigner(file)
	if shown := fmt.Sprintf("%v %+v %s", s, s, s); strings.Contains(shown, "[") {
		t.Errorf("it shows its secret: %s", shown)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLoadSignerRefuses(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	mixed := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)...))
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string // "" is accepted
	}{
		{"good", good + "\n", 0o600, ""},
		{"no newline", good, 0o400, ""},
		{"group may read", good, 0o640, "chmod 600"},
		{"others may read", good, 0o604, "chmod 600"},
		{"empty", "", 0o600, "64 bytes"},
		{"short", base64.StdEncoding.EncodeToString(make([]byte, 32)), 0o600, "64 bytes"},
		{"no base64", strings.Repeat("?", 88), 0o600, "64 bytes"},
		{"halves differ", mixed, 0o600, "public key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadSigner(file)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.Is(err, ErrKey) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v; want %q", err, c.want)
			}
			if c.text != "" && err != nil && strings.Contains(err.Error(), c.text) {
				t.Errorf("the message tells the key: %v", err)
			}
		})
	}
	if _, err := LoadSigner(filepath.Join(t.TempDir(), "absent", "key")); err == nil {
		t.Error("a key in a folder that is not there")
	}
}

func TestPointSigns(t *testing.T) {
	signer := newSigner(t)
	r := newRepo(t, Options{Signer: signer})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "")
	// What others have put there stays.
	foreign := gvariant.Dict(
		gvariant.Entry{Key: "x.note", Value: gvariant.Str("kept")},
		gvariant.Entry{Key: object.KeyEd25519, Value: gvariant.Array("ay", gvariant.Bytes(bytes.Repeat([]byte{1}, 64)))},
	)
	name := object.Name{Checksum: c, Kind: object.KindCommitMeta}
	storeObject(t, r, name, foreign.Data())
	for range 2 { // the second time nothing is added
		if _, err := r.Point(context.Background(), Pointing{Ref: "a/b", Commit: c}); err != nil {
			t.Fatal(err)
		}
	}
	detached, err := r.detached(c)
	if err != nil {
		t.Fatal(err)
	}
	sigs := object.Signatures(detached, object.KeyEd25519)
	raw, _ := os.ReadFile(r.path(object.Name{Checksum: c, Kind: object.KindCommit}))
	if len(sigs) != 2 || !bytes.Equal(sigs[0], bytes.Repeat([]byte{1}, 64)) || !ed25519.Verify(signer.public(), raw, sigs[1]) {
		t.Errorf("%d signatures, or ours is not over the commit object", len(sigs))
	}
	if note, ok := detached.Lookup("x.note"); !ok || note.Str() != "kept" {
		t.Error("a foreign key has gone")
	}
	if counts, err := r.Signatures(c); err != nil || counts["ed25519"] != 2 || len(counts) != 1 {
		t.Errorf("Signatures: %v, %v", counts, err)
	}
	summary, _ := os.ReadFile(filepath.Join(r.dir, "summary"))
	sig, _ := os.ReadFile(filepath.Join(r.dir, "summary.sig"))
	detached, err = object.ParseDetached(sig)
	if err != nil {
		t.Fatal(err)
	}
	if s := object.Signatures(detached, object.KeyEd25519); len(s) != 1 || !ed25519.Verify(signer.public(), summary, s[0]) {
		t.Error("summary.sig does not sign the summary")
	}
	if _, err := r.Signatures(object.ChecksumOf(nil)); !errors.Is(err, ErrUnknown) {
		t.Errorf("Signatures of a commit that is not there: %v", err)
	}
}
