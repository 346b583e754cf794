package object

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Checksum is a SHA-256 in 64 lower-case hexadecimal digits.
type Checksum string

// ParseChecksum accepts exactly 64 lower-case hexadecimal digits.
func ParseChecksum(s string) (Checksum, error) {
	if !isHex(s, 2*sha256.Size) {
		return "", fmt.Errorf("parsing checksum %q: %w: 64 digits of 0-9 and a-f are needed", clip(s), ErrBadName)
	}
	return Checksum(s), nil
}

// ChecksumOf is the SHA-256 of data.
func ChecksumOf(data []byte) Checksum {
	sum := sha256.Sum256(data)
	return Checksum(hex.EncodeToString(sum[:]))
}

// FromBytes takes the 32-byte form.
func FromBytes(b []byte) (Checksum, error) {
	if len(b) != sha256.Size {
		return "", fmt.Errorf("reading a checksum: %w: %d bytes instead of 32", ErrBadName, len(b))
	}
	return Checksum(hex.EncodeToString(b)), nil
}

// Bytes is the 32-byte form; it panics for a Checksum not made by this package.
func (c Checksum) Bytes() []byte {
	b, err := hex.DecodeString(string(c))
	if err != nil || len(b) != sha256.Size {
		panic(fmt.Sprintf("object: %q is no checksum", string(c)))
	}
	return b
}

// isHex reports whether s is length lower-case hexadecimal digits.
func isHex(s string, length int) bool {
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// clip keeps the names of strangers short in messages.
func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
