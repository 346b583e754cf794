package installation

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"edge/appliance/event"
	"edge/kickstart"
)

// Details are what one link says of its device, over what the configuration says.
type Details struct {
	Device   string            `json:"device,omitempty"`
	Hostname string            `json:"hostname,omitempty"`
	Network  kickstart.Network `json:"network,omitzero"`
	Disk     string            `json:"disk,omitempty"`
	Target   kickstart.Target  `json:"target,omitempty"`
	NoEnrol  bool              `json:"no_enrol,omitempty"` // the device does not become one of the fleet
}

// Request asks for a link. Zero values mean one machine within a day.
type Request struct {
	Blueprint string
	Details
	Valid time.Duration
	Uses  int
}

// Limits of links.
const (
	usualValidity = 24 * time.Hour
	maxValidity   = 90 * 24 * time.Hour
	maxUses       = 1000

	enrolValidity = 24 * time.Hour   // from the fetch on, for an installation and its first boot
	retryWindow   = 10 * time.Minute // in which the machine that has fetched may do so again
	maxRetries    = 5
	tellWindow    = 6 * time.Hour // in which an installation that has begun may tell how it goes
)

// Create makes a link, which is told this once: what it is to be is the SECRET of BUILDER/k/SECRET. Whatever
// would keep its kickstart from being made is told now.
func (b *Book) Create(ctx context.Context, r Request) (i Installation, secret string, err error) {
	r.Valid, r.Uses = cmp.Or(r.Valid, usualValidity), cmp.Or(r.Uses, 1)
	switch {
	case r.Valid < time.Second || r.Valid > maxValidity:
		return i, "", fmt.Errorf("making a one-time link: %w: it would be valid for %v; choose up to %d days", ErrLimits, r.Valid, maxValidity/(24*time.Hour))
	case r.Uses < 1 || r.Uses > maxUses:
		return i, "", fmt.Errorf("making a one-time link: %w: it would be for %d machines; choose 1 to %d", ErrLimits, r.Uses, maxUses)
	case r.Uses > 1 && r.Network.Address.IsValid():
		return i, "", fmt.Errorf("making a one-time link: %w: %d machines cannot have the same address", ErrLimits, r.Uses)
	}
	secret = strings.ToLower(rand.Text())
	e := entry{Details: r.Details, Hash: hash(secret)}
	e.Installation = Installation{Blueprint: r.Blueprint, Device: r.Device, Created: b.o.Now().UTC(), Uses: r.Uses, Left: r.Uses, Step: Made, Past: []Past{}}
	e.Expires = e.Created.Add(r.Valid)
	p, err := b.paramsFor(ctx, e, Asked{}, secret, "trial")
	if err != nil {
		return i, "", err
	}
	if _, err := render(p); err != nil {
		return i, "", err
	}
	e.Hostname = p.Hostname
	b.mu.Lock()
	defer b.mu.Unlock()
	entries := b.current(e.Created)
	if len(entries) >= maxEntries {
		return i, "", fmt.Errorf("making a one-time link: %w: there are %d installations; revoke some", ErrFull, len(entries))
	}
	e.ID = newID(entries)
	if err := b.put(append(entries, e)); err != nil {
		return i, "", fmt.Errorf("making a one-time link: %w", err)
	}
	return e.present(), secret, b.o.Events.Record(ctx, event.Event{Kind: "device.link-made", Subject: e.subject(),
		Message: fmt.Sprintf("installation %s of %s, for %d until %s", e.ID, e.Blueprint, e.Uses, e.Expires.Format(time.RFC3339))})
}

