package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"edge/appliance/object"
)

// Pull imports from a repository at an http or https URL. Every object is verified against its
// name; that the ref names the right commit is taken from the server, unless o.Commit says it.
func (r *Repo) Pull(ctx context.Context, url string, o ImportOptions) (Imported, error) {
	base, err := parseBase(url)
	if err != nil {
		return Imported{}, err
	}
	src := newHTTPSource(base)
	defer src.client.CloseIdleConnections()
	imported, err := r.pull(ctx, src, o)
	if err != nil {
		return Imported{}, fmt.Errorf("pulling from %q: %w", base.Redacted(), err)
	}
	return imported, nil
}

func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not a URL", ErrUnsupported) // its text may hold a password
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("pulling from %q: %w: only http://HOST/… and https://HOST/… can be pulled from", base.Redacted(), ErrUnsupported)
	}
	return base, nil
}

func (r *Repo) pull(ctx context.Context, src *httpSource, o ImportOptions) (Imported, error) {
	data, err := src.small(ctx, "config", maxConfig)
	if errors.Is(err, ErrUnknown) {
		return Imported{}, fmt.Errorf("%w: there is no config file, and so no OSTree repository", ErrUnsupported)
	}
	if err != nil {
		return Imported{}, err
	}
	c, err := parseConfig(data)
	if err != nil {
		return Imported{}, err
	}
	if err := c.archive(); err != nil {
		return Imported{}, err
	}
	return r.importFrom(ctx, src, o)
}

// refs asks for the ref alone when one is wanted, since not every repository has a summary.
func (s *httpSource) refs(ctx context.Context, want object.Ref) (refs map[object.Ref]object.Checksum, err error) {
	refs = map[object.Ref]object.Checksum{}
	if want != "" {
		name := "refs/heads/" + string(want)
		err := s.get(ctx, name, 256, func(r io.Reader) error {
			refs[want], err = parseTip(name, r)
			return err
		})
		if !errors.Is(err, ErrUnknown) {
			return refs, err
		}
	}
	data, err := s.small(ctx, "summary", object.MaxMetadata)
	if errors.Is(err, ErrUnknown) {
		return refs, nil
	}
	if err != nil {
		return nil, err
	}
	summary, err := object.ParseSummary(data)
	if err != nil {
		return nil, fmt.Errorf("reading its summary: %w", err)
	}
	for _, ref := range summary.Refs {
		refs[ref.Ref] = ref.Commit
	}
	return refs, nil
}

// maxFilez is more than a compressed file of the largest content can be.
const maxFilez = object.MaxContent + object.MaxContent/1024 + object.MaxHeader

func (s *httpSource) read(ctx context.Context, n object.Name, use func(io.Reader) error) error {
	limit := int64(object.MaxMetadata)
	if n.Kind == object.KindFile {
		limit = maxFilez
	}
	return s.get(ctx, "objects/"+n.Path(), limit, use)
}
