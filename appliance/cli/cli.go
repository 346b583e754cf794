// Package cli is the command line: flags in, one call of the API, words out.
//
// Commands hold no logic of the trade: "serve" wires the rooms of the house and keeps them open,
// every other command speaks to a server through the client and prints what that says. No run
// function sees cobra, so that a test can call it.
package cli

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// console is what a command may touch of the terminal.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	c := console{in, out, errs}
	g := &globals{}
	root := newRoot(c, g)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = errInterrupted
	}
	explain(c, err)
	return exitCode(err)
}

func newRoot(c console, g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "appliance",
		Short: "Publish OSTree releases and container images, and keep edge devices up to date with them",
		Long: "appliance keeps OSTree releases for edge devices: it composes them from blueprints or imports them,\n" +
			"verifies them, publishes one at a time, and serves them to devices, people and scripts. It holds the\n" +
			"container images that run there, or steers the registry that does, and moves the tags that devices\n" +
			"follow. Kickstarts and boot ISOs install devices; \"appliance device\" keeps them up to date, and undoes an\n" +
			"update that does not work.\n\n" +
			"\"appliance serve\" owns the data directory. The commands of \"appliance device\" act on the device that they\n" +
			"are run on; the others speak to the server over HTTP, from the same host or from a laptop.\n\n" + exitCodesHelp() + "\n" + environmentHelp,
		Example: "  appliance serve --sample\n" +
			"  appliance release list\n" +
			"  appliance release publish demo_upgrade@0.0.2\n" +
			"  appliance app retag 2048 v2\n" +
			"  appliance device install --from http://BUILDER:8080/demo_upgrade",
		Version:           buildInfo().String(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{flagFault(err), fmt.Sprintf("%q explains every flag", cmd.CommandPath()+" --help")}
	})
	group(root)
	g.bind(root)
	root.AddGroup(
		&cobra.Group{ID: "serve", Title: "The server:"},
		&cobra.Group{ID: "trade", Title: "Releases, applications and what happens to them:"},
		&cobra.Group{ID: "edge", Title: "On the edge device:"},
		&cobra.Group{ID: "self", Title: "This program:"},
	)
	add(root, "serve", newServe(c, g), newPreflight(c, g), newPrepare(c, g), newStatus(c, g), newToken(c, g))
	add(root, "trade", newCompose(c, g), newJob(c, g), newRelease(c, g), newApp(c, g), newFleet(c, g), newKickstart(c, g), newISO(c, g), newBlueprint(c, g), newEvent(c, g))
	add(root, "edge", newDevice(c, g))
	add(root, "self", newVersion(c, g), newCompletion(c), newHelp(root))
	return root
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = group
		root.AddCommand(cmd)
	}
	if last := commands[len(commands)-1]; last.Name() == "help" {
		root.SetHelpCommand(last)
	}
}

// action hides cobra from a command's logic: what it needs it finds in its options and its
// console.
func action(c console, run func(context.Context, console, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), c, args) }
}

// group makes cmd the head of other commands: alone it prints its help, an unknown word is a
// mistake.
func group(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := fmt.Sprintf("%q lists the commands there are", cmd.CommandPath()+" --help")
		cmd.SuggestionsMinimumDistance = min(2, len(args[0])/2) // "foo" means no "job"
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			hint = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+like[0])
		}
		return usageError{fmt.Errorf("no command %q in %q", args[0], cmd.CommandPath()), hint}
	}
}

// newHelp replaces cobra's own, which succeeds for topics that do not exist.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Short:   "Explain a command",
		Example: "  appliance help release publish",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("no help for %q", args), `"appliance --help" lists the commands there are`}
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
