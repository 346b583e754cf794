package release

import (
	"context"
	"fmt"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
)

// PublishOptions of Publish.
type PublishOptions struct {
	IfMatch object.Checksum // see ostree.Pointing
	Force   bool            // publish though checks fail
	Stamp   bool            // put the release's version into the commit
	Ref     object.Ref      // another ref than the release's
}

// Publication is what Publish did.
type Publication struct {
	Release   Release         `json:"release"`
	Ref       object.Ref      `json:"ref"`
	Before    object.Checksum `json:"before,omitempty"`
	After     object.Checksum `json:"after"`
	Changed   bool            `json:"changed"` // false when it was published already
	Restamped bool            `json:"restamped"`
	Forced    []Finding       `json:"forced,omitempty"` // what Force overrode
}

// Publish makes the ref that devices follow name release id, if the checks find nothing or Force
// says that they do not matter. Clients refuse to go back in time, so a release whose commit is older
// than the published one is re-stamped, if that is no surprise: it has a lower version, was published
// before, or is younger than what the published commit was before its own re-stamp. Publishing costs
// the same for a large release as for a small one.
//
// The error is a *ChecksError when checks failed and ostree.ErrPrecondition when another commit
// than IfMatch is published; then nothing has changed. A published release is published again
// without a change.
func (p *Publisher) Publish(ctx context.Context, id blueprint.ID, o PublishOptions) (Publication, error) {
	s, err := p.shelf(id.Blueprint)
	if err != nil {
		return Publication{}, err
	}
	leave, err := s.take(ctx)
	if err != nil {
		return Publication{}, fmt.Errorf("publishing %q: %w", id, err)
	}
	defer leave()
	r, err := s.record(id)
	if err != nil {
		return Publication{}, err
	}
	m, err := p.plan(s, r, o)
	if err != nil {
		return Publication{}, fmt.Errorf("publishing %q: %w", id, err)
	}
	if m.tip == r.Commit && !m.restamp {
		return Publication{Release: s.complete(r, s.repo.Refs()), Ref: m.ref, Before: m.tip, After: m.tip}, nil
	}
	findings := p.check(s, m)
	if len(findings) > 0 && !o.Force {
		return Publication{}, fmt.Errorf("publishing %q: %w", id, &ChecksError{findings})
	}
	done, err := p.carryOut(ctx, s, m, o)
	if err != nil {
		return Publication{}, fmt.Errorf("publishing %q: %w", id, err)
	}
	done.Forced = findings
	return done, p.tell(ctx, "release.published", id.String(), "%s is %s%s", done.Ref, done.After, remarks(done))
}

// move is a publication before it happens.
type move struct {
	release Release
	ref     object.Ref
	tip     object.Checksum // what ref names now, or ""
	tipped  *object.Commit  // the commit of tip; nil where there is none or Force passes over a broken one
	commit  object.Commit   // that is to be published, as it will be
	restamp bool
	version string // of the re-stamp; "" leaves the commit's
}

// plan decides where a release goes and whether it needs a re-stamp. It writes nothing.
func (p *Publisher) plan(s *shelf, r Release, o PublishOptions) (move, error) {
	m := move{release: r, ref: r.Ref}
	if o.Ref != "" {
		m.ref = o.Ref
	}
	if m.ref == "" {
		return m, fmt.Errorf("%w: the release is for no ref and none was given; name one", object.ErrBadName)
	}
	if _, err := object.ParseRef(string(m.ref)); err != nil {
		return m, err
	}
	m.tip = s.repo.Refs()[m.ref]
	if err := matches(o.IfMatch, m.tip); err != nil {
		return m, err
	}
	var err error
	if m.commit, err = s.repo.Commit(r.Commit); err != nil {
		return m, err
	}
	if m.tipped, err = s.tipped(m.tip); err != nil && !o.Force {
		return m, fmt.Errorf("reading what is published: %w; force it to publish nevertheless", err)
	}
	if o.Stamp && m.commit.Version() != string(r.Version) {
		m.restamp, m.version = true, string(r.Version)
	}
	older := m.tipped != nil && m.commit.Time.Before(m.tipped.Time)
	if older && (r.PublishedAt != nil || s.overtaken(r, m)) {
		m.restamp = true
	}
	if m.restamp {
		at := m.commit.Time
		if older {
			at = later(p.o.Now(), m.tipped.Time)
		}
		m.commit = m.commit.Restamp(m.version, m.tip, at)
	}
	return m, nil
}

