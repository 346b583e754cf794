package client

import (
	"context"
	"io"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/ostree"
	"edge/appliance/release"
	"edge/appliance/rpm"
)

// Status is what a server says of itself.
type Status struct {
	Version       string              `json:"version"`
	URL           string              `json:"url"`
	Started       time.Time           `json:"started"`
	DataFreeBytes int64               `json:"data_free_bytes"`
	Blueprints    []release.Blueprint `json:"blueprints"`
	EventsLastID  uint64              `json:"events_last_id"`
	// Remote is where blueprints are followed, if they are.
	Remote *blueprint.RemoteState `json:"remote,omitempty"`
}

// Status sends ToStatus.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return decode[Status](ctx, c, ToStatus())
}

// Blueprints sends ToListBlueprints.
func (c *Client) Blueprints(ctx context.Context) ([]release.Blueprint, error) {
	return decode[[]release.Blueprint](ctx, c, ToListBlueprints())
}

// Blueprint sends ToShowBlueprint.
func (c *Client) Blueprint(ctx context.Context, name blueprint.Name) (release.Blueprint, error) {
	return decode[release.Blueprint](ctx, c, ToShowBlueprint(name))
}

// Releases sends ToList.
func (c *Client) Releases(ctx context.Context, name blueprint.Name) ([]release.Release, error) {
	return decode[[]release.Release](ctx, c, ToList(name))
}

// Release sends ToShow.
func (c *Client) Release(ctx context.Context, id blueprint.ID) (release.Release, error) {
	return decode[release.Release](ctx, c, ToShow(id))
}

// Packages sends ToListPackages.
func (c *Client) Packages(ctx context.Context, id blueprint.ID) ([]rpm.Package, error) {
	return decode[[]rpm.Package](ctx, c, ToListPackages(id))
}

// Diff sends ToDiff.
func (c *Client) Diff(ctx context.Context, from, to blueprint.ID) (release.Difference, error) {
	d, err := decode[release.Difference](ctx, c, ToDiff(from, to))
	d.From, d.To = from, to
	return d, err
}

// Import sends ToImport.
func (c *Client) Import(ctx context.Context, id blueprint.ID, archive Upload, o release.ImportOptions) (release.Release, error) {
	return decode[release.Release](ctx, c, ToImport(id, archive, o))
}

// Pull sends ToPull.
func (c *Client) Pull(ctx context.Context, id blueprint.ID, from string, o release.ImportOptions) (release.Release, error) {
	return decode[release.Release](ctx, c, ToPull(id, from, o))
}

// Archive writes a release as an edge-commit archive to w and returns its size in bytes. What was
// written is of no use after an error. progress may be nil.
func (c *Client) Archive(ctx context.Context, id blueprint.ID, w io.Writer, progress func(done int64)) (int64, error) {
	resp, err := c.send(ctx, get(releasePath(id, "archive")...), asTar)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body := &counter{r: resp.Body, report: progress}
	n, err := io.Copy(w, body)
	if err != nil {
		return n, c.explain(ctx, err)
	}
	return n, nil
}

// Publish sends ToPublish.
func (c *Client) Publish(ctx context.Context, id blueprint.ID, o release.PublishOptions) (release.Publication, error) {
	return decode[release.Publication](ctx, c, ToPublish(id, o))
}

// Pin sends ToPin.
func (c *Client) Pin(ctx context.Context, id blueprint.ID, pinned bool) (release.Release, error) {
	return decode[release.Release](ctx, c, ToPin(id, pinned))
}

// Sign sends ToSign.
func (c *Client) Sign(ctx context.Context, id blueprint.ID, key string) (release.Release, error) {
	return decode[release.Release](ctx, c, ToSign(id, key))
}

// Delete sends ToDelete.
func (c *Client) Delete(ctx context.Context, id blueprint.ID) error {
	_, err := c.JSON(ctx, ToDelete(id))
	return err
}

// Prune sends ToPrune.
func (c *Client) Prune(ctx context.Context, name blueprint.Name, o release.PruneOptions) (release.PruneReport, error) {
	return decode[release.PruneReport](ctx, c, ToPrune(name, o))
}

// Verify sends ToVerify. Faults are no error.
func (c *Client) Verify(ctx context.Context, name blueprint.Name) (ostree.Verified, error) {
	return decode[ostree.Verified](ctx, c, ToVerify(name))
}

// Deltas sends ToListDeltas.
func (c *Client) Deltas(ctx context.Context, name blueprint.Name) ([]release.Delta, error) {
	return decode[[]release.Delta](ctx, c, ToListDeltas(name))
}

// MakeDelta sends ToMakeDelta.
func (c *Client) MakeDelta(ctx context.Context, from blueprint.Version, to blueprint.ID) (release.Delta, error) {
	return decode[release.Delta](ctx, c, ToMakeDelta(from, to))
}

// WithdrawDelta sends ToWithdrawDelta.
func (c *Client) WithdrawDelta(ctx context.Context, from blueprint.Version, to blueprint.ID) error {
	_, err := c.JSON(ctx, ToWithdrawDelta(from, to))
	return err
}
