package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"edge/appliance/event"
	"edge/appliance/registry"
)

// Retag makes one tag of an app name what another tag, or a digest, names: the very same manifest,
// so that no digest changes and no platform is lost. Where it is so already nothing is written.
func (s *Shelf) Retag(ctx context.Context, app string, r Retagging) (Move, error) {
	a, err := s.find(app)
	if err != nil {
		return Move{}, err
	}
	r.To = cmp.Or(r.To, a.Tag)
	if err := r.check(); err != nil {
		return Move{}, fmt.Errorf("retagging app %q: %w", app, err)
	}
	m, err := s.move(ctx, a, r, Retagged)
	if err != nil {
		err = fmt.Errorf("retagging app %q: %w", app, err)
	}
	return m, err
}

// Undo takes back the newest move of a tag that has not been taken back; tag "" is the followed one.
// It is refused where somebody has moved the tag since.
func (s *Shelf) Undo(ctx context.Context, app, tag string, dryRun bool) (Move, error) {
	a, err := s.find(app)
	if err != nil {
		return Move{}, err
	}
	tag = cmp.Or(tag, a.Tag)
	if _, err := registry.ParseTag(tag); err != nil {
		return Move{}, fmt.Errorf("undoing a move of app %q: %w", app, err)
	}
	last, ok := undoable(s.history.of(a.Name, tag))
	if !ok {
		return Move{}, fmt.Errorf("app %q, tag %q: %w: the history has no move of it", app, tag, ErrNoUndo)
	}
	if last.Before == "" {
		return Move{}, fmt.Errorf("app %q, tag %q: %w: it was new when it came to name %s", app, tag, ErrNoUndo, last.After)
	}
	m, err := s.move(ctx, a, Retagging{From: string(last.Before), To: tag, Expect: last.After, DryRun: dryRun}, Undone)
	if err != nil {
		err = fmt.Errorf("undoing a move of app %q: %w", app, err)
	}
	return m, err
}

