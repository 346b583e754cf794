package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edge/appliance/event"
)

// Token lets devices enrol. Its secret is told once, when it is made.
type Token struct {
	ID        string    `json:"id"`
	Blueprint string    `json:"blueprint,omitempty"` // of the devices that it enrols
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Uses      int       `json:"uses"` // devices that it is for
	Left      int       `json:"left"`
}

// token is one as it is kept: the secret as its SHA-256. The secret has 160 random bits, so that the hash
// needs neither salt nor slowness.
type token struct {
	Token
	Hash    []byte   `json:"hash"`
	Devices []string `json:"devices"` // that it enrolled: they may say it again when the answer was lost
}

// TokenRequest asks for a token. Zero values mean one device within a day.
type TokenRequest struct {
	Blueprint string
	Valid     time.Duration
	Uses      int
}

// Limits of tokens.
const (
	usualValidity = 24 * time.Hour
	maxValidity   = 366 * 24 * time.Hour
	maxTokens     = 1000
	tokenBytes    = 20
)

// CreateToken makes a token and returns its secret, which is kept nowhere.
func (f *Fleet) CreateToken(ctx context.Context, r TokenRequest) (t Token, secret string, err error) {
	if r.Valid == 0 {
		r.Valid = usualValidity
	}
	if r.Uses == 0 {
		r.Uses = 1
	}
	switch {
	case r.Valid < time.Second || r.Valid > maxValidity:
		return t, "", fmt.Errorf("making an enrolment token: %w: it would be valid for %v; choose up to %d days", ErrLimits, r.Valid, maxValidity/(24*time.Hour))
	case r.Uses < 0 || r.Uses > f.o.Limit:
		return t, "", fmt.Errorf("making an enrolment token: %w: it would be for %d devices; choose 1 to %d", ErrLimits, r.Uses, f.o.Limit)
	}
	f.enrolling.Lock()
	defer f.enrolling.Unlock()
	now := f.o.Now().UTC()
	tokens := slices.DeleteFunc(slices.Clone(f.tokens), func(t token) bool { return !now.Before(t.Expires) })
	if len(tokens) >= maxTokens {
		return t, "", fmt.Errorf("making an enrolment token: %w: there are %d; revoke some", ErrFull, len(tokens))
	}
	var random [tokenBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	secret = hex.EncodeToString(random[:])
	t = Token{ID: newTokenID(tokens), Blueprint: r.Blueprint, Created: now, Expires: now.Add(r.Valid), Uses: r.Uses, Left: r.Uses}
	if err := f.saveTokens(append(tokens, token{Token: t, Hash: hash(secret)})); err != nil {
		return Token{}, "", fmt.Errorf("making an enrolment token: %w", err)
	}
	return t, secret, f.o.Events.Record(ctx, event.Event{Kind: "device.token-made", Subject: t.ID,
		Message: fmt.Sprintf("for %d of %s until %s", t.Uses, cmp.Or(t.Blueprint, "no blueprint"), t.Expires.Format(time.RFC3339))})
}

// newTokenID is one that tokens do not have. It is no part of the secret.
func newTokenID(tokens []token) string {
	for {
		id := strings.ToLower(rand.Text()[:8])
		if !slices.ContainsFunc(tokens, func(t token) bool { return t.ID == id }) {
			return id
		}
	}
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Tokens are those that have not expired, oldest first.
func (f *Fleet) Tokens(context.Context) ([]Token, error) {
	f.enrolling.Lock()
	defer f.enrolling.Unlock()
	all := []Token{}
	for _, t := range f.tokens {
		if f.o.Now().Before(t.Expires) {
			all = append(all, t.Token)
		}
	}
	return all, nil
}

// RevokeToken makes a token worthless. Devices that it enrolled stay.
func (f *Fleet) RevokeToken(ctx context.Context, id string) error {
	f.enrolling.Lock()
	defer f.enrolling.Unlock()
	rest := slices.DeleteFunc(slices.Clone(f.tokens), func(t token) bool { return t.ID == id })
	if len(rest) == len(f.tokens) {
		return fmt.Errorf("revoking enrolment token %q: %w", id, ErrUnknownToken)
	}
	if err := f.saveTokens(rest); err != nil {
		return fmt.Errorf("revoking enrolment token %q: %w", id, err)
	}
	return f.o.Events.Record(ctx, event.Event{Kind: "device.token-revoked", Subject: id, Message: "enrols nobody any more"})
}

// findToken is the place of the token with a secret that device id may use now. It looks at all of them
// whatever it finds.
func (f *Fleet) findToken(secret, id string) (int, bool) {
	at, sum := -1, hash(secret)
	for i, t := range f.tokens {
		if subtle.ConstantTimeCompare(t.Hash, sum) == 1 {
			at = i
		}
	}
	if at < 0 || !f.o.Now().Before(f.tokens[at].Expires) {
		return 0, false
	}
	return at, f.tokens[at].Left > 0 || slices.Contains(f.tokens[at].Devices, id)
}

// spend writes down that a token enrolled a device, before it does.
func (f *Fleet) spend(at int, id string) error {
	if slices.Contains(f.tokens[at].Devices, id) {
		return nil
	}
	tokens := slices.Clone(f.tokens)
	t := &tokens[at]
	t.Left--
	t.Devices = append(slices.Clone(t.Devices), id)
	return f.saveTokens(tokens)
}

// disown makes the tokens forget a device, so that none that is spent lets it in again.
func (f *Fleet) disown(id string) error {
	tokens, changed := slices.Clone(f.tokens), false
	for i := range tokens {
		if slices.Contains(tokens[i].Devices, id) {
			tokens[i].Devices = slices.DeleteFunc(slices.Clone(tokens[i].Devices), func(d string) bool { return d == id })
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return f.saveTokens(tokens)
}

// saveTokens makes tokens the ones that count, once they are durable. The caller holds f.enrolling.
func (f *Fleet) saveTokens(tokens []token) error {
	if err := f.writeJSON(filepath.Join(f.o.Dir, tokensFile), tokens, true); err != nil {
		return err
	}
	f.tokens = tokens
	return nil
}

// readTokens is strict: a token that comes back to life must not be the price of a damaged file.
func (f *Fleet) readTokens() error {
	err := readJSON(filepath.Join(f.o.Dir, tokensFile), &f.tokens)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
