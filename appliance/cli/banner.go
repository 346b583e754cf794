package cli

import (
	"fmt"
	"io"
	"strings"

	"edge/appliance/app"
	"edge/appliance/blueprint"
	"edge/appliance/release"
)

// welcome is what a person is told when the server is there: where things are and what to try.
type welcome struct {
	url    string // for others
	nearby string // for commands on this host
	data   string
	notes  []string // what to know before going on

	blueprints []release.Blueprint
	releases   []release.Release
	apps       []app.App
}

// print writes the banner. The token itself is not in it: it would end up in a log.
func (w welcome) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", paint(out, bold, buildInfo().String()))
	row := func(what, where string) { fmt.Fprintf(out, "  %-12s %s\n", what, where) }
	row("Web page", w.url+"/")
	row("API", w.url+"/api/v1/")
	for _, b := range w.blueprints {
		row("Repository", fmt.Sprintf("%s/%s/repo/", w.url, b.Name))
	}
	row("Registry", w.url+"/v2/")
	row("Data", w.data)
	row("Token", tokenPath(w.data))
	for _, note := range w.notes {
		row("Note", note)
	}
	fmt.Fprintf(out, "\nTry next, in another terminal:\n\n")
	for _, line := range w.next() {
		fmt.Fprintf(out, "  %s\n", line)
	}
	fmt.Fprintln(out)
}

// next are commands that work as they stand.
func (w welcome) next() []string {
	var lines []string
	if w.nearby != defaultServer {
		lines = append(lines, "export APPLIANCE_SERVER="+w.nearby)
	}
	if w.data != defaultData() {
		lines = append(lines, "export APPLIANCE_TOKEN=$(appliance token --data "+quoted(w.data)+")")
	}
	lines = append(lines, "appliance release list")
	ref, published, staged := w.pick()
	if published == (blueprint.ID{}) && staged == (blueprint.ID{}) {
		return append(lines, "appliance release import NAME@0.0.1 COMMIT.tar")
	}
	if published != (blueprint.ID{}) && staged != (blueprint.ID{}) {
		lines = append(lines, fmt.Sprintf("appliance release diff %s %s", published, staged))
	}
	if staged != (blueprint.ID{}) {
		lines = append(lines, fmt.Sprintf("appliance release publish %s", staged))
	}
	if len(w.apps) > 0 {
		lines = append(lines, "appliance app tags "+w.apps[0].Name)
	}
	lines = append(lines, fmt.Sprintf("curl -H 'Accept: text/plain' %s/api/v1/releases", w.url))
	if published != (blueprint.ID{}) {
		lines = append(lines,
			"ostree --repo=copy init --mode=archive",
			fmt.Sprintf("ostree --repo=copy remote add --no-gpg-verify builder %s/%s/repo/", w.url, published.Blueprint),
			fmt.Sprintf("ostree --repo=copy pull builder %s", ref))
	}
	return lines
}

// pick finds a published release with its ref, and the oldest one of the same blueprint that waits
// to be published.
func (w welcome) pick() (ref string, published, staged blueprint.ID) {
	for _, r := range w.releases {
		if r.State == release.Published {
			ref, published = string(r.Ref), blueprint.ID{Blueprint: r.Blueprint, Version: r.Version}
			break
		}
	}
	for _, r := range w.releases {
		id := blueprint.ID{Blueprint: r.Blueprint, Version: r.Version}
		same := published.Blueprint == "" || published.Blueprint == id.Blueprint
		if r.State == release.Staged && same && (staged.Version == "" || id.Version.Compare(staged.Version) < 0) {
			staged = id
		}
	}
	return ref, published, staged
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