func (r Retagging) check() error {
	faults := []error{checkReference(r.From)}
	if _, err := registry.ParseTag(r.To); err != nil {
		faults = append(faults, err)
	} else if spare(r.To) {
		faults = append(faults, fmt.Errorf("tag %q: %w: names that end in %s are the appliance's own", r.To, registry.ErrInvalidName, spareSuffix))
	}
	if r.Expect != "" {
		_, err := registry.ParseDigest(string(r.Expect))
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// checkReference wants a tag or a digest; only a digest has a colon.
func checkReference(s string) (err error) {
	if strings.Contains(s, ":") {
		_, err = registry.ParseDigest(s)
	} else {
		_, err = registry.ParseTag(s)
	}
	return err
}

// races is how often a move is tried again when a client of the registry was faster and the caller
// did not say what the tag must name.
const races = 5

func (s *Shelf) move(ctx context.Context, a App, r Retagging, kind string) (Move, error) {
	p, err := s.place(a)
	if err != nil {
		return Move{}, err
	}
	unlock, err := s.lock(ctx, a.key(r.To))
	if err != nil {
		return Move{}, err
	}
	defer unlock()
	for try := 1; ; try++ {
		m, err := s.plan(ctx, a, p, r, kind)
		if err != nil || !m.Changed || m.DryRun {
			return m, err
		}
		m, err = s.carryOut(ctx, a, p, m)
		if err == nil {
			return m, verify(ctx, p, m)
		}
		if try == races || r.Expect != "" || !errors.Is(err, registry.ErrPrecondition) {
			return m, err
		}
	}
}

// plan says what a move would do, or why it cannot be done. It writes nothing but a refusal.
func (s *Shelf) plan(ctx context.Context, a App, p place, r Retagging, kind string) (Move, error) {
	m := Move{Time: time.Now().UTC(), App: a.Name, From: r.From, To: r.To, Actor: event.Actor(ctx), Kind: kind, Exact: p.Exact(), DryRun: r.DryRun}
	from, err := p.Head(ctx, p.repository, r.From)
	if err != nil {
		return m, fmt.Errorf("looking for %q: %w", r.From, err)
	}
	m.After = from.Digest
	before, err := p.Head(ctx, p.repository, r.To)
	if err != nil && !errors.Is(err, registry.ErrUnknown) {
		return m, fmt.Errorf("looking for %q: %w", r.To, err)
	}
	if err == nil {
		m.Before = before.Digest
	}
	if r.Expect != "" && m.Before != r.Expect {
		return m, fmt.Errorf("tag %q was to name %s and names %s: %w", r.To, r.Expect, cmp.Or(m.Before, "nothing"), registry.ErrPrecondition)
	}
	m.Changed = m.Before != m.After
	if m.Changed && m.Before != "" && s.home.Immutable(r.To) {
		return m, s.refuse(ctx, m)
	}
	return m, nil
}

func (s *Shelf) refuse(ctx context.Context, m Move) error {
	err := fmt.Errorf("tag %q stays at %s: %w", m.To, m.Before, registry.ErrImmutable)
	if m.DryRun {
		return err
	}
	return errors.Join(err, s.events.Record(ctx, event.Event{Kind: "tag.refused", Subject: m.subject(),
		Message: fmt.Sprintf("%s -> %s", m.Before, m.After), Outcome: registry.ErrImmutable.Error()}))
}

// carryOut moves a tag as planned. From the moment of the writing on it does not heed the client's
// leaving: a tag that has moved has its line in the history.
func (s *Shelf) carryOut(ctx context.Context, a App, p place, m Move) (Move, error) {
	image, err := p.Get(ctx, p.repository, string(m.After))
	if err != nil {
		return m, fmt.Errorf("reading %s: %w", m.After, err)
	}
	ctx = context.WithoutCancel(ctx)
	if err := keep(ctx, p, m); err != nil {
		return m, err
	}
	expect := m.Before
	if err := p.Put(ctx, p.repository, m.To, image, &expect); err != nil {
		return m, fmt.Errorf("moving tag %q: %w", m.To, err)
	}
	m.Time = time.Now().UTC()
	if err := s.settle(a, m); err != nil {
		return m, fmt.Errorf("tag %q was moved, but: %w", m.To, err)
	}
	s.fresh.forget(a.Image)
	kind := "app.retagged"
	if m.Kind == Undone {
		kind = "app.undone"
	}
	err = s.events.Record(ctx, event.Event{Kind: kind, Subject: m.subject(), Message: m.words()})
	if err != nil {
		return m, fmt.Errorf("tag %q was moved, but: %w", m.To, err)
	}
	return m, nil
}

// settle writes a move into the history, after one that the history has missed.
func (s *Shelf) settle(a App, m Move) error {
	if before, known := s.at(a, m.To); known && before != m.Before && m.Before != "" {
		missed := push(a, m.To, before, m.Before, s.pusher(a, m.To, m.Before))
		missed.Exact = m.Exact
		if err := s.history.add(missed); err != nil {
			return err
		}
	}
	return s.history.add(m)
}

// verify looks again where the registry cannot check and write in one step.
func verify(ctx context.Context, p place, m Move) error {
	if m.Exact {
		return nil
	}
	now, err := p.Head(ctx, p.repository, m.To)
	if err != nil {
		return fmt.Errorf("verifying tag %q: %w", m.To, err)
	}
	if now.Digest != m.After {
		return fmt.Errorf("tag %q was moved to %s and names %s now, by somebody else: %w", m.To, m.After, now.Digest, registry.ErrPrecondition)
	}
	return nil
}

// spareSuffix ends the tag that keeps a former image alive: registries collect what no tag names.
const spareSuffix = ".prev"

func spare(tag string) bool { return strings.HasSuffix(tag, spareSuffix) }

// keep makes sure that what m moves a tag away from stays in the registry.
func keep(ctx context.Context, p place, m Move) error {
	if m.Before == "" {
		return nil
	}
	tag := m.To + spareSuffix
	if _, err := registry.ParseTag(tag); err != nil {
		return fmt.Errorf("keeping the former image as %q: %w", tag, err)
	}
	if kept, err := p.Head(ctx, p.repository, tag); err == nil && kept.Digest == m.Before {
		return nil
	}
	former, err := p.Get(ctx, p.repository, string(m.Before))
	if err == nil {
		err = p.Put(ctx, p.repository, tag, former, nil)
	}
	if err != nil {
		return fmt.Errorf("keeping the former image as %q: %w", tag, err)
	}
	return nil
}

func (m Move) subject() string { return m.App + ":" + m.To }

// words are what the diary says of a move.
func (m Move) words() string {
	from := m.From
	if strings.Contains(from, ":") {
		from = "a digest"
	}
	return fmt.Sprintf("from %s: %s -> %s", from, cmp.Or(m.Before, "nothing"), m.After)
}
