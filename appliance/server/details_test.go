package server

import (
	"context"
	"errors"
	"strings"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

func (f *fakeReleases) Detail(ctx context.Context, id blueprint.ID) (release.Detail, error) {
	return release.Detail{Release: demo(id.Version), Body: "a body", Tree: sumA, Meta: sumB, Metadata: []object.Told{
		{Key: "version", Type: "s", Text: "9.4\x1b[31m", Size: 4}, {Key: "rpmostree.rpmdb.pkglist", Type: "a(sssss)", Size: 12000}}}, errors.Join(f.known(id), f.called(ctx, "detail %s", id))
}

func (f *fakeReleases) DiffFiles(ctx context.Context, of blueprint.Name, from, to blueprint.Version) (release.Difference, error) {
	d := release.Difference{FromName: string(of) + "@" + string(from), ToName: string(of) + "@" + string(to), Basis: release.ByFiles}
	if from != to {
		d.Files = []ostree.FileChange{{Path: "/usr/bin/git", Change: "removed"}, {Path: "/usr/share/zsh", Change: "added", Dir: true}}
	}
	a, b := blueprint.ID{Blueprint: of, Version: from}, blueprint.ID{Blueprint: of, Version: to}
	return d, errors.Join(f.known(a), f.known(b), f.called(ctx, "files %s %s", a, b))
}

func TestDetails(t *testing.T) {
	s := newScene(t, withTexts(t))
	if w := s.do("PUT", "/api/v1/blueprints/custom", "name = 'custom'\n[customizations]\nhostname = 'h'\n[customizations.services]\nenabled = ['sshd']\n"+
		"[[customizations.user]]\nname = 'admin'\npassword = 'R3dh4t1!'\n", withToken...); w.Code != 201 {
		t.Fatal(w.Body)
	}
	text := []string{"Accept", "text/plain"}
	for _, tt := range []struct {
		name, url string
		headers   []string
		status    int
		want, not string
	}{
		{"commit", "releases/demo/0.0.1/commit", nil, 200, `"metadata":[{"key":"version","type":"s","text":`, ""},
		{"commit as text", "releases/demo/0.0.1/commit", text, 200, "rpmostree.rpmdb.pkglist  a(sssss)  -", "\x1b"},
		{"commit of nothing", "releases/demo/9.9.9/commit", nil, 404, "unknown-release", ""},
		{"files", "releases/demo/0.0.2/files?from=0.0.1", nil, 200, `"basis":"files","files":[{"path":"/usr/bin/git","change":"removed"}`, ""},
		{"files as text", "releases/demo/0.0.2/files?from=0.0.1", text, 200, "added    /usr/share/zsh/\n", "package"},
		{"no files", "releases/demo/0.0.2/files?from=0.0.2", text, 200, "0 differences", "CHANGE"},
		{"files from nothing", "releases/demo/0.0.2/files", nil, 400, "?from=VERSION", ""},
		{"files from an odd version", "releases/demo/0.0.2/files?from=one", nil, 422, "MAJOR.MINOR.PATCH", ""},
		{"files by a misspelt parameter", "releases/demo/0.0.2/files?form=0.0.1", nil, 400, `unknown parameter \"form\"`, ""},
		{"files from an unknown release", "releases/demo/0.0.2/files?from=0.0.9", nil, 404, "unknown-release", ""},
		{"customizations", "blueprints/custom/customizations", nil, 200, `"services":{"enabled":["sshd"]}`, "$6$"},
		{"a password", "blueprints/custom/customizations?version=0.0.1", withToken, 200, `"password":"(hidden)"`, "$6$"},
		{"customizations as text", "blueprints/custom/customizations", text, 200, "services.enabled[0]  sshd", "$6$"},
		{"none", "blueprints/fresh/customizations", text, 200, "no customizations", ""},
		{"of nothing", "blueprints/none/customizations", nil, 404, "unknown-blueprint", ""},
		{"of no version", "blueprints/demo/customizations?version=7", nil, 422, "MAJOR.MINOR.PATCH", ""},
	} {
		w := s.do("GET", "/api/v1/"+tt.url, "", tt.headers...)
		if got := w.Body.String(); w.Code != tt.status || !strings.Contains(got, tt.want) || tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%s: %d %s, want %d with %q and without %q", tt.name, w.Code, got, tt.status, tt.want, tt.not)
		}
	}
	private := newScene(t, func(o *Options) { o.Private = true })
	for _, url := range []string{"releases/demo/0.0.1/commit", "releases/demo/0.0.2/files?from=0.0.1"} {
		if w := private.do("GET", "/api/v1/"+url, ""); w.Code != 401 {
			t.Errorf("GET %s of a private builder: %d, want 401", url, w.Code)
		}
	}
	if w := s.do("GET", "/api/v1/releases/demo/0.0.1/files?from=0.0.2", ""); w.Code != 200 || s.releases.calls[len(s.releases.calls)-1] != "files demo@0.0.2 demo@0.0.1" {
		t.Errorf("files: %q", s.releases.calls)
	}
}
