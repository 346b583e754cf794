package report

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Enrolment is what a device sends once: a token that the builder gave out, its name, its public key, and
// the proof that it has the private one. Without the proof a token would let its bearer write the row of
// any device whose public key it knows.
type Enrolment struct {
	Token string `json:"token"`
	Name  string `json:"name"`
	Key   []byte `json:"key"`   // Ed25519 public key, base64 in JSON
	Proof []byte `json:"proof"` // signature over token and name
}

const enrolmentDomain = "appliance device enrolment 1\n"

// NewEnrolment asks for a place among the devices of a builder. host becomes a name by Name.
func NewEnrolment(token, host string, key ed25519.PrivateKey) Enrolment {
	e := Enrolment{Token: token, Name: Name(host), Key: key.Public().(ed25519.PublicKey)}
	e.Proof = ed25519.Sign(key, e.proven())
	return e
}

// proven is what Proof signs. The token is in it as its hash only.
func (e Enrolment) proven() []byte {
	sum := sha256.Sum256([]byte(e.Token))
	return []byte(enrolmentDomain + hex.EncodeToString(sum[:]) + "\n" + e.Name)
}

// Check verifies the shape of e and its proof. Whether the token is good only the builder knows.
func (e Enrolment) Check() error {
	switch {
	case len(e.Key) != ed25519.PublicKeySize:
		return fmt.Errorf("enrolling a device: %w: its key has %d bytes, not the %d of Ed25519", ErrInvalid, len(e.Key), ed25519.PublicKeySize)
	case !IsName(e.Name):
		return fmt.Errorf("enrolling a device: %w: %.80q is no host name", ErrInvalid, e.Name)
	case !ed25519.Verify(e.Key, e.proven(), e.Proof):
		return fmt.Errorf("enrolling device %q: %w", e.Name, ErrSignature)
	}
	return nil
}
