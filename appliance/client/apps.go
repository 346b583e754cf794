package client

import (
	"context"
	"net/url"

	"edge/appliance/app"
)

// ToListApps asks for every app with what it follows now.
func ToListApps() Call { return get("apps") }

// ToListTags asks for the tags of an app; all means those that keep former images alive, too.
func ToListTags(name string, all bool) Call {
	call := get("apps", name, "tags")
	if all {
		call.Query = url.Values{"all": {"1"}}
	}
	return call
}

// ToListMoves asks for the history of an app, newest first.
func ToListMoves(name string) Call { return get("apps", name, "history") }

// ToRetag makes a tag of an app name what another one names.
func ToRetag(name string, r app.Retagging) Call { return post([]string{"apps", name, "retag"}, r) }

// ToUndo takes back the newest move of a tag; tag "" is the followed one.
func ToUndo(name, tag string, dryRun bool) Call {
	return post([]string{"apps", name, "undo"}, struct {
		To     string `json:"to,omitempty"`
		DryRun bool   `json:"dry_run,omitempty"`
	}{tag, dryRun})
}

// ToMirror copies every tag of an app from its source.
func ToMirror(name string) Call { return post([]string{"apps", name, "mirror"}, struct{}{}) }

// Apps sends ToListApps.
func (c *Client) Apps(ctx context.Context) ([]app.Summary, error) {
	return decode[[]app.Summary](ctx, c, ToListApps())
}

// Tags sends ToListTags.
func (c *Client) Tags(ctx context.Context, name string, all bool) ([]app.Tag, error) {
	return decode[[]app.Tag](ctx, c, ToListTags(name, all))
}

// Moves sends ToListMoves.
func (c *Client) Moves(ctx context.Context, name string) ([]app.Move, error) {
	return decode[[]app.Move](ctx, c, ToListMoves(name))
}

// Retag sends ToRetag.
func (c *Client) Retag(ctx context.Context, name string, r app.Retagging) (app.Move, error) {
	return decode[app.Move](ctx, c, ToRetag(name, r))
}

// Undo sends ToUndo.
func (c *Client) Undo(ctx context.Context, name, tag string, dryRun bool) (app.Move, error) {
	return decode[app.Move](ctx, c, ToUndo(name, tag, dryRun))
}

// Mirror sends ToMirror.
func (c *Client) Mirror(ctx context.Context, name string) (app.Mirrored, error) {
	return decode[app.Mirrored](ctx, c, ToMirror(name))
}
