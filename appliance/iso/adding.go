package iso

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sync/errgroup"

	"edge/appliance/event"
)

// Adding asks for a stock ISO to be added as a base.
type Adding struct {
	From   string `json:"from"`             // an absolute path on the builder, or a http(s) URL
	Name   string `json:"name,omitempty"`   // "": as the file is called
	SHA256 string `json:"sha256,omitempty"` // what it must have; "": only told
}

// maxDownload is the largest ISO that is fetched: a DVD of today has 11 GiB.
const maxDownload = 32 << 30

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Add surveys and hashes a stock ISO. A file stays where it is and must not change; what a URL names is fetched into
// the data directory. Adding the same file again mends its note.
func (s *Shelf) Add(ctx context.Context, a Adding) (*Base, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	b, err := s.add(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("adding %q: %w", a.From, err)
	}
	return b, s.tell(ctx, "iso.added", b.Name, "%s, %s, sha256 %s", cmp.Or(b.Product, b.Label), b.Arch, b.SHA256)
}

func (s *Shelf) add(ctx context.Context, a Adding) (*Base, error) {
	a.SHA256 = strings.TrimPrefix(strings.ToLower(a.SHA256), "sha256:")
	if a.SHA256 != "" && !digestForm.MatchString(a.SHA256) {
		return nil, fmt.Errorf("%w: %q is no SHA-256: want 64 hexadecimal digits", ErrInvalid, a.SHA256)
	}
	u, err := url.Parse(a.From)
	remote := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	if !remote && !filepath.IsAbs(a.From) {
		return nil, fmt.Errorf("%w: want an absolute path on the builder, or a http(s) URL", ErrInvalid)
	}
	name := a.Name
	if name == "" && remote {
		name = baseName(path.Base(u.Path))
	} else if name == "" {
		name = baseName(filepath.Base(a.From))
	}
	if err := checkName("base", name); err != nil {
		return nil, err
	}
	file, temporary := a.From, ""
	if remote {
		temporary = filepath.Join(s.basesPath(), "."+name+".part")
		defer os.Remove(temporary)
		if err := s.download(ctx, a.From, temporary, name); err != nil {
			return nil, err
		}
		file = temporary
	}
	b, err := s.survey(ctx, name, file, a.SHA256)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	before := s.bases[name]
	s.mu.Unlock()
	if before != nil && before.SHA256 != b.SHA256 {
		return nil, fmt.Errorf("%w: %q has SHA-256 %s, this file has %s", ErrExists, name, before.SHA256, b.SHA256)
	}
	if remote {
		b.File = filepath.Join(s.basesPath(), name+".iso")
		if err := os.Rename(temporary, b.File); err != nil {
			return nil, err
		}
	}
	return b, s.keepBase(b)
}

// baseName is a file's without its ending, as far as a name of a base may have its letters.
func baseName(file string) string {
	name := strings.TrimSuffix(strings.TrimSuffix(file, ".iso"), ".ISO")
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && deviceForm.MatchString("a"+string(r)+"a") {
			return r
		}
		return '-'
	}, name)
	return strings.Trim(name[:min(len(name), 64)], "-._")
}

// survey reads and measures a file.
func (s *Shelf) survey(ctx context.Context, name, file, want string) (*Base, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no ordinary file", ErrNotISO)
	}
	b, err := Survey(f, info.Size())
	if err != nil {
		return nil, err
	}
	b.Name, b.File, b.ModTime, b.Added = name, file, info.ModTime(), s.o.Now().UTC()
	points, err := s.measure(ctx, b, f)
	if err != nil {
		return nil, err
	}
	if want != "" && b.SHA256 != want {
		return nil, fmt.Errorf("%w: it has %s, not %s: download it again", ErrMismatch, b.SHA256, want)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for variant, c := range points {
		s.remember(b, variant, c)
	}
	return b, nil
}

// measure hashes a base: its SHA-256, its own media check, and the checkpoint of the images that it will most likely
// be asked for, each on its own, so that two processors do it in the time of one.
func (s *Shelf) measure(ctx context.Context, b *Base, f *os.File) (map[string]Checkpoint, error) {
	if err := s.lockHashing(ctx); err != nil {
		return nil, err
	}
	defer s.unlockHashing()
	sum, k, point := sha256.New(), newChecker(b.Volume), Checkpoint{}
	likely := Recipe{Options: s.o.Defaults, Kickstart: []byte("#"), CA: s.o.CA}
	p, planErr := b.plan(likely) // without the base's SHA-256, which is not known yet; its patches do not depend on it
	if planErr != nil && !errors.Is(planErr, ErrNoRoom) {
		return nil, planErr
	}
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := io.Copy(sum, io.NewSectionReader(watched{within, f}, 0, b.Size))
		return err
	})
	if b.Seal != nil {
		g.Go(func() error { return k.run(within, f, b.Volume, s.progress("iso.adding", b.Name, b.Volume)) })
		if planErr == nil {
			g.Go(func() (err error) {
				point, err = p.measure(within, b, f, nil)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if b.Seal == nil {
		b.Notes = append(b.Notes, "it has no media check")
		return nil, nil
	}
	if got := k.seal(b.Seal.Supported); got.Sum != b.Seal.Sum {
		return nil, fmt.Errorf("%w: its media check fails: download it again", ErrTruncated)
	}
	if planErr != nil {
		return nil, nil
	}
	variant, err := p.variant(b)
	return map[string]Checkpoint{variant: point}, err
}

// progress tells the diary now and then how far a reading is.
func (s *Shelf) progress(kind, subject string, total int64) func(int64) {
	told := int64(0)
	return func(done int64) {
		if done-told >= 256<<20 {
			told = done
			s.o.Events.Append(event.Event{Kind: kind, Subject: subject, Message: fmt.Sprintf("%d of %d MB", done>>20, total>>20), Done: int(done >> 20), Total: int(total >> 20)})
		}
	}
}

// watched is a file that cannot be read after the end of a context.
type watched struct {
	context.Context
	io.ReaderAt
}

func (w watched) ReadAt(p []byte, off int64) (int, error) {
	if err := w.Err(); err != nil {
		return 0, err
	}
	return w.ReaderAt.ReadAt(p, off)
}

// download fetches a URL into a file that is not there.
func (s *Shelf) download(ctx context.Context, from, to, name string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: the server answers %q", ErrUnreachable, resp.Status)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	tell := s.progress("iso.fetching", name, resp.ContentLength)
	n, err := io.Copy(io.MultiWriter(f, counting{new(int64), tell}), io.LimitReader(resp.Body, maxDownload+1))
	switch {
	case err != nil:
		return err
	case n > maxDownload:
		return fmt.Errorf("%w: it is larger than %d GiB", ErrUnsupported, maxDownload>>30)
	}
	return f.Sync()
}

type counting struct {
	n    *int64
	tell func(int64)
}

func (c counting) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	c.tell(*c.n)
	return len(p), nil
}

func (s *Shelf) lockHashing(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Shelf) unlockHashing() { <-s.hashing }