// tipped reads the commit that a ref names; nil where it names none.
func (s *shelf) tipped(tip object.Checksum) (*object.Commit, error) {
	if tip == "" {
		return nil, nil
	}
	c, err := s.repo.Commit(tip)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// later is now, or a second after the time that clients must not be sent behind.
func later(now, tip time.Time) time.Time {
	now = now.UTC().Truncate(time.Second)
	if least := tip.Add(time.Second); now.Before(least) {
		return least
	}
	return now
}

// overtaken reports whether r is older than the tip for a good reason: its version is lower, or the
// tip got its time from a re-stamp and what was re-stamped is no younger than r.
func (s *shelf) overtaken(r Release, m move) bool {
	for _, tip := range s.sorted() {
		if tip.Commit != m.tip {
			continue
		}
		if r.Version.Compare(tip.Version) < 0 {
			return true
		}
		if tip.Source == tip.Commit {
			return false
		}
		source, err := s.repo.Commit(tip.Source)
		return err != nil || !m.commit.Time.Before(source.Time) // pruned: then nothing speaks against it
	}
	return false
}

// matches is the precondition as Point has it, before anything is written.
func matches(want, tip object.Checksum) error {
	switch {
	case want == "" || want == tip || want == ostree.NoCommit && tip == "":
		return nil
	case tip == "":
		return fmt.Errorf("%w: nothing is published, not %s", ostree.ErrPrecondition, want)
	}
	return fmt.Errorf("%w: %s is published, not %s", ostree.ErrPrecondition, tip, want)
}

// carryOut re-stamps where that is planned, points the ref and records it. The re-stamp is held
// under a name of its own until the ref names it: if anything fails before, nothing has happened,
// and if the process is killed, settle ends it one way or the other.
func (p *Publisher) carryOut(ctx context.Context, s *shelf, m move, o PublishOptions) (Publication, error) {
	r, waiting := m.release, publishingPrefix+string(m.release.Version)
	var err error
	if m.restamp {
		if r.Commit, err = s.repo.Restamp(ctx, r.Commit, waiting, m.version, m.tip, m.commit.Time); err != nil {
			return Publication{}, err
		}
	}
	before, err := s.repo.Point(ctx, ostree.Pointing{Ref: m.ref, Commit: r.Commit, IfMatch: o.IfMatch})
	if err != nil {
		s.drop(waiting) // a leftover is dropped when the data directory is opened
		return Publication{}, err
	}
	if m.restamp {
		if err := s.repo.Hold(ctx, hold(r.Version), r.Commit); err != nil {
			return Publication{}, fmt.Errorf("%s is published, but: %w", r.Commit, err)
		}
		s.drop(waiting)
		r = s.describe(r)
	}
	now := p.now()
	r.Ref, r.PublishedAt = m.ref, &now
	if err := s.save(r); err != nil {
		return Publication{}, fmt.Errorf("%s is published, but: %w", r.Commit, err)
	}
	return Publication{
		Release: s.complete(r, s.repo.Refs()), Ref: m.ref, Before: before, After: r.Commit,
		Changed: before != r.Commit, Restamped: m.restamp,
	}, nil
}

// remarks on a publication, for the diary.
func remarks(done Publication) string {
	s := ""
	if done.Restamped {
		s += ", re-stamped"
	}
	for _, f := range done.Forced {
		s += fmt.Sprintf(", forced over %s: %s", f.Check, f.Message)
	}
	return s
}
