package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Causes of a refusal by Open.
var (
	ErrInvalid   = errors.New("not a status document")
	ErrSignature = errors.New("not signed with the key of this device")
)

// MaxSigned is how many bytes a signed document may have.
const MaxSigned = 64 << 10

// statusDomain stands before what is signed, so that no signature means anything elsewhere.
const statusDomain = "appliance device status 1\n"

// envelope is a signed document: {"status": BASE64, "signature": BASE64}. The status travels as the very
// bytes that were signed, so that nobody has to agree on one way to write JSON. Signed is the domain and
// those bytes (Ed25519, RFC 8032).
type envelope struct {
	Status    []byte `json:"status"`
	Signature []byte `json:"signature"`
}

// ID is the ID of the device that has the key: the beginning of the key's SHA-256, 16 hexadecimal digits.
// Whoever would take the ID of another device would have to find a key for it, and then lacks the key that
// the builder keeps.
func ID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// NextSerial is the serial of the document after the one with serial last. It follows the clock, so that
// a device that lost its memory but not its key is still believed, and never goes back with it.
func NextSerial(last uint64, now time.Time) uint64 {
	return max(last+1, uint64(max(now.UnixMilli(), 1)))
}

// Sign makes the document that goes to the builder. The status gets the ID that belongs to the key and is
// made to fit the limits: texts lose what does not print and what is too long, lists their end.
func Sign(s Status, key ed25519.PrivateKey) ([]byte, error) {
	s.Device = ID(key.Public().(ed25519.PublicKey))
	for _, limits := range steps {
		fitted := fit(s, limits)
		if err := check(&fitted); err != nil {
			return nil, fmt.Errorf("signing a status: %w", err)
		}
		text, err := encode(fitted)
		if err != nil {
			return nil, fmt.Errorf("signing a status: %w", err)
		}
		signed, err := encode(envelope{text, ed25519.Sign(key, append([]byte(statusDomain), text...))})
		if err != nil {
			return nil, fmt.Errorf("signing a status: %w", err)
		}
		if len(signed) <= MaxSigned {
			return signed, nil
		}
	}
	return nil, fmt.Errorf("signing a status: %w: it does not fit into %d bytes", ErrInvalid, MaxSigned)
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

// Open reads a document that a stranger sent as one signed with key. What it returns keeps the limits: its
// texts print on one line, its lists are short, Device is the ID of key, Serial is not 0. Fields that this
// program does not know are passed over, for devices are updated before their builder. Whether the serial
// is newer than the last one is for the caller to see.
func Open(data []byte, key ed25519.PublicKey) (Status, error) {
	s, err := open(data, key)
	if err != nil {
		return Status{}, fmt.Errorf("reading a status: %w", err)
	}
	return s, nil
}

func open(data []byte, key ed25519.PublicKey) (s Status, err error) {
	if len(data) > MaxSigned {
		return s, fmt.Errorf("%w: it has more than %d bytes", ErrInvalid, MaxSigned)
	}
	if len(key) != ed25519.PublicKeySize {
		return s, fmt.Errorf("%w: the key has %d bytes, not %d", ErrSignature, len(key), ed25519.PublicKeySize)
	}
	var e envelope
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return s, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("%w: something follows it", ErrInvalid)
	}
	if !ed25519.Verify(key, append([]byte(statusDomain), e.Status...), e.Signature) {
		return s, ErrSignature
	}
	if err := json.Unmarshal(e.Status, &s); err != nil {
		return s, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if s.Device != ID(key) {
		return s, fmt.Errorf("%w: it speaks of another device", ErrSignature)
	}
	return s, check(&s)
}
