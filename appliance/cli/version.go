package cli

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set when a release of this program is built: -ldflags "-X edge/appliance/cli.version=1.0.0".
var version string

// build is what a binary knows of its making.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree with changes that are in no commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildInfo() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "unknown")
		return b
	}
	b.Version = cmp.Or(b.Version, strings.Trim(info.Main.Version, "()"), "devel")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	details := []string{b.Go, b.Platform}
	if b.Commit != "" {
		commit := "commit " + b.Commit[:min(12, len(b.Commit))]
		if b.Modified {
			commit += " with changes"
		}
		details = append([]string{commit}, details...)
	}
	return fmt.Sprintf("appliance %s (%s)", b.Version, strings.Join(details, ", "))
}

func newVersion(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  appliance version\n  appliance version -o json",
		Args:    takes(),
		RunE: action(c, func(_ context.Context, c console, _ []string) error {
			if g.json() {
				return printJSON(c.out, buildInfo())
			}
			_, err := fmt.Fprintln(c.out, buildInfo())
			return err
		}),
	}
}