// newID is one that entries do not have. It is no part of the secret.
func newID(entries []entry) string {
	for {
		id := strings.ToLower(rand.Text()[:8])
		if !slices.ContainsFunc(entries, func(e entry) bool { return e.ID == id }) {
			return id
		}
	}
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// paramsFor is what the kickstart of one link is made of.
func (b *Book) paramsFor(ctx context.Context, e entry, a Asked, secret, token string) (kickstart.Params, error) {
	a.Blueprint, a.Device, a.Target = e.Blueprint, e.Details.Device, cmp.Or(e.Details.Target, a.Target)
	d := b.known(a)
	d.Hostname, d.Disk = cmp.Or(e.Details.Hostname, d.Hostname), cmp.Or(e.Details.Disk, d.Disk)
	if !isZero(e.Details.Network) {
		d.Network = e.Details.Network
	}
	p, err := b.params(ctx, a, d)
	if err != nil {
		return p, err
	}
	p.Callback = p.Builder + "/k/" + secret
	if b.o.Tokens != nil && !e.Details.NoEnrol {
		p.EnrolToken = token
	}
	return p, nil
}

// secretOf is the place of the entry with a link. It looks at all of them whatever it finds. The caller holds
// b.mu.
func (b *Book) secretOf(secret string) (int, error) {
	at, sum := -1, hash(secret)
	for i, e := range b.entries {
		if subtle.ConstantTimeCompare(e.Hash, sum) == 1 {
			at = i
		}
	}
	if at < 0 {
		return 0, fmt.Errorf("looking for the link: %w", ErrUnknown)
	}
	return at, nil
}

// Fetch makes the kickstart of a link, with its secrets, and spends a use of it. The machine that has just
// fetched it gets it again within ten minutes, since an installer whose network stumbles asks again. from is
// the address that asks.
func (b *Book) Fetch(ctx context.Context, secret string, a Asked, from string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, err := b.secretOf(secret)
	if err != nil {
		return nil, err
	}
	e, now := b.entries[at], b.o.Now().UTC()
	again := from != "" && from == e.From && now.Sub(e.Last) < retryWindow && e.Again < maxRetries
	switch {
	case e.Revoked || !now.Before(e.Expires) || !again && e.Left < 1:
		return nil, fmt.Errorf("fetching a kickstart: %w", ErrGone)
	case again:
		e.Again++
	default:
		e.Left, e.Last, e.From, e.Again = e.Left-1, now, from, 0
	}
	// What cannot be made spends nothing.
	p, err := b.paramsFor(ctx, e, a, secret, "trial")
	if err != nil {
		return nil, err
	}
	if p.EnrolToken != "" {
		if p.EnrolToken, err = b.enrolment(ctx, &e, again); err != nil {
			return nil, err
		}
	}
	text, err := render(p)
	if err != nil {
		return nil, err
	}
	e.step(Past{now, Fetched, from})
	if err := b.change(at, e); err != nil {
		return nil, fmt.Errorf("fetching a kickstart: %w", err)
	}
	return text, b.o.Events.Record(ctx, event.Event{Kind: "device.fetched", Subject: e.subject(), Message: fmt.Sprintf("installation %s: %s has its kickstart", e.ID, cmp.Or(from, "a machine"))})
}

// enrolment is the token for a machine: a new one, or the same again for one that asks again. It is made no
// earlier than it is needed, so that none lies on a disk.
func (b *Book) enrolment(ctx context.Context, e *entry, again bool) (string, error) {
	if secret := b.secrets[e.ID]; again && secret != "" {
		return secret, nil
	}
	id, secret, err := b.o.Tokens.Make(ctx, e.Blueprint, enrolValidity)
	if err != nil {
		return "", err
	}
	if again && e.Token != "" { // of before a restart of the builder; the machine never got it, or gets this one now
		if err := b.o.Tokens.Revoke(ctx, e.Token); err != nil {
			return "", errors.Join(err, b.o.Tokens.Revoke(ctx, id))
		}
	}
	e.Token, b.secrets[e.ID] = id, secret
	return secret, nil
}

// Revoke makes a link worthless. which is as for Show. What was installed with it stays.
func (b *Book) Revoke(ctx context.Context, which string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, err := b.find(which)
	if err != nil {
		return fmt.Errorf("revoking a link: %w", err)
	}
	e := b.entries[at]
	e.Revoked = true
	if err := b.change(at, e); err != nil {
		return fmt.Errorf("revoking the link of %q: %w", which, err)
	}
	delete(b.secrets, e.ID)
	return b.o.Events.Record(ctx, event.Event{Kind: "device.link-revoked", Subject: e.subject(), Message: "installation " + e.ID + ": its link opens nothing any more"})
}
