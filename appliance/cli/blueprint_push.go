package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/toml"
)

type blueprintPushOptions struct {
	*globals
	patch, minor, major bool
	message, author     string
	expect              string
	create              bool
}

func newBlueprintPush(c console, g *globals) *cobra.Command {
	o := blueprintPushOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "push FILE",
		Short: "Keep a blueprint as a new version",
		Long: "Keep a blueprint as a new version: read strictly, with plain passwords hashed before anything is kept.\n" +
			"A version that the file raises itself is kept; otherwise it goes up by a patch where the text changed.\n" +
			"Pushing the same text again changes nothing.",
		Example: "  appliance blueprint push demo_upgrade.toml\n" +
			"  appliance blueprint push demo_upgrade.toml --minor -m 'zsh in the place of git'\n" +
			"  appliance blueprint show demo_upgrade --toml | sed s/git/zsh/ | appliance blueprint push -",
		Args: takes("FILE"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.BoolVar(&o.patch, "patch", false, "raise the last number of the newest version, whatever the file says that is below")
	f.BoolVar(&o.minor, "minor", false, "raise the second number")
	f.BoolVar(&o.major, "major", false, "raise the first number")
	f.StringVarP(&o.message, "message", "m", "", "`TEXT` for the history (default: NAME VERSION)")
	f.StringVar(&o.author, "author", "", "`NAME` for the history; everybody who clones it sees it")
	f.StringVar(&o.expect, "expect", "", "push only while this `VERSION` is the newest")
	f.BoolVar(&o.create, "new", false, "push only while there is no blueprint of this name")
	return cmd
}

func (o *blueprintPushOptions) run(ctx context.Context, c console, args []string) error {
	options := blueprint.PushOptions{Message: o.message, Author: o.author, New: o.create}
	for raise, wanted := range map[blueprint.Raise]bool{blueprint.Patch: o.patch, blueprint.Minor: o.minor, blueprint.Major: o.major} {
		if wanted && options.Raise != "" {
			return usageError{errors.New("--patch, --minor and --major exclude each other"), ""}
		}
		if wanted {
			options.Raise = raise
		}
	}
	if o.expect != "" {
		v, err := blueprint.ParseVersion(o.expect)
		if err != nil {
			return usageError{fmt.Errorf("--expect: %w", err), ""}
		}
		options.Expect = v
	}
	text, file, err := readText(c.in, args[0])
	if err != nil {
		return err
	}
	// The server reads it as strictly; here faults are told under the name of the file.
	d, err := blueprint.Parse(text, file)
	if err != nil {
		return invalidError{err, ""}
	}
	options.Name = d.Name
	return o.ask(ctx, c, client.ToPushText(text, options))
}

func readText(in io.Reader, arg string) (text []byte, file string, err error) {
	if file = filepath.Base(arg); arg != "-" {
		f, err := os.Open(arg)
		if err != nil {
			return nil, "", fmt.Errorf("pushing a blueprint: %w", err)
		}
		defer f.Close()
		in = f
	} else {
		file = "standard input"
	}
	text, err = io.ReadAll(io.LimitReader(in, blueprint.MaxSize+1))
	if err != nil {
		return nil, "", fmt.Errorf("pushing %q: %w", arg, err)
	}
	return text, file, nil
}

// blueprintConfig is what [blueprint] says, checked.
type blueprintConfig struct {
	remote blueprint.RemoteOptions // URL "": none
}

// readBlueprint reads where blueprints are kept besides here.
func readBlueprint(r *toml.Reader) blueprintConfig {
	return blueprintConfig{blueprint.RemoteOptions{
		URL:    toml.Read(r, "blueprint.remote", toml.Parsed(blueprint.ParseRemote)),
		Branch: toml.Read(r, "blueprint.branch", toml.Checked(checkBranch)),
		Folder: toml.Read(r, "blueprint.folder", toml.Text),
		Every:  toml.ReadOr(r, "blueprint.poll", defaultPoll, toml.Duration(0, longestPoll)),
	}}
}

func checkBranch(s string) error {
	if s == "" || strings.ContainsAny(s, " ~^:?*[\\\x7f") || strings.Contains(s, "..") {
		return fmt.Errorf("%q is no branch: want one such as main", s)
	}
	return nil
}
