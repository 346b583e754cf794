package object

import (
	"bytes"

	"edge/appliance/gvariant"
)

// Signature keys of detached metadata and summary.sig: each aay.
const (
	KeyEd25519 = "ostree.sign.ed25519"
	KeyGPG     = "ostree.gpgsigs"
)

const signaturesType = "aay"

// ParseDetached reads detached metadata or a summary.sig: a{sv} whose signature keys are aay.
func ParseDetached(data []byte) (gvariant.Value, error) {
	v, err := parse("detached metadata", "a{sv}", data)
	if err != nil {
		return gvariant.Value{}, err
	}
	for _, key := range []string{KeyEd25519, KeyGPG} {
		if s, ok := v.Lookup(key); ok && s.Type() != signaturesType {
			return gvariant.Value{}, malformed("detached metadata", "%s is of type %q, not %q", key, clip(s.Type()), signaturesType)
		}
	}
	return v, nil
}

// Signatures of one kind.
func Signatures(detached gvariant.Value, key string) [][]byte {
	v, ok := dictionary(detached).Lookup(key)
	if !ok || v.Type() != signaturesType {
		return nil
	}
	signatures := make([][]byte, v.Len())
	for i := range signatures {
		signatures[i] = v.At(i).Bytes()
	}
	return signatures
}

// AddSignature returns detached (zero Value: empty) with sig appended under key, unless it is there.
func AddSignature(detached gvariant.Value, key string, sig []byte) gvariant.Value {
	detached = dictionary(detached)
	var all []gvariant.Value
	for _, s := range Signatures(detached, key) {
		if bytes.Equal(s, sig) {
			return detached
		}
		all = append(all, gvariant.Bytes(s))
	}
	all = append(all, gvariant.Bytes(sig))
	return detached.Set(key, gvariant.Array("ay", all...))
}
