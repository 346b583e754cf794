package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"edge/appliance/blueprint"
	"edge/appliance/iso"
)

// ToListImages asks for the boot ISOs of a blueprint, "" for all, and for the bases there are.
func ToListImages(name blueprint.Name) Call {
	if name == "" {
		return get("images")
	}
	return get("images", string(name))
}

// ToAddBase makes the server take in a stock ISO that it has or can fetch.
func ToAddBase(a iso.Adding) Call { return post([]string{"images"}, a) }

// ToBuildImage makes a boot ISO of a blueprint.
func ToBuildImage(name blueprint.Name, b iso.Building) Call {
	return post([]string{"images", string(name)}, b)
}

// ToRemoveImage takes a boot ISO away; device is set for that of one device. Its answer has no content.
func ToRemoveImage(name blueprint.Name, image, device string) Call {
	return Call{Method: http.MethodDelete, Path: imagePath(name, image, device)}
}

// ToPatches asks what a boot ISO writes over its base.
func ToPatches(name blueprint.Name, image, device string) Call {
	return get(imagePath(name, image, device, "patches")...)
}

func imagePath(name blueprint.Name, image, device string, more ...string) []string {
	path := []string{"images", string(name)}
	if device != "" {
		path = append(path, "by-device", device)
	} else {
		path = append(path, image)
	}
	return append(path, more...)
}

// Patches are a boot ISO as what is to be written over its base.
type Patches struct {
	iso.Overlay
	File string `json:"file"` // the base on the builder
	ETag string `json:"etag"`
}

// Patches sends ToPatches.
func (c *Client) Patches(ctx context.Context, name blueprint.Name, image, device string) (Patches, error) {
	return decode[Patches](ctx, c, ToPatches(name, image, device))
}

// RemoveImage sends ToRemoveImage.
func (c *Client) RemoveImage(ctx context.Context, name blueprint.Name, image, device string) error {
	_, err := c.JSON(ctx, ToRemoveImage(name, image, device))
	return err
}

// Image opens a boot ISO for reading, with its size in bytes. Who calls it closes it.
func (c *Client) Image(ctx context.Context, name blueprint.Name, image, device string) (io.ReadCloser, int64, error) {
	file := image
	if device != "" {
		file = "by-device/" + device
	}
	address := c.base.JoinPath(url.PathEscape(string(name)), "images", file+".iso")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("asking %s: %w", c.Server(), err)
	}
	req.Header.Set("Accept", asISO)
	req.Header.Set("User-Agent", c.agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.explain(ctx, err)
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength < 0 {
		defer resp.Body.Close()
		return nil, 0, c.readProblem(resp)
	}
	return resp.Body, resp.ContentLength, nil
}

const asISO = "application/vnd.efi-iso, application/problem+json"
