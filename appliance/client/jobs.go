package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/job"
	"edge/appliance/release"
)

// ToCompose has a release made; version "" means the newest of the blueprint.
func ToCompose(id blueprint.ID, o release.ComposeOptions) Call {
	if id.Version == "" {
		return post([]string{"blueprints", string(id.Blueprint), "compose"}, o)
	}
	return post(releasePath(id, "compose"), o)
}

// ToListJobs asks for every job.
func ToListJobs() Call { return get("jobs") }

// ToShowJob asks for one job.
func ToShowJob(id job.ID) Call { return get("jobs", string(id)) }

// ToCancelJob ends a job.
func ToCancelJob(id job.ID) Call {
	return Call{Method: http.MethodDelete, Path: []string{"jobs", string(id)}}
}

// ToShowSBOM asks for the bill of materials of a release, SPDX in JSON.
func ToShowSBOM(id blueprint.ID) Call { return get(releasePath(id, "sbom")...) }

// ToPreflight asks what the server's host lacks for composing.
func ToPreflight() Call { return get("preflight") }

// Compose sends ToCompose.
func (c *Client) Compose(ctx context.Context, id blueprint.ID, o release.ComposeOptions) (job.Job, error) {
	return decode[job.Job](ctx, c, ToCompose(id, o))
}

// Jobs sends ToListJobs.
func (c *Client) Jobs(ctx context.Context) ([]job.Job, error) {
	return decode[[]job.Job](ctx, c, ToListJobs())
}

// Job sends ToShowJob.
func (c *Client) Job(ctx context.Context, id job.ID) (job.Job, error) {
	return decode[job.Job](ctx, c, ToShowJob(id))
}

// CancelJob sends ToCancelJob.
func (c *Client) CancelJob(ctx context.Context, id job.ID) (job.Job, error) {
	return decode[job.Job](ctx, c, ToCancelJob(id))
}

// Preflight sends ToPreflight.
func (c *Client) Preflight(ctx context.Context) (compose.Fitness, error) {
	return decode[compose.Fitness](ctx, c, ToPreflight())
}

// JobLog writes a job's log to w, and with follow what comes until the job ends. A connection that breaks,
// or a server that is started anew, is taken up where it was: the job goes on meanwhile.
func (c *Client) JobLog(ctx context.Context, id job.ID, follow bool, w io.Writer) error {
	out := &skipper{w: w}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		out.skip = out.written
		err := c.jobLog(ctx, id, follow, out)
		switch {
		case out.err != nil:
			return out.err
		case ctx.Err() != nil:
			return fmt.Errorf("following job %s: %w", id, ctx.Err())
		case !follow || err != nil && (final(err) || out.written == 0 && !out.met):
			return err
		case err == nil:
			j, err := c.Job(ctx, id)
			if err == nil && j.State.Ended() {
				return nil
			}
			if err != nil && final(err) {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (c *Client) jobLog(ctx context.Context, id job.ID, follow bool, out *skipper) error {
	call := get("jobs", string(id), "log")
	if follow {
		call.Query = url.Values{"follow": {"1"}}
	}
	resp, err := c.send(ctx, call, "application/problem+json, text/plain;q=0.9")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	out.met = true
	if _, err := io.Copy(out, resp.Body); err != nil {
		return c.explain(ctx, err)
	}
	return nil
}

// skipper leaves out what was written already.
type skipper struct {
	w             io.Writer
	skip, written int64
	met           bool  // a connection was made
	err           error // of w
}

func (s *skipper) Write(p []byte) (int, error) {
	n := len(p)
	cut := min(s.skip, int64(n))
	s.skip -= cut
	if p = p[cut:]; len(p) == 0 {
		return n, nil
	}
	k, err := s.w.Write(p)
	s.written += int64(k)
	if err != nil {
		s.err = err
		return 0, err
	}
	return n, nil
}
