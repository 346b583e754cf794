package deployment

import (
	"context"
	"fmt"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/report"
)

// bootcHost is what "bootc status --json" prints, as far as it matters: kind BootcHost of
// org.containers.bootc/v1 and its alpha (crates/lib/src/spec.rs of bootc).
type bootcHost struct {
	Kind   string `json:"kind"`
	Status struct {
		Staged   *bootcEntry  `json:"staged"`
		Booted   *bootcEntry  `json:"booted"`
		Rollback *bootcEntry  `json:"rollback"`
		Others   []bootcEntry `json:"otherDeployments"`
		Queued   bool         `json:"rollbackQueued"` // the rollback is booted next
	} `json:"status"`
}

type bootcEntry struct {
	Image        *bootcImage `json:"image"`
	CachedUpdate *bootcImage `json:"cachedUpdate"`
	Incompatible bool        `json:"incompatible"` // only rpm-ostree can change it
	Pinned       bool        `json:"pinned"`
	DownloadOnly bool        `json:"downloadOnly"`
	OSTree       *struct {
		Checksum  string `json:"checksum"`
		Serial    int    `json:"deploySerial"`
		Stateroot string `json:"stateroot"` // absent before 1.1
	} `json:"ostree"`
}

type bootcImage struct {
	Image struct {
		Image string `json:"image"`
	} `json:"image"`
	Version   string `json:"version"`
	Timestamp string `json:"timestamp"` // RFC 3339
	Digest    string `json:"imageDigest"`
}

func (s *System) bootcStatus(ctx context.Context) (bootcHost, error) {
	out, err := s.run.Run(ctx, command.Spec{Argv: []string{"bootc", "status", "--json"}})
	if err != nil {
		return bootcHost{}, err
	}
	return parseBootc(out)
}

func parseBootc(data []byte) (bootcHost, error) {
	var host bootcHost
	if err := decode(data, &host); err != nil {
		return bootcHost{}, fmt.Errorf("reading the status of bootc: %w", err)
	}
	if host.Kind != "BootcHost" {
		return bootcHost{}, fmt.Errorf("reading the status of bootc: %w: kind %.80q, want BootcHost", ErrMeaning, host.Kind)
	}
	return host, nil
}

// usable says whether bootc can change this system: what is booted is an image without layered
// packages.
func (h bootcHost) usable() bool {
	b := h.Status.Booted
	return b != nil && b.Image != nil && !b.Incompatible
}

// entries puts the slots into boot order.
func (h bootcHost) entries() ([]entry, error) {
	var list []entry
	var err error
	add := func(e *bootcEntry, mark func(*entry)) {
		if e == nil || err != nil {
			return
		}
		var one entry
		if one, err = e.entry(); err == nil {
			mark(&one)
			list = append(list, one)
		}
	}
	none := func(*entry) {}
	running := func(e *entry) { e.Booted = true }
	staged := h.Status.Staged
	if staged != nil && !staged.DownloadOnly {
		add(staged, func(e *entry) { e.Staged = true })
		staged = nil
	}
	if h.Status.Queued {
		add(h.Status.Rollback, none)
		add(h.Status.Booted, running)
	} else {
		add(h.Status.Booted, running)
		add(h.Status.Rollback, none)
	}
	for i := range h.Status.Others {
		add(&h.Status.Others[i], none)
	}
	add(staged, none)
	if err != nil {
		return nil, err
	}
	return list, check(list)
}

func (b *bootcEntry) entry() (entry, error) {
	if b.OSTree == nil {
		return entry{}, fmt.Errorf("%w: an entry of bootc is no OSTree deployment", ErrMeaning)
	}
	e := entry{
		Deployment: report.Deployment{Commit: b.OSTree.Checksum, Pinned: b.Pinned},
		checksum:   b.OSTree.Checksum, serial: b.OSTree.Serial, stateroot: b.OSTree.Stateroot,
	}
	if e.stateroot == "" {
		e.stateroot = "default"
	}
	if b.Image != nil {
		d := b.Image.deployment()
		e.Commit, e.Version, e.Ref, e.Time, e.image = d.Commit, d.Version, d.Ref, d.Time, b.Image.Image.Image
	}
	if b.CachedUpdate != nil {
		if d := b.CachedUpdate.deployment(); isDigest(d.Commit) {
			e.cached = &d
		}
	}
	return e, nil
}

func (i *bootcImage) deployment() report.Deployment {
	d := report.Deployment{Commit: i.Digest, Version: plain(i.Version), Ref: plain(i.Image.Image)}
	if t, err := time.Parse(time.RFC3339, i.Timestamp); err == nil {
		d.Time = t.UTC()
	}
	return d
}

// bootcCheck asks the registry for a newer image. bootc says "No changes" too when the newer image is
// on the disk already, staged or left from before a rollback: then it is among the deployments.
func (s *System) bootcCheck(ctx context.Context) (report.Deployment, error) {
	out, err := s.run.Run(ctx, command.Spec{Argv: []string{"bootc", "upgrade", "--check"}})
	if err != nil {
		return report.Deployment{}, err
	}
	list, err := s.entries(ctx)
	if err != nil {
		return report.Deployment{}, err
	}
	at, err := booted(list)
	if err != nil {
		return report.Deployment{}, err
	}
	now := list[at]
	found, some, err := parseBootcCheck(out)
	switch {
	case err != nil:
		return report.Deployment{}, err
	case some:
		if c := now.cached; c != nil && c.Commit == found.Commit {
			found.Time = c.Time
		}
		found.Ref = now.Ref
		return found, nil
	}
	newest := now
	for _, e := range list {
		if e.image == now.image && e.Time.After(newest.Time) {
			newest = e
		}
	}
	return unmarked(newest.Deployment), nil
}

// parseBootcCheck reads what "bootc upgrade --check" prints; some is false when nothing is new.
func parseBootcCheck(out []byte) (found report.Deployment, some bool, err error) {
	if len(out) > mostText {
		return found, false, fmt.Errorf("%w: %d bytes, more than %d", ErrMeaning, len(out), mostText)
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "Update available for: "):
			some = true
		case some && strings.HasPrefix(line, "  Version: "):
			found.Version = plain(strings.TrimPrefix(line, "  Version: "))
		case some && strings.HasPrefix(line, "  Digest: "):
			found.Commit = strings.TrimPrefix(line, "  Digest: ")
		}
	}
	if some && !isDigest(found.Commit) {
		return report.Deployment{}, false, fmt.Errorf("%w: bootc upgrade --check tells digest %.80q", ErrMeaning, found.Commit)
	}
	return found, some, nil
}

// unmarked is a deployment as what could be installed, which is neither booted nor anything else yet.
func unmarked(d report.Deployment) report.Deployment {
	return report.Deployment{Commit: d.Commit, Version: d.Version, Ref: d.Ref, Time: d.Time}
}
