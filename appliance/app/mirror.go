package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edge/appliance/event"
	"edge/appliance/registry"
)

// pace is the time between two progress events of one copy.
const pace = 200 * time.Millisecond

// pusher is the user name for the embedded registry; only the password counts there.
const pusher = "appliance"

// Mirror copies every tag of an app, with all its platforms, from the app's source to where it
// lives. What is there already is skipped, so that one that broke off is taken up. A followed tag
// that was moved here stays where it is: a mirror must not turn devices back.
func (s *Shelf) Mirror(ctx context.Context, app string) (Mirrored, error) {
	a, err := s.find(app)
	if err != nil {
		return Mirrored{}, err
	}
	if a.Source == "" {
		return Mirrored{}, fmt.Errorf("app %q: %w", app, ErrNoMirror)
	}
	unlock, err := s.lock(ctx, "the mirror of "+a.Image)
	if err != nil {
		return Mirrored{}, err
	}
	defer unlock()
	m, err := s.mirror(ctx, a)
	if err != nil {
		return m, fmt.Errorf("mirroring app %q from %q: %w", app, a.Source, err)
	}
	err = s.events.Record(ctx, event.Event{Kind: "app.mirrored", Subject: a.Name,
		Message: fmt.Sprintf("from %s: %d copied, %d there already, %d kept", a.Source, len(m.Copied), len(m.Skipped), len(m.Kept))})
	return m, err
}

func (s *Shelf) mirror(ctx context.Context, a App) (Mirrored, error) {
	m := Mirrored{App: a.Name, From: a.Source, To: a.Image, Copied: []string{}, Skipped: []string{}, Kept: []string{}}
	to, err := s.place(a)
	if err != nil {
		return m, err
	}
	host, repository := SplitImage(a.Source)
	from, err := s.remote(host)
	if err != nil {
		return m, err
	}
	tags, err := from.Tags(ctx, repository)
	if err != nil {
		return m, err
	}
	var faults []error
	for _, tag := range tags {
		if spare(tag) {
			continue
		}
		if err := s.copyTag(ctx, a, to, tag, &m); err != nil {
			faults = append(faults, fmt.Errorf("tag %q: %w", tag, err))
			if !errors.Is(err, registry.ErrImmutable) && !errors.Is(err, registry.ErrManifest) {
				break // the next tag would fare no better
			}
		}
	}
	return m, errors.Join(faults...)
}

// copyTag copies one tag and puts it where it belongs in m.
func (s *Shelf) copyTag(ctx context.Context, a App, to place, tag string, m *Mirrored) error {
	unlock, err := s.lock(ctx, a.key(tag))
	if err != nil {
		return err
	}
	defer unlock()
	before, err := to.Head(ctx, to.repository, tag)
	if err != nil && !errors.Is(err, registry.ErrUnknown) {
		return err
	}
	if last, moved := s.history.last(a.Name, tag); moved && last.Kind != Copied && before.Digest != "" {
		m.Kept = append(m.Kept, tag)
		return nil
	}
	destination, user, password := a.Image, "", ""
	if to.embedded() {
		destination, user, password = s.endpoint+"/"+to.repository, pusher, s.token
	}
	after, wrote, err := s.remotes.Copy(ctx, a.Source, tag, destination, user, password, s.copying(a))
	if err != nil {
		return err
	}
	if !wrote {
		m.Skipped = append(m.Skipped, tag)
		return nil
	}
	m.Copied = append(m.Copied, tag)
	s.fresh.forget(a.Image)
	if tag != a.Tag {
		return nil
	}
	return s.settle(a, Move{Time: time.Now().UTC(), App: a.Name, From: a.Source + ":" + tag, To: tag, Before: before.Digest, After: after,
		Actor: event.Actor(ctx), Kind: Copied, Changed: true})
}

// copying tells the diary how far a copy is, not more often than a person can read.
func (s *Shelf) copying(a App) func(registry.Copied) {
	var last time.Time
	return func(c registry.Copied) {
		now := time.Now()
		if c.Skipped || now.Sub(last) < pace {
			return
		}
		last = now
		s.events.Append(event.Event{Kind: "app.mirroring", Subject: a.Name, Message: c.Tag + " bytes", Done: int(c.Done), Total: int(max(c.Total, 0))})
	}
}
