package ostree

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"edge/appliance/object"
)

// Debian 12's ostree is built without sign-ed25519 and cannot verify such a signature; TestPointSigns
// does that with crypto/ed25519. What it can do is to read the layout, an aay under the key that
// libostree's src/libostree/ostree-sign-ed25519.c names, and to leave it alone.
func TestSignatureLayoutCLI(t *testing.T) {
	needProgram(t, "ostree")
	r := newRepo(t, Options{})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "")
	raw, err := os.ReadFile(r.path(object.Name{Checksum: c, Kind: object.KindCommit}))
	if err != nil {
		t.Fatal(err)
	}
	signer := newSigner(t)
	for signer.Sign(raw)[63] == 0 { // which the program would print as a string
		signer = newSigner(t)
	}
	r.o.Signer = signer
	if _, err := r.Point(t.Context(), Pointing{Ref: "a/b", Commit: c}); err != nil {
		t.Fatal(err)
	}
	out := runOSTree(t, "show", "--repo="+r.dir, "--print-detached-metadata-key="+object.KeyEd25519, string(c))
	var bytes []string
	for i, b := range signer.Sign(raw) {
		text := fmt.Sprintf("0x%02x", b)
		if i == 0 {
			text = "byte " + text // GVariant's text form
		}
		bytes = append(bytes, text)
	}
	if want := "[[" + strings.Join(bytes, ", ") + "]]"; out != want {
		t.Errorf("ostree reads\n%s\nwant\n%s", out, want)
	}
	runOSTree(t, "fsck", "--repo="+r.dir)
	if out := runOSTree(t, "summary", "--repo="+r.dir, "--view"); !strings.Contains(out, string(c)) {
		t.Errorf("ostree reads of the summary:\n%s", out)
	}
}

// The signature of the program and ours stay side by side.
func TestSignGPGCLI(t *testing.T) {
	needProgram(t, "ostree")
	home := gpgHome(t)
	r := newRepo(t, Options{Signer: newSigner(t)})
	c := writeTree(t, r, smallTree(nil), "0.0.1", "", "a/b")
	if err := r.SignGPG(t.Context(), c, "test@example.com", home); err != nil {
		t.Fatal(err)
	}
	counts, err := r.Signatures(c)
	if err != nil || counts["gpg"] != 1 || counts["ed25519"] != 1 {
		t.Errorf("Signatures: %v, %v", counts, err)
	}
	for _, key := range []string{"", "--help", "nobody@example.com"} {
		if err := r.SignGPG(t.Context(), c, key, home); err == nil {
			t.Errorf("signed with key %q", key)
		}
	}
	if _, err := r.Point(t.Context(), Pointing{Ref: "c/d", Commit: c}); err != nil {
		t.Fatal(err)
	}
	if again, err := r.Signatures(c); err != nil || again["gpg"] != 1 || again["ed25519"] != 1 {
		t.Errorf("Signatures after publishing: %v, %v", again, err)
	}
	runOSTree(t, "fsck", "--repo="+r.dir)
}
