package deployment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"edge/appliance/command"
	"edge/appliance/report"
)

// rpmStatus is what "rpm-ostree status --json" prints, as far as it matters: rpmostreed's
// deployment_populate_variant and rpmostreed_deployment_generate_variant say what is in it. Much of it
// is absent where it does not apply.
type rpmStatus struct {
	Deployments []rpmDeployment `json:"deployments"`
	Cached      *rpmDeployment  `json:"cached-update"`
}

type rpmDeployment struct {
	OS        string `json:"osname"`
	Checksum  string `json:"checksum"`
	Serial    int    `json:"serial"`
	Version   string `json:"version"`
	Timestamp int64  `json:"timestamp"`
	Origin    string `json:"origin"` // REMOTE:REF
	Image     string `json:"container-image-reference"`
	Booted    bool   `json:"booted"`
	Staged    bool   `json:"staged"`
	Pinned    bool   `json:"pinned"`

	// Only where packages are layered.
	BaseChecksum  string `json:"base-checksum"`
	BaseVersion   string `json:"base-version"`
	BaseTimestamp int64  `json:"base-timestamp"`
}

func (s *System) rpmStatus(ctx context.Context) (rpmStatus, error) {
	out, err := s.run.Run(ctx, command.Spec{Argv: []string{"rpm-ostree", "status", "--json"}})
	if err != nil {
		return rpmStatus{}, err
	}
	return parseRPMStatus(out)
}

func parseRPMStatus(data []byte) (rpmStatus, error) {
	var status rpmStatus
	if err := decode(data, &status); err != nil {
		return rpmStatus{}, fmt.Errorf("reading the status of rpm-ostree: %w", err)
	}
	return status, nil
}

func (status rpmStatus) entries() ([]entry, error) {
	list := make([]entry, 0, len(status.Deployments))
	for _, d := range status.Deployments {
		e := entry{
			Deployment: report.Deployment{
				Commit: d.Checksum, Version: plain(d.Version), Ref: plain(d.Origin), Time: instant(d.Timestamp),
				Booted: d.Booted, Staged: d.Staged, Pinned: d.Pinned,
			},
			checksum: d.Checksum, stateroot: d.OS, image: d.Image, serial: d.Serial,
		}
		if d.Image != "" {
			e.Ref = plain(d.Image)
		}
		if d.BaseChecksum != "" {
			e.Commit, e.Time = d.BaseChecksum, instant(d.BaseTimestamp)
			if d.BaseVersion != "" {
				e.Version = plain(d.BaseVersion)
			}
		}
		list = append(list, e)
	}
	return list, check(list)
}

// rpmCheck asks rpm-ostree itself for an update. It is the second choice, for it may miss one that
// changes no package (its issue 1579), such as a release that was published again.
func (s *System) rpmCheck(ctx context.Context, now report.Deployment) (report.Deployment, error) {
	const unchanged = 77
	_, err := s.run.Run(ctx, command.Spec{Argv: []string{"rpm-ostree", "upgrade", "--check"}})
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == unchanged {
		return now, nil
	}
	if err != nil {
		return report.Deployment{}, err
	}
	status, err := s.rpmStatus(ctx)
	if err != nil {
		return report.Deployment{}, err
	}
	d := status.Cached
	if d == nil {
		return now, nil
	}
	if !isCommit(d.Checksum) {
		return report.Deployment{}, fmt.Errorf("%w: cached-update of rpm-ostree has checksum %.80q", ErrMeaning, d.Checksum)
	}
	return report.Deployment{Commit: d.Checksum, Version: plain(d.Version), Ref: now.Ref, Time: instant(d.Timestamp)}, nil
}

// decode reads JSON of another program: bounded, one document, and unknown fields are left alone, for
// the next version of the program will have more of them.
func decode(data []byte, into any) error {
	if len(data) > mostText {
		return fmt.Errorf("%w: %d bytes, more than %d", ErrMeaning, len(data), mostText)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrMeaning, err)
	}
	return nil
}

func instant(unix int64) time.Time {
	const year9999 = 253402300799
	if unix <= 0 || unix > year9999 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
