package server

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/release"
)

// Texts is where blueprints are kept; *blueprint.Repository is one.
type Texts interface {
	List(context.Context) ([]blueprint.Summary, error)
	Show(context.Context, blueprint.Name, blueprint.Version) (blueprint.Summary, error)
	History(context.Context, blueprint.Name) ([]blueprint.Change, error)
	Diff(ctx context.Context, from, to blueprint.ID) (blueprint.Difference, error)
	Push(context.Context, []byte, blueprint.PushOptions) (blueprint.Pushed, error)
	Delete(context.Context, blueprint.Name) (blueprint.Change, error)

	Secret() bool
	Advertise(service string, out io.Writer) error
	Send(in io.Reader, out io.Writer) error
	Receive(ctx context.Context, in io.Reader, out io.Writer) error
}

// Remote is where else blueprints are kept; *blueprint.Remote is one.
type Remote interface {
	State() blueprint.RemoteState
	Fetch(context.Context) (blueprint.RemoteState, error)
}

// catalogued is what there is under one name: releases, a text, or both.
type catalogued struct {
	release.Blueprint
	Version     blueprint.Version `json:"version,omitempty"` // newest text; "": releases only
	Description string            `json:"description,omitempty"`
	Versions    int               `json:"versions,omitempty"` // texts that ever were
	Changed     *time.Time        `json:"changed,omitempty"`
}

func (l *catalogued) add(s blueprint.Summary) {
	l.Name, l.Version, l.Description, l.Versions, l.Changed = s.Name, s.Version, s.Description, s.Versions, &s.Changed
}

func (h *Handler) listings(ctx context.Context) ([]catalogued, error) {
	released, err := h.o.Releases.Blueprints(ctx)
	if err != nil {
		return nil, err
	}
	var all []catalogued
	for _, b := range released {
		all = append(all, catalogued{Blueprint: b})
	}
	if h.o.Texts == nil {
		return all, nil
	}
	texts, err := h.o.Texts.List(ctx)
	for _, t := range texts {
		i := slices.IndexFunc(all, func(l catalogued) bool { return l.Name == t.Name })
		if i < 0 {
			i = len(all)
			all = append(all, catalogued{})
		}
		all[i].add(t)
	}
	slices.SortFunc(all, func(a, b catalogued) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return all, err
}

func (h *Handler) listing(ctx context.Context, n blueprint.Name) (catalogued, error) {
	b, err := h.o.Releases.Blueprint(ctx, n)
	if h.o.Texts == nil || err != nil && !errors.Is(err, release.ErrNoBlueprint) {
		return catalogued{Blueprint: b}, err
	}
	text, missing := h.o.Texts.Show(ctx, n, "")
	if errors.Is(missing, blueprint.ErrUnknown) {
		return catalogued{Blueprint: b}, err
	}
	l := catalogued{Blueprint: b}
	l.add(text)
	return l, missing
}
