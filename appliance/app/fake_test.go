package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"edge/appliance/event"
	"edge/appliance/registry"
)

// fake is a registry in memory. As the embedded one it can check and write in one step, and tells
// the diary of every move.
type fake struct {
	inexact bool
	events  *event.Log // nil: it tells nobody

	mu        sync.Mutex
	manifests map[string]registry.Manifest // by repository@digest
	tags      map[string]registry.Digest   // by repository:tag
	blobs     map[registry.Digest][]byte
	puts      []string // repository:tag of every write
	asked     int
	fault     error                  // of every method
	before    func(tag string)       // called when a tag is about to be written
	immutable func(tag string) bool  // nil: v*
	failPut   func(tag string) error // nil: none
	headHook  func(reference string) // called before an answer
}

func newFake() *fake {
	return &fake{manifests: map[string]registry.Manifest{}, tags: map[string]registry.Digest{}, blobs: map[registry.Digest][]byte{}}
}

func digest(data []byte) registry.Digest {
	sum := sha256.Sum256(data)
	return registry.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// push stores an image as a client does, and returns its digest.
func (f *fake) push(t testing.TB, repository, tag, raw string) registry.Digest {
	t.Helper()
	m := registry.Manifest{Digest: digest([]byte(raw)), MediaType: "application/vnd.oci.image.index.v1+json", Raw: []byte(raw), Size: int64(len(raw))}
	f.mu.Lock()
	f.manifests[repository+"@"+string(m.Digest)] = m
	f.mu.Unlock()
	if tag != "" {
		ctx := event.WithActor(t.Context(), "a client")
		if err := f.put(ctx, repository, tag, m, nil); err != nil {
			t.Fatal(err)
		}
	}
	return m.Digest
}

func (f *fake) at(repository, tag string) registry.Digest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tags[repository+":"+tag]
}

func (f *fake) written() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.puts)
}

func (f *fake) Tags(_ context.Context, repository string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	var names []string
	for key := range f.tags {
		if tag, ok := strings.CutPrefix(key, repository+":"); ok {
			names = append(names, tag)
		}
	}
	slices.Sort(names)
	if f.fault == nil && names == nil {
		return nil, fmt.Errorf("repository %q: %w", repository, registry.ErrUnknown)
	}
	return names, f.fault
}

func (f *fake) Head(ctx context.Context, repository, reference string) (registry.Manifest, error) {
	if f.headHook != nil {
		f.headHook(reference)
	}
	m, err := f.Get(ctx, repository, reference)
	m.Raw = nil
	return m, err
}

func (f *fake) Get(_ context.Context, repository, reference string) (registry.Manifest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.fault != nil {
		return registry.Manifest{}, f.fault
	}
	d := registry.Digest(reference)
	if !strings.Contains(reference, ":") {
		d = f.tags[repository+":"+reference]
	}
	m, ok := f.manifests[repository+"@"+string(d)]
	if !ok {
		return registry.Manifest{}, fmt.Errorf("%s in %q: %w", reference, repository, registry.ErrUnknown)
	}
	return m, nil
}

func (f *fake) Put(ctx context.Context, repository, tag string, m registry.Manifest, expect *registry.Digest) error {
	if f.before != nil {
		f.before(tag)
	}
	if f.failPut != nil {
		if err := f.failPut(tag); err != nil {
			return err
		}
	}
	return f.put(ctx, repository, tag, m, expect)
}

func (f *fake) put(ctx context.Context, repository, tag string, m registry.Manifest, expect *registry.Digest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault != nil {
		return f.fault
	}
	if digest(m.Raw) != m.Digest {
		return fmt.Errorf("put of other bytes than those of %s: %w", m.Digest, registry.ErrManifest)
	}
	key := repository + ":" + tag
	was := f.tags[key]
	if expect != nil && was != *expect {
		return fmt.Errorf("%s is at %q: %w", key, was, registry.ErrPrecondition)
	}
	f.tags[key] = m.Digest
	f.manifests[repository+"@"+string(m.Digest)] = m
	f.puts = append(f.puts, key)
	if f.events != nil {
		return f.events.Record(ctx, event.Event{Kind: "tag.moved", Subject: key, Message: string(was) + " -> " + string(m.Digest)})
	}
	return nil
}

