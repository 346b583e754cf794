package client

import (
	"net/http"
	"net/url"
	"strconv"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/release"
)

// ToStatus asks what is served.
func ToStatus() Call { return get("status") }

// ToListBlueprints asks for every blueprint.
func ToListBlueprints() Call { return get("blueprints") }

// ToShowBlueprint asks for one blueprint.
func ToShowBlueprint(name blueprint.Name) Call { return get("blueprints", string(name)) }

// ToList asks for the releases of a blueprint; name "" means those of all.
func ToList(name blueprint.Name) Call {
	if name == "" {
		return get("releases")
	}
	return get("releases", string(name))
}

// ToShow asks for one release.
func ToShow(id blueprint.ID) Call { return get(releasePath(id)...) }

// ToListPackages asks for the packages of a release.
func ToListPackages(id blueprint.ID) Call { return get(releasePath(id, "packages")...) }

// ToDiff asks what tells two releases of a blueprint apart.
func ToDiff(from, to blueprint.ID) Call {
	call := get(releasePath(to, "diff")...)
	call.Query = url.Values{"from": {string(from.Version)}}
	return call
}

// ToImport sends an edge-commit archive as release id.
func ToImport(id blueprint.ID, archive Upload, o release.ImportOptions) Call {
	call := Call{Method: http.MethodPut, Path: releasePath(id), Query: url.Values{}, Body: archive}
	if o.Ref != "" {
		call.Query.Set("ref", string(o.Ref))
	}
	if o.Stamp {
		call.Query.Set("stamp", "1")
	}
	return call
}

// ToPull makes the server fetch release id from a repository, a http(s) or file URL.
func ToPull(id blueprint.ID, from string, o release.ImportOptions) Call {
	return Call{Method: http.MethodPut, Path: releasePath(id), Body: struct {
		From  string     `json:"from"`
		Ref   object.Ref `json:"ref,omitempty"`
		Stamp bool       `json:"stamp,omitempty"`
	}{from, o.Ref, o.Stamp}}
}

// AnyCommit as PublishOptions.IfMatch demands that something is published already.
const AnyCommit = object.Checksum("*")

// ToPublish moves the ref that devices follow to a release.
func ToPublish(id blueprint.ID, o release.PublishOptions) Call {
	call := post(releasePath(id, "publish"), struct {
		Force bool       `json:"force,omitempty"`
		Stamp bool       `json:"stamp,omitempty"`
		Ref   object.Ref `json:"ref,omitempty"`
	}{o.Force, o.Stamp, o.Ref})
	switch o.IfMatch {
	case "":
	case AnyCommit:
		call.Header = http.Header{"If-Match": {"*"}}
	default:
		call.Header = http.Header{"If-Match": {strconv.Quote(string(o.IfMatch))}}
	}
	return call
}

// ToPin keeps a release from being pruned, or lets it go again.
func ToPin(id blueprint.ID, pinned bool) Call {
	if pinned {
		return Call{Method: http.MethodPut, Path: releasePath(id, "pin")}
	}
	return Call{Method: http.MethodDelete, Path: releasePath(id, "pin")}
}

// ToSign adds a GPG signature with a key of the server's keyring.
func ToSign(id blueprint.ID, key string) Call {
	return post(releasePath(id, "sign"), map[string]string{"key": key})
}

// ToDelete gives up a release. Its answer has no content.
func ToDelete(id blueprint.ID) Call {
	return Call{Method: http.MethodDelete, Path: releasePath(id)}
}

// ToPrune removes old releases and what nothing needs.
func ToPrune(name blueprint.Name, o release.PruneOptions) Call {
	body := struct {
		Keep      int    `json:"keep,omitempty"`
		OlderThan string `json:"older_than,omitempty"`
		DryRun    bool   `json:"dry_run,omitempty"`
	}{Keep: o.Keep, DryRun: o.DryRun}
	if o.OlderThan > 0 {
		body.OlderThan = o.OlderThan.String()
	}
	return post([]string{"releases", string(name), "prune"}, body)
}

// ToVerify hashes everything that a blueprint's releases need.
func ToVerify(name blueprint.Name) Call {
	return Call{Method: http.MethodPost, Path: []string{"releases", string(name), "verify"}}
}

// ToListDeltas asks for the static deltas of a blueprint.
func ToListDeltas(name blueprint.Name) Call { return get("releases", string(name), "deltas") }

// ToMakeDelta makes a static delta; from "" means one from nothing.
func ToMakeDelta(from blueprint.Version, to blueprint.ID) Call {
	return post(releasePath(to, "delta"), map[string]string{"from": string(from)})
}

// ToWithdrawDelta removes a static delta.
func ToWithdrawDelta(from blueprint.Version, to blueprint.ID) Call {
	return Call{Method: http.MethodDelete, Path: releasePath(to, "delta"), Query: url.Values{"from": {string(from)}}}
}

func get(path ...string) Call { return Call{Method: http.MethodGet, Path: path} }

func post(path []string, body any) Call {
	return Call{Method: http.MethodPost, Path: path, Body: body}
}

func releasePath(id blueprint.ID, more ...string) []string {
	return append([]string{"releases", string(id.Blueprint), string(id.Version)}, more...)
}
