package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path"
	"sync"

	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"

	"edge/appliance/event"
)

const maxUpload = 64 << 30

// Options of Open.
type Options struct {
	Dir       string   // OCI layouts, one a repository
	Token     string   // the password of whoever may push; "": nobody may
	URL       string   // how clients reach us, for the token endpoint's realm; "" takes the request's Host
	Immutable []string // globs of tags that may be made but not moved; nil: "v*"; empty: none
	MaxUpload int64    // bytes of one blob; 0: 64 GiB
	Events    *event.Log
	Log       *slog.Logger // nil: none
}

// Store is the embedded registry: an http.Handler for /v2/ and a Registry. One process at a time may
// have a directory open.
type Store struct {
	o        Options
	log      *slog.Logger
	olareg   *olareg.Server
	signer   *signer
	failures failures
	sessions sessions

	mu      sync.Mutex
	layouts map[string]*layout

	stop   context.CancelFunc
	tended chan struct{} // closed when tend has ended
}

// Open opens the store and mends what a killed process or a power cut left.
func Open(o Options) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("opening the registry: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		o: o, log: o.Log, olareg: olareg.New(engine(o)), signer: newSigner(),
		layouts: map[string]*layout{}, stop: stop, tended: make(chan struct{}),
	}
	s.failures.of = map[netip.Prefix]guesses{}
	s.sessions.last = map[string]session{}
	done, err := s.mend()
	if err != nil {
		stop()
		return nil, fmt.Errorf("opening the registry: %w", err)
	}
	for _, line := range done {
		s.log.Warn("mended the registry", "what", line)
		if o.Events != nil {
			o.Events.Append(event.Event{Kind: "registry.mended", Subject: "registry", Message: line})
		}
	}
	go func() {
		defer close(s.tended)
		s.tend(ctx)
	}()
	return s, nil
}

// complete fills in defaults and refuses what cannot be meant.
func (o *Options) complete() error {
	if o.Dir == "" {
		return errors.New("opening the registry: no directory is given")
	}
	if o.URL != "" && !checkURL(o.URL) {
		return fmt.Errorf("opening the registry: %q is not a URL such as http://HOST:8080", o.URL)
	}
	if o.Immutable == nil {
		o.Immutable = []string{"v*"}
	}
	for _, glob := range o.Immutable {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("opening the registry: immutable tags %q: %w", glob, err)
		}
	}
	if o.MaxUpload <= 0 {
		o.MaxUpload = maxUpload
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// engine is olareg's configuration. Its collector never runs: not by its clock, not when a repository is
// dropped from its memory, which without ages and counts never happens, and not by Close, which is not called
// for that reason. See collect for why, and sessions for its uploads.
func engine(o Options) config.Config {
	yes, no := true, false
	return config.Config{
		Log: o.Log,
		Storage: config.ConfigStorage{
			StoreType: config.StoreDir, RootDir: o.Dir,
			GC: config.ConfigGC{Frequency: -1, GracePeriod: -1, RepoUploadMax: -1, Untagged: &no, EmptyRepo: &no},
		},
		API: config.ConfigAPI{
			DeleteEnabled: &yes,
			Blob:          config.ConfigAPIBlob{DeleteEnabled: &yes},
			Manifest:      config.ConfigAPIManifest{Limit: MaxManifest},
		},
	}
}

// Close ends background work. The store must not be used afterwards.
func (s *Store) Close() error {
	s.stop()
	<-s.tended
	return nil
}

// Exact is true: Put checks and writes under one lock, and every other writer takes the same.
func (s *Store) Exact() bool { return true }

// Immutable reports whether tag may not be moved once it exists.
func (s *Store) Immutable(tag string) bool {
	for _, glob := range s.o.Immutable {
		if matched, _ := path.Match(glob, tag); matched {
			return true
		}
	}
	return false
}
