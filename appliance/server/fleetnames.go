package server

import (
	"context"
	"sync"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/fleet"
	"edge/appliance/object"
)

// nameVersions says what commits and digests are called on this builder, as far as they are known here.
func (h *Handler) nameVersions(ctx context.Context, rows []fleet.Row) {
	for i := range rows {
		r := &rows[i]
		if r.Commit == "" || r.Blueprint == "" {
			continue
		}
		if v := h.metrics.versions.of(ctx, blueprint.Name(r.Blueprint), object.Checksum(r.Commit)); v != "unknown" {
			r.Release = v
		}
	}
	names := h.digests.of(ctx, h.o.Apps)
	for _, r := range rows {
		for i := range r.Apps {
			r.Apps[i].Version = names[appDigest{r.Apps[i].Name, r.Apps[i].Digest}]
		}
	}
}

// digests tells which tag an image is, from lists that are kept for a while: some come from other registries.
type digests struct {
	mu    sync.Mutex
	until time.Time
	names map[appDigest]string
}

type appDigest struct{ app, digest string }

const (
	digestsHold     = 10 * time.Second
	digestsPatience = 2 * time.Second // a table does not wait longer for a registry
)

// of names every digest that a tag of an app has, by the first tag that nobody follows, such as v1.
func (d *digests) of(ctx context.Context, apps Apps) map[appDigest]string {
	if apps == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Now().Before(d.until) {
		return d.names
	}
	ctx, cancel := context.WithTimeout(ctx, digestsPatience)
	defer cancel()
	names := map[appDigest]string{}
	all, _ := apps.List(ctx) // a name for a digest is not worth an error
	for _, a := range all {
		if a.Fault != "" {
			continue
		}
		tags, _ := apps.Tags(ctx, a.Name)
		for _, t := range tags {
			at := appDigest{a.Name, string(t.Digest)}
			if _, named := names[at]; !named && !t.Followed {
				names[at] = t.Name
			}
		}
	}
	d.names, d.until = names, time.Now().Add(digestsHold)
	return names
}
