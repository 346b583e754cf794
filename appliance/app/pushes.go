package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"edge/appliance/event"
	"edge/appliance/registry"
)

// remembered is what followed tags named when the shelf was opened.
type remembered struct {
	mu    sync.Mutex
	byApp map[string]registry.Digest
}

func (r *remembered) first(app string) registry.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byApp[app]
}

func (r *remembered) set(app string, d registry.Digest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byApp == nil {
		r.byApp = map[string]registry.Digest{}
	}
	r.byApp[app] = d
}

// remember looks at the followed tags of the embedded registry before anybody can push. One that
// does not name what the history says was moved by a process that was killed before it could write.
func (s *Shelf) remember(ctx context.Context) error {
	for _, a := range s.apps {
		if host, _ := SplitImage(a.Image); host != "" {
			continue
		}
		now, err := s.home.Head(ctx, a.Image, a.Tag)
		if errors.Is(err, registry.ErrUnknown) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading what app %q follows: %w", a.Name, err)
		}
		s.standing.set(a.Name, now.Digest)
		if m, ok := s.history.last(a.Name, a.Tag); ok && m.After != now.Digest {
			if err := s.history.add(push(a, a.Tag, m.After, now.Digest, "")); err != nil {
				return err
			}
		}
	}
	return nil
}

// Watch writes pushes into the history: those of any client to a followed tag, or to one that was
// retagged before, as the embedded registry tells them. It returns when ctx ends; report hears of
// what could not be written.
func (s *Shelf) Watch(ctx context.Context, report func(error)) {
	for e := range s.events.Follow(ctx, s.since) {
		var err error
		switch e.Kind {
		case "tag.moved":
			err = s.pushed(ctx, e)
		case event.Gap:
			err = s.recheck(ctx)
		}
		if err != nil && ctx.Err() == nil {
			report(err)
		}
	}
}

// recheck looks at every followed tag, where the diary has forgotten which of them moved.
func (s *Shelf) recheck(ctx context.Context) error {
	var faults []error
	for _, a := range s.apps {
		if host, _ := SplitImage(a.Image); host == "" {
			faults = append(faults, s.look(ctx, a, a.Tag, ""))
		}
	}
	return errors.Join(faults...)
}

// pushed takes in one move of a tag, whose subject is REPOSITORY:TAG.
func (s *Shelf) pushed(ctx context.Context, e event.Event) error {
	i := strings.LastIndexByte(e.Subject, ':')
	if i < 0 || spare(e.Subject[i+1:]) {
		return nil
	}
	repository, tag := e.Subject[:i], e.Subject[i+1:]
	var faults []error
	for _, a := range s.apps {
		if a.Image == repository {
			faults = append(faults, s.look(ctx, a, tag, e.Actor))
		}
	}
	return errors.Join(faults...)
}

// look compares a tag of the embedded registry with the history, and adds a push where they differ.
func (s *Shelf) look(ctx context.Context, a App, tag, actor string) error {
	unlock, err := s.lock(ctx, a.key(tag))
	if err != nil {
		return err
	}
	defer unlock()
	now, err := s.home.Head(ctx, a.Image, tag)
	if errors.Is(err, registry.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	before, known := s.at(a, tag)
	if known && before == now.Digest || !known && tag != a.Tag {
		return nil
	}
	return s.history.add(push(a, tag, before, now.Digest, actor))
}

func push(a App, tag string, before, after registry.Digest, actor string) Move {
	return Move{Time: time.Now().UTC(), App: a.Name, From: string(after), To: tag, Before: before, After: after,
		Actor: actor, Kind: Pushed, Changed: true, Exact: true}
}

// pusher is who made a tag of the embedded registry name a digest, as far as the diary remembers.
func (s *Shelf) pusher(a App, tag string, d registry.Digest) string {
	for _, e := range slices.Backward(s.events.Since(s.since)) {
		if e.Kind == "tag.moved" && e.Subject == a.key(tag) && strings.HasSuffix(e.Message, string(d)) {
			return e.Actor
		}
	}
	return ""
}

// key is what is locked while a tag of an app is moved: apps may share an image.
func (a App) key(tag string) string { return a.Image + ":" + tag }
