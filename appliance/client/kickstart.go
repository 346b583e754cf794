package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/installation"
	"edge/kickstart"
)

// LinkRequest asks for a one-time link. Zero values mean one machine, a day, and what the builder says of the
// device or of all.
type LinkRequest struct {
	Device   string
	Hostname string
	Network  kickstart.Network
	Disk     string
	Target   kickstart.Target
	Valid    time.Duration
	Uses     int
	NoEnrol  bool
}

// NewLink is an installation with its link, which the server tells once.
type NewLink struct {
	installation.Installation
	URL    string `json:"url"`
	Kernel string `json:"kernel"` // the argument for the installer's kernel
}

// ToListInstallations asks for every installation over a link.
func ToListInstallations() Call { return get("kickstarts") }

// ToShowInstallation asks for one; which is its ID, or the name of a device, of which the newest counts.
func ToShowInstallation(which string) Call { return get("kickstarts", which) }

// ToShowInstallationLog asks for what a failed installation has sent.
func ToShowInstallationLog(which string) Call { return get("kickstarts", which, "log") }

// ToRevokeLink makes a link worthless. Its answer has no content.
func ToRevokeLink(which string) Call {
	return Call{Method: http.MethodDelete, Path: []string{"kickstarts", which}}
}

// ToMakeLink makes a one-time link.
func ToMakeLink(name blueprint.Name, r LinkRequest) Call {
	body := struct {
		Device   string            `json:"device,omitempty"`
		Hostname string            `json:"hostname,omitempty"`
		Network  kickstart.Network `json:"network,omitzero"`
		Disk     string            `json:"disk,omitempty"`
		Target   kickstart.Target  `json:"target,omitempty"`
		Valid    string            `json:"valid,omitempty"`
		Uses     int               `json:"uses,omitempty"`
		NoEnrol  bool              `json:"no_enrol,omitempty"`
	}{r.Device, r.Hostname, r.Network, r.Disk, r.Target, "", r.Uses, r.NoEnrol}
	if r.Valid != 0 {
		body.Valid = r.Valid.String()
	}
	return post([]string{"kickstarts", string(name)}, body)
}

// Installations sends ToListInstallations.
func (c *Client) Installations(ctx context.Context) ([]installation.Installation, error) {
	return decode[[]installation.Installation](ctx, c, ToListInstallations())
}

// MakeLink sends ToMakeLink.
func (c *Client) MakeLink(ctx context.Context, name blueprint.Name, r LinkRequest) (NewLink, error) {
	return decode[NewLink](ctx, c, ToMakeLink(name, r))
}

// maxKickstart is more than a server makes.
const maxKickstart = 2 << 20

// Kickstart is the kickstart of a blueprint that anybody may read; device and target may be "". It stands
// outside of the API, and no token is sent.
func (c *Client) Kickstart(ctx context.Context, name blueprint.Name, device string, target kickstart.Target) ([]byte, error) {
	address := c.base.String() + "/" + url.PathEscape(string(name)) + "/kickstart.ks"
	q := url.Values{}
	if device != "" {
		q.Set("device", device)
	}
	if target != "" {
		q.Set("target", string(target))
	}
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.Server(), err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", asText)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.readProblem(resp)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKickstart+1))
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if len(text) > maxKickstart {
		return nil, fmt.Errorf("reading the kickstart of %s: more than %d MiB", c.Server(), maxKickstart>>20)
	}
	return text, nil
}
