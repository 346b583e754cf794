package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"edge/appliance/blueprint"
)

// ToShowText asks for one version of a blueprint, with its text; version "" is the newest.
func ToShowText(name blueprint.Name, v blueprint.Version) Call {
	call := get("blueprints", string(name))
	call.Query = url.Values{"version": {string(v)}}
	return call
}

// ToPushText sends a blueprint as TOML. The answer is a blueprint.Pushed. Name, Raise, Message, Author,
// Expect and New of o are sent.
func ToPushText(text []byte, o blueprint.PushOptions) Call {
	call := Call{Method: http.MethodPut, Path: []string{"blueprints", string(o.Name)}, Query: url.Values{}, Header: http.Header{},
		Body: Upload{Reader: strings.NewReader(string(text)), Size: int64(len(text))}}
	for key, value := range map[string]string{"raise": string(o.Raise), "message": o.Message, "author": o.Author} {
		if value != "" {
			call.Query.Set(key, value)
		}
	}
	if o.Expect != "" {
		call.Header.Set("If-Match", strconv.Quote(string(o.Expect)))
	}
	if o.New {
		call.Header.Set("If-None-Match", "*")
	}
	return call
}

// ToDeleteText takes a blueprint away; its history and its releases stay.
func ToDeleteText(name blueprint.Name) Call {
	return Call{Method: http.MethodDelete, Path: []string{"blueprints", string(name)}}
}

// ToListChanges asks for the history of a blueprint, newest first.
func ToListChanges(name blueprint.Name) Call { return get("blueprints", string(name), "history") }

// ToDiffTexts asks what tells two versions apart.
func ToDiffTexts(from, to blueprint.ID) Call {
	call := get("blueprints", string(to.Blueprint), "diff")
	call.Query = url.Values{"from": {from.String()}, "to": {string(to.Version)}}
	return call
}

// ToShowRemote asks what became of the last look at the remote.
func ToShowRemote() Call { return get("remote") }

// ToFetchRemote makes the server look at the remote now.
func ToFetchRemote() Call { return Call{Method: http.MethodPost, Path: []string{"remote"}} }

// BlueprintText sends ToShowText.
func (c *Client) BlueprintText(ctx context.Context, name blueprint.Name, v blueprint.Version) (blueprint.Summary, error) {
	return decode[blueprint.Summary](ctx, c, ToShowText(name, v))
}

// PushText sends ToPushText.
func (c *Client) PushText(ctx context.Context, text []byte, o blueprint.PushOptions) (blueprint.Pushed, error) {
	return decode[blueprint.Pushed](ctx, c, ToPushText(text, o))
}

// Changes sends ToListChanges.
func (c *Client) Changes(ctx context.Context, name blueprint.Name) ([]blueprint.Change, error) {
	return decode[[]blueprint.Change](ctx, c, ToListChanges(name))
}

// DiffTexts sends ToDiffTexts.
func (c *Client) DiffTexts(ctx context.Context, from, to blueprint.ID) (blueprint.Difference, error) {
	return decode[blueprint.Difference](ctx, c, ToDiffTexts(from, to))
}

// FetchRemote sends ToFetchRemote.
func (c *Client) FetchRemote(ctx context.Context) (blueprint.RemoteState, error) {
	return decode[blueprint.RemoteState](ctx, c, ToFetchRemote())
}
