package object

import (
	"bytes"
	"errors"
	"testing"

	"edge/appliance/gvariant"
)

func TestSignatures(t *testing.T) {
	var none gvariant.Value
	if got := Signatures(none, KeyGPG); got != nil {
		t.Errorf("signatures of nothing: %q", got)
	}
	d := AddSignature(none, KeyEd25519, []byte("one"))
	d = AddSignature(d, KeyGPG, []byte("gpg"))
	d = AddSignature(d, KeyEd25519, []byte("two"))
	again := AddSignature(d, KeyEd25519, []byte("one"))
	if !bytes.Equal(again.Data(), d.Data()) {
		t.Error("a signature is there twice")
	}
	parsed, err := ParseDetached(d.Data())
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Join(Signatures(parsed, KeyEd25519), []byte(" ")); string(got) != "one two" {
		t.Errorf("ed25519: %q", got)
	}
	if got := bytes.Join(Signatures(parsed, KeyGPG), []byte(" ")); string(got) != "gpg" {
		t.Errorf("gpg: %q", got)
	}
}

func TestParseDetachedRefuses(t *testing.T) {
	wrong := gvariant.Dict(gvariant.Entry{Key: KeyGPG, Value: gvariant.Str("signed")})
	for why, data := range map[string][]byte{"another type": wrong.Data(), "junk": []byte("junk")} {
		if _, err := ParseDetached(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := ParseDetached(nil); err != nil {
		t.Errorf("no metadata at all: %v", err)
	}
}

func FuzzDetached(f *testing.F) {
	f.Add(AddSignature(gvariant.Value{}, KeyEd25519, []byte("s")).Data())
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDetached(data)
		if err != nil {
			return
		}
		before := len(Signatures(d, KeyEd25519))
		d, err = ParseDetached(AddSignature(d, KeyEd25519, []byte("a signature")).Data())
		if after := len(Signatures(d, KeyEd25519)); err != nil || after < before || after == 0 {
			t.Fatalf("%d signatures, %d before, %v", after, before, err)
		}
	})
}
