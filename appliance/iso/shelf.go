package iso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"edge/appliance/command"
	"edge/appliance/event"
)

// Recorder is the diary; *event.Log is one.
type Recorder interface {
	Record(context.Context, event.Event) error
	Append(event.Event) event.Event
}

// Runner runs programs; command.Programs is one.
type Runner interface {
	Run(context.Context, command.Spec) ([]byte, error)
}

// Wanted says for which machine a kickstart is, and where it finds the system.
type Wanted struct {
	Blueprint string
	Device    string // "" for any
	Medium    bool   // in the OSTree repository on the medium, not in the builder's
	Product   string // that the base installs: Red Hat Enterprise Linux 9.6
	Arch      string // x86_64, aarch64
}

// ShelfOptions of OpenShelf. Dir and Events are needed.
type ShelfOptions struct {
	Dir    string // DATA/images
	Events Recorder
	Run    Runner // nil: command.Programs

	// Kickstart renders one. nil: images can only name its URL.
	Kickstart func(context.Context, Wanted) ([]byte, error)
	// URL is where the kickstart of a blueprint is served, of a device where that is not "".
	URL func(name, device string) string
	// Export writes the published commit of a blueprint as an edge-commit archive and says which it is. nil: images
	// cannot carry the system.
	Export func(context.Context, string, io.Writer) (commit string, err error)

	Base     string  // the base for images that name none; "": the one that was added last
	Mode     Mode    // of images that name none; "": kickstart where it fits
	Defaults Options // of images that have none of their own
	CA       []byte  // PEM; nil: the vendor's
	Now      func() time.Time
}

// Shelf keeps bases and images of one builder. It is safe for concurrent use by one process.
type Shelf struct {
	o ShelfOptions

	changing sync.Mutex    // held over every change of what is on the disk
	hashing  chan struct{} // holds one while a base is read as a whole

	mu     sync.Mutex // never held over a disk
	bases  map[string]*Base
	points map[string]map[string]Checkpoint // by SHA-256 of the base and by variant
	images map[string]*Image                // by key
	made   cache
}

// basesDir is where bases are noted. No blueprint's name begins with a dot.
const basesDir = ".bases"

// OpenShelf reads what is there. Notes that a damaged disk left unreadable are passed over and told to the diary.
func OpenShelf(o ShelfOptions) (*Shelf, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Run == nil {
		o.Run = command.Programs{}
	}
	s := &Shelf{o: o, hashing: make(chan struct{}, 1), bases: map[string]*Base{}, points: map[string]map[string]Checkpoint{}, images: map[string]*Image{}}
	if err := os.MkdirAll(s.basesPath(), 0o755); err != nil {
		return nil, fmt.Errorf("opening the images: %w", err)
	}
	err := filepath.WalkDir(o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(o.Dir, path)
		if err != nil {
			return err
		}
		if unfinished(rel) {
			return os.RemoveAll(path)
		}
		return s.load(rel)
	})
	if err != nil {
		return nil, fmt.Errorf("opening the images: %w", err)
	}
	return s, nil
}

// unfinished is what a crash left behind of something half-made.
func unfinished(rel string) bool { return strings.HasSuffix(rel, ".part") }

func (s *Shelf) basesPath() string { return filepath.Join(s.o.Dir, basesDir) }

func (s *Shelf) load(rel string) error {
	dir, name := filepath.Split(rel)
	name, isNote := strings.CutSuffix(name, ".json")
	if !isNote {
		return nil
	}
	file := filepath.Join(s.o.Dir, rel)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if filepath.Clean(dir) == basesDir {
		var n baseNote
		if err = json.Unmarshal(data, &n); err == nil && (n.Base == nil || n.Format != format || n.Name != name) {
			err = errors.New("it is of another version of this program; add the base again")
		}
		if err == nil {
			s.bases[name] = n.Base
			s.points[n.SHA256] = n.Checkpoints
			return nil
		}
	} else {
		var i Image
		if err = json.Unmarshal(data, &i); err == nil && i.file() != filepath.ToSlash(rel) {
			err = errors.New("it is at the place of another one")
		}
		if err == nil {
			s.images[i.key()] = &i
			return nil
		}
	}
	s.o.Events.Append(event.Event{Kind: "iso.unreadable", Subject: rel, Message: "passed over: " + err.Error()})
	return nil
}

// baseNote is a base on the disk, with its newest checkpoints.
type baseNote struct {
	*Base
	Checkpoints map[string]Checkpoint `json:"checkpoints,omitempty"`
}

// Bases lists bases, the newest first. Those that were made to carry a system are not among them.
func (s *Shelf) Bases() []*Base {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*Base
	for _, b := range s.bases {
		if b.Offline == "" {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b *Base) int { return b.Added.Compare(a.Added) })
	return all
}

// base is the one of a name, or the one that is used where none is named.
func (s *Shelf) base(name string) (*Base, error) {
	all := s.Bases()
	if name == "" {
		name = s.o.Base
	}
	for _, b := range all {
		if name == "" || b.Name == name {
			return b, nil
		}
	}
	if name == "" {
		return nil, fmt.Errorf("%w: none was added", ErrNoBase)
	}
	return nil, fmt.Errorf("%w: %q", ErrNoBase, name)
}

// open opens a base that is still what it was.
func (s *Shelf) open(b *Base) (*os.File, error) {
	f, err := os.Open(b.File)
	if err != nil {
		return nil, fmt.Errorf("opening base %q: %w", b.Name, errors.Join(ErrChanged, err))
	}
	info, err := f.Stat()
	if err == nil && (info.Size() != b.Size || !info.ModTime().Equal(b.ModTime)) {
		err = fmt.Errorf("%w: %s was written at %s", ErrChanged, b.File, info.ModTime().Format(time.DateTime))
	}
	if err != nil {
		return nil, fmt.Errorf("opening base %q: %w", b.Name, errors.Join(err, f.Close()))
	}
	return f, nil
}

func (s *Shelf) tell(ctx context.Context, kind, subject, text string, args ...any) error {
	return s.o.Events.Record(ctx, event.Event{Kind: kind, Subject: subject, Message: fmt.Sprintf(text, args...)})
}
