package registry

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strings"
)

const (
	maxRepository = 255
	maxTag        = 128
)

var (
	// Source: OCI Distribution Specification 1.1, "Pulling manifests".
	repositoryForm = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagForm        = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]*$`)
)

// algorithms are those that the specification registers: with any other, content cannot be verified.
var algorithms = map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New}

// Digest is an algorithm and hexadecimal digits, sha256:…
type Digest string

// ParseDigest takes sha256 and sha512 with all their digits, in lower case.
func ParseDigest(s string) (Digest, error) {
	algorithm, digits, found := strings.Cut(s, ":")
	if !found {
		return "", fmt.Errorf("parsing %q: %w: a digest is sha256: and 64 hexadecimal digits", clip(s), ErrInvalidName)
	}
	newHash, known := algorithms[algorithm]
	if !known {
		return "", fmt.Errorf("parsing %q: %w: a digest begins with sha256 or sha512", clip(s), ErrInvalidName)
	}
	want := 2 * newHash().Size()
	if len(digits) != want || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("parsing %q: %w: a %s digest has %d digits of 0-9 and a-f", clip(s), ErrInvalidName, algorithm, want)
	}
	return Digest(s), nil
}

// ParseRepository takes lower-case path components: 2048, someone/simple-http.
func ParseRepository(s string) (string, error) {
	if len(s) > maxRepository {
		return "", fmt.Errorf("parsing repository %q: %w: it is longer than %d characters", clip(s), ErrInvalidName, maxRepository)
	}
	if !repositoryForm.MatchString(s) {
		return "", fmt.Errorf("parsing repository %q: %w: it is made of a-z and 0-9 with single dots, underscores and dashes between them, and slashes",
			clip(s), ErrInvalidName)
	}
	return s, nil
}

// ParseTag takes what may stand after the colon of an image name: prod, v1, 2026.11_rc-1.
func ParseTag(s string) (string, error) {
	if len(s) > maxTag {
		return "", fmt.Errorf("parsing tag %q: %w: it is longer than %d characters", clip(s), ErrInvalidName, maxTag)
	}
	if !tagForm.MatchString(s) {
		return "", fmt.Errorf("parsing tag %q: %w: it is made of letters, digits, dots, dashes and underscores and does not begin with a dot or dash",
			clip(s), ErrInvalidName)
	}
	return s, nil
}

// split gives the algorithm and the digits, which are also the name of the blob's folder and file.
func (d Digest) split() (algorithm, digits string) {
	algorithm, digits, _ = strings.Cut(string(d), ":")
	return algorithm, digits
}

// matches reports whether data is what d names.
func (d Digest) matches(data []byte) bool {
	algorithm, digits := d.split()
	newHash, known := algorithms[algorithm]
	if !known {
		return false
	}
	h := newHash()
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)) == digits
}

// digestOf is the digest under which data is stored when nobody asks for another algorithm.
func digestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// clip keeps a stranger's words short enough for a message.
func clip(s string) string {
	if len(s) > 150 {
		return strings.ToValidUTF8(s[:150], "") + "…"
	}
	return s
}