func (f *fake) Exact() bool { return !f.inexact }

func (f *fake) Immutable(tag string) bool {
	if f.immutable != nil {
		return f.immutable(tag)
	}
	return strings.HasPrefix(tag, "v")
}

func (f *fake) Blob(_ context.Context, _ string, d registry.Digest, limit int64) ([]byte, error) {
	data, ok := f.blobs[d]
	if !ok || int64(len(data)) > limit {
		return nil, registry.ErrUnknown
	}
	return data, nil
}

// fakeRemotes are registries by host; everything can be copied from one to another, or home.
type fakeRemotes struct {
	hosts  map[string]*fake
	home   *fake
	copied []string
	fails  func(tag string) error
}

func (f *fakeRemotes) Registry(host string) (registry.Registry, error) {
	r, ok := f.hosts[host]
	if !ok {
		return nil, fmt.Errorf("registry %q: %w", host, registry.ErrForbidden)
	}
	return r, nil
}

func (f *fakeRemotes) Copy(ctx context.Context, from, tag, destination, user, password string, report func(registry.Copied)) (registry.Digest, bool, error) {
	f.copied = append(f.copied, fmt.Sprintf("%s:%s -> %s as %s:%s", from, tag, destination, user, password))
	if f.fails != nil {
		if err := f.fails(tag); err != nil {
			return "", false, err
		}
	}
	host, repository := SplitImage(from)
	m, err := f.hosts[host].Get(ctx, repository, tag)
	if err != nil {
		return "", false, err
	}
	to, name := SplitImage(destination)
	target := f.home
	if remote, ok := f.hosts[to]; ok {
		target = remote
	}
	if target.at(name, tag) == m.Digest {
		report(registry.Copied{Tag: tag, Skipped: true})
		return m.Digest, false, nil
	}
	report(registry.Copied{Tag: tag, Done: 10, Total: -1})
	return m.Digest, true, target.put(ctx, name, tag, m, nil)
}

// scene is a shelf with two apps in the embedded registry and one in a remote one.
type scene struct {
	*Shelf
	home    *fake
	remote  *fake
	remotes *fakeRemotes
	options Options
	v       map[string]registry.Digest // what v1, v2, v3 are
}

var apps = []App{
	{Name: "2048", Unit: "app1", Port: 8081},
	{Name: "simple-http", Cold: true},
	{Name: "far", Image: "registry.test/team/far", Tag: "stable"},
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{home: newFake(), remote: newFake(), v: map[string]registry.Digest{}}
	s.remote.inexact = true
	s.remotes = &fakeRemotes{hosts: map[string]*fake{"registry.test": s.remote}, home: s.home}
	s.home.events = event.NewLog(100)
	for _, v := range []string{"v1", "v2", "v3"} {
		s.v[v] = s.home.push(t, "2048", v, `{"a":"`+v+`"}`)
		s.remote.push(t, "team/far", v, `{"a":"`+v+`"}`)
	}
	s.home.push(t, "2048", "prod", `{"a":"v1"}`)
	s.remote.push(t, "team/far", "stable", `{"a":"v1"}`)
	s.home.puts, s.remote.puts = nil, nil
	s.options = Options{Apps: apps, Events: s.home.events, History: filepath.Join(t.TempDir(), "apps.jsonl"), Endpoint: "127.0.0.1:8080", Token: "secret"}
	s.open(t)
	return s
}

// open opens the shelf anew, as after a restart.
func (s *scene) open(t testing.TB) {
	t.Helper()
	if s.Shelf != nil {
		s.Shelf.Close()
	}
	var err error
	if s.Shelf, err = newShelf(s.options, s.home, s.remotes); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Shelf.Close() })
}

func (s *scene) retag(t testing.TB, app, from string) Move {
	t.Helper()
	m, err := s.Retag(event.WithActor(t.Context(), "tester"), app, Retagging{From: from})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lines are the history as one word a move: kind:before>after.
func (s *scene) lines(t testing.TB, app string) string {
	t.Helper()
	moves, err := s.History(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	names := map[registry.Digest]string{"": "none"}
	for v, d := range s.v {
		names[d] = v
	}
	var words []string
	for _, m := range moves {
		words = append(words, m.Kind+":"+names[m.Before]+">"+names[m.After])
	}
	return strings.Join(words, " ")
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}
