// Package ostree keeps the archive repository that devices pull from. libostree's
// programs and this package may use one repository at the same time: both take the
// same locks and leave the same files.
//
// It knows nothing of blueprints, versions or HTTP. What keeps a commit alive without
// showing it to devices is a hold: a ref below refs/remotes/appliance/, which libostree's
// prune respects and its summary leaves out.
package ostree

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"edge/appliance/object"
)

// Causes.
var (
	ErrUnknown      = errors.New("not in the repository")                 // a ref, hold, commit or path
	ErrIncomplete   = errors.New("incomplete commit")                     // its closure lacks objects
	ErrArchive      = errors.New("not an edge-commit archive")            // a tar that cannot be imported
	ErrMismatch     = errors.New("not what was asked for")                // ref or commit differ from the wanted ones
	ErrPrecondition = errors.New("another commit is published")           // Point's IfMatch
	ErrUnsupported  = errors.New("repository of an unsupported kind")     // config of a foreign mode
	ErrNoProgram    = errors.New("needs a program that is not installed") // ostree or gpg
	ErrProgram      = errors.New("a program failed")                      // one of those; its words follow
)

// Options of Open. The zero value signs nothing.
type Options struct {
	Signer *Signer          // nil: commits and summary stay unsigned
	Now    func() time.Time // nil: time.Now
}

// Repo is one archive repository on disk. Its methods are safe for concurrent use.
type Repo struct {
	dir    string
	o      Options
	config config

	publishing sync.Mutex // orders our own writers of refs and summary, whom the shared lock does not; taken before the lock
	generation atomic.Pointer[generation]
	stale      atomic.Bool // a hold changed: who may see what is to be worked out anew
	parents    sync.Map    // object.Checksum of a commit -> that of its parent
}

// Open opens the repository in dir and makes it when dir is absent or empty. It sweeps what a
// killed process left behind and rewrites a summary that does not agree with the refs.
func Open(dir string, o Options) (*Repo, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening repository: %w", err)
	}
	r := &Repo{dir: dir, o: o}
	if err := r.layOut(); err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", dir, err)
	}
	if r.config, err = readConfig(dir); err != nil {
		return nil, err
	}
	if err := r.config.archive(); err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", dir, err)
	}
	if err := r.sweep(); err != nil {
		return nil, err
	}
	if err := r.refresh(context.Background()); err != nil {
		return nil, fmt.Errorf("opening repository %q: %w", dir, err)
	}
	return r, nil
}

// layOut makes the folders of a repository; the config comes last and makes it one. A folder with
// other things in it is refused.
func (r *Repo) layOut() error {
	if _, err := os.Lstat(filepath.Join(r.dir, "config")); err == nil {
		return r.addFolders()
	}
	names, err := readNames(r.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !ours[name] {
			return fmt.Errorf("%w: it holds %q but no config; give an empty folder or a repository", ErrUnsupported, name)
		}
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	if err := r.addFolders(); err != nil {
		return err
	}
	return r.writeFile("config", []byte(newConfig))
}

// folders of every repository; ours are the top-level names that an interrupted layOut leaves.
var (
	folders = []string{"objects", "refs/heads", "refs/remotes", "refs/mirrors", "tmp/cache", "state", "extensions"}
	ours    = map[string]bool{"objects": true, "refs": true, "tmp": true, "state": true, "extensions": true}
)

func (r *Repo) addFolders() error {
	for _, f := range folders {
		if err := os.MkdirAll(filepath.Join(r.dir, f), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// Dir is where the repository lies.
func (r *Repo) Dir() string { return r.dir }

// Refs are the published refs, as the served summary lists them.
func (r *Repo) Refs() map[object.Ref]object.Checksum { return maps.Clone(r.current().refs) }
