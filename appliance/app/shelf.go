package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"edge/appliance/event"
	"edge/appliance/registry"
)

// DefaultTag is what devices follow where the configuration names no other tag.
const DefaultTag = "prod"

// Options of New.
type Options struct {
	Apps     []App
	Store    *registry.Store
	Remotes  *registry.Remotes // nil: the embedded registry only
	Events   *event.Log
	History  string // file, JSON lines, fsynced
	Endpoint string // host:port at which Store is served on this machine, for Mirror
	Token    string // to push there
}

// Shelf is every app. It is safe for concurrent use.
type Shelf struct {
	apps     []App
	home     home
	remotes  remotes
	events   *event.Log
	since    uint64 // the diary before anybody could push
	history  *history
	endpoint string
	token    string
	standing remembered
	known    descriptions
	fresh    glances

	mu    sync.Mutex
	locks map[string]chan struct{}
}

// home is the embedded registry; *registry.Store is one.
type home interface {
	registry.Registry
	Immutable(tag string) bool
	Blob(ctx context.Context, repository string, d registry.Digest, limit int64) ([]byte, error)
}

// remotes are all other registries; *registry.Remotes is one.
type remotes interface {
	Registry(host string) (registry.Registry, error)
	Copy(ctx context.Context, from, tag, destination, user, password string, report func(registry.Copied)) (registry.Digest, bool, error)
}

// New returns the shelf of these apps. What is wrong with them is told all at once. Where pushes by
// clients are to appear in the history, Watch has to run.
func New(o Options) (*Shelf, error) {
	var others remotes
	if o.Remotes != nil {
		others = o.Remotes
	}
	return newShelf(o, o.Store, others)
}

func newShelf(o Options, h home, others remotes) (*Shelf, error) {
	apps, err := checked(o.Apps)
	if err != nil {
		return nil, err
	}
	s := &Shelf{apps: apps, home: h, remotes: others, events: o.Events, since: o.Events.Last(),
		endpoint: o.Endpoint, token: o.Token, locks: map[string]chan struct{}{}}
	if s.history, err = openHistory(o.History); err != nil {
		return nil, err
	}
	if err := s.remember(context.Background()); err != nil {
		return nil, errors.Join(err, s.history.close())
	}
	return s, nil
}

// Close closes the history. The shelf must not be used afterwards.
func (s *Shelf) Close() error { return s.history.close() }

// Apps are the configured apps, by name.
func (s *Shelf) Apps() []App { return slices.Clone(s.apps) }

var appName = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)

// ParseName takes what an app may be called: 2048, simple-http.
func ParseName(s string) (string, error) {
	if !appName.MatchString(s) || len(s) > 128 {
		return "", fmt.Errorf("parsing app name %q: %w: it is made of a-z and 0-9 with single dots, underscores and dashes between them", s, registry.ErrInvalidName)
	}
	return s, nil
}

// checked fills in what apps leave out and gathers their faults.
func checked(apps []App) ([]App, error) {
	byName := map[string]App{}
	var faults []error
	for _, a := range apps {
		a.Image, a.Tag = cmp.Or(a.Image, a.Name), cmp.Or(a.Tag, DefaultTag)
		if _, twice := byName[a.Name]; twice {
			faults = append(faults, fmt.Errorf("app %q is there twice: give one of them another name", a.Name))
		}
		byName[a.Name] = a
		if err := a.check(); err != nil {
			faults = append(faults, fmt.Errorf("app %q: %w", a.Name, err))
		}
	}
	all := slices.SortedFunc(maps.Values(byName), func(a, b App) int { return cmp.Compare(a.Name, b.Name) })
	return all, errors.Join(faults...)
}

func (a App) check() error {
	var faults []error
	if _, err := ParseName(a.Name); err != nil {
		faults = append(faults, err)
	}
	if _, err := registry.ParseRepository(second(SplitImage(a.Image))); err != nil {
		faults = append(faults, fmt.Errorf("image %q: %w", a.Image, err))
	}
	if _, err := registry.ParseTag(a.Tag); err != nil {
		faults = append(faults, err)
	} else if spare(a.Tag) {
		faults = append(faults, fmt.Errorf("tag %q: names that end in %s are the appliance's own", a.Tag, spareSuffix))
	}
	if a.Source != "" {
		host, repository := SplitImage(a.Source)
		if _, err := registry.ParseRepository(repository); err != nil || host == "" {
			faults = append(faults, fmt.Errorf("source %q: want HOST/REPOSITORY, such as quay.io/someone/2048", a.Source))
		}
	}
	return errors.Join(faults...)
}

func second(_, b string) string { return b }

// SplitImage splits HOST/REPOSITORY; host is "" where the image lives in the embedded registry. A
// host is told from a folder by a dot, a port, or being localhost, as everywhere in this trade.
func SplitImage(image string) (host, repository string) {
	first, rest, cut := strings.Cut(image, "/")
	if cut && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return first, rest
	}
	return "", image
}

func (s *Shelf) find(name string) (App, error) {
	for _, a := range s.apps {
		if a.Name == name {
			return a, nil
		}
	}
	return App{}, fmt.Errorf("app %q: %w", name, ErrUnknown)
}

// place is where an app's image lives.
type place struct {
	registry.Registry
	repository string
	host       string // "": the embedded registry
}

func (p place) embedded() bool { return p.host == "" }

func (s *Shelf) place(a App) (place, error) {
	host, repository := SplitImage(a.Image)
	if host == "" {
		return place{s.home, repository, ""}, nil
	}
	r, err := s.remote(host)
	if err != nil {
		return place{}, fmt.Errorf("reaching the registry of app %q: %w", a.Name, err)
	}
	return place{r, repository, host}, nil
}

func (s *Shelf) remote(host string) (registry.Registry, error) {
	if s.remotes == nil {
		return nil, fmt.Errorf("registry %q: %w: this server speaks to no other registry", host, registry.ErrForbidden)
	}
	return s.remotes.Registry(host)
}

// lock makes what is behind key this caller's own until it unlocks, or gives up with ctx.
func (s *Shelf) lock(ctx context.Context, key string) (unlock func(), err error) {
	s.mu.Lock()
	c, made := s.locks[key]
	if !made {
		c = make(chan struct{}, 1)
		s.locks[key] = c
	}
	s.mu.Unlock()
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s, which another request is moving: %w", key, ctx.Err())
	}
}
