package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/command"
	"edge/kickstart"
)

type kickstartOptions struct {
	*globals
	device, target string
	lint           bool
}

func newKickstart(c console, g *globals) *cobra.Command {
	o := kickstartOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "kickstart NAME",
		Short: "Print, check and hand out what installs a device without a person",
		Long: "Print the kickstart of a blueprint as the builder serves it at /NAME/kickstart.ks: it erases the one disk\n" +
			"of a machine, installs what is published, and makes the machine a device of this builder. Anybody may\n" +
			"read it, so there is no secret in it; a kickstart with secrets has a one-time link.\n\n" +
			"With --lint print what is wrong with it instead: commands that an installer does not know (any more),\n" +
			"passwords in the clear, disks that nobody chose, scripts that the shell does not understand. Where\n" +
			"ksvalidator is installed it is asked, too. An error ends with exit code 3.",
		Example: "  appliance kickstart demo_upgrade\n" +
			"  appliance kickstart demo_upgrade --device edge-1 --target rhel10\n" +
			"  appliance kickstart demo_upgrade --lint\n" +
			"  appliance kickstart link demo_upgrade --device edge-1 --valid 2h",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	o.bind(cmd)
	cmd.Flags().StringVar(&o.device, "device", "", "`NAME` of the device that it is for")
	cmd.Flags().BoolVar(&o.lint, "lint", false, "tell what is wrong with it")
	cmd.AddCommand(newKickstartLint(c, g), newKickstartLink(c, g), newKickstartList(c, g), newKickstartShow(c, g), newKickstartLog(c, g), newKickstartRevoke(c, g))
	return cmd
}

func (o *kickstartOptions) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.target, "target", "", "whose syntax: rhel9, rhel10 or fedora")
	oneOf(cmd, "target", "rhel9", "rhel10", "fedora")
}

func (o *kickstartOptions) run(ctx context.Context, c console, args []string) error {
	name, err := blueprint.ParseName(args[0])
	if err != nil {
		return usageError{err, ""}
	}
	target, err := o.wanted()
	if err != nil {
		return err
	}
	if o.device != "" {
		if err := kickstart.CheckDevice(o.device); err != nil {
			return usageError{fmt.Errorf("--device: %w", err), ""}
		}
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	text, err := cl.Kickstart(ctx, name, o.device, target)
	if err != nil {
		return err
	}
	if o.lint {
		return o.judge(ctx, c, string(name), text, cmp.Or(target, kickstart.TargetOfText(string(text)), kickstart.RHEL9))
	}
	_, err = io.WriteString(c.out, printable(string(text)))
	return err
}

func (o *kickstartOptions) wanted() (kickstart.Target, error) {
	if o.target == "" {
		return "", nil
	}
	t, err := kickstart.ParseTarget(o.target)
	if err != nil {
		return "", usageError{fmt.Errorf("--target: %w", err), ""}
	}
	return t, nil
}

func newKickstartLint(c console, g *globals) *cobra.Command {
	o := kickstartOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "lint FILE",
		Short: "Tell what is wrong with a kickstart of your own",
		Long: "Tell what is wrong with a kickstart in a file; - is standard input. No builder is asked. Where ksvalidator\n" +
			"is installed it is asked, too. An error ends with exit code 3.",
		Example: "  appliance kickstart lint my.ks --target rhel10\n  curl -s http://BUILDER/x.ks | appliance kickstart lint -",
		Args:    takes("FILE"),
		RunE:    action(c, o.runLint),
	}
	o.bind(cmd)
	return cmd
}

// largestKickstart is more than the lint looks at, so that it can say so.
const largestKickstart = 4 << 20

func (o *kickstartOptions) runLint(ctx context.Context, c console, args []string) error {
	target, err := o.wanted()
	if err != nil {
		return err
	}
	name := args[0]
	var text []byte
	if name == "-" {
		name = "standard input"
		text, err = io.ReadAll(io.LimitReader(c.in, largestKickstart))
	} else {
		text, err = readStart(name, largestKickstart)
	}
	if err != nil {
		return fmt.Errorf("reading the kickstart: %w", err)
	}
	if target == "" {
		target = kickstart.RHEL9
	}
	return o.judge(ctx, c, name, text, target)
}

// readStart reads a file, or the beginning of a large one.
func readStart(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// judge prints what is wrong with a kickstart.
func (o *kickstartOptions) judge(ctx context.Context, c console, name string, text []byte, t kickstart.Target) error {
	found := kickstart.Lint(string(text), t)
	if o.json() {
		if err := printJSON(c.out, append([]kickstart.Finding{}, found...)); err != nil {
			return err
		}
	} else {
		for _, f := range found {
			fmt.Fprintln(c.out, printable(name+":"+strings.TrimSuffix(f.String(), "; ")))
		}
	}
	words, bad, err := ksvalidator(ctx, text, t)
	if err != nil {
		return err
	}
	if words != "" && !o.json() {
		fmt.Fprintf(c.out, "ksvalidator:\n%s\n", printable(words))
	}
	if errs := len(kickstart.Errors(found)); errs > 0 || bad {
		return invalidError{fmt.Errorf("%s is not fit for %s: %d errors", name, t.Title(), errs), ""}
	}
	if !o.json() && len(found) == 0 && words == "" {
		fmt.Fprintf(c.out, "%s: nothing is wrong with it for %s\n", printable(name), t.Title())
	}
	return nil
}

// ksvalidator asks pykickstart's own program, where this host has it. It knows the values of options, which
// the lint does not; of scripts and disks it knows nothing.
func ksvalidator(ctx context.Context, text []byte, t kickstart.Target) (words string, bad bool, err error) {
	if !command.Have("ksvalidator") {
		return "", false, nil
	}
	dir, err := os.MkdirTemp("", "appliance-kickstart-") // mode 0700: it may have secrets
	if err != nil {
		return "", false, fmt.Errorf("checking the kickstart: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "ks.cfg")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", false, fmt.Errorf("checking the kickstart: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	syntax := map[kickstart.Target]string{kickstart.RHEL9: "RHEL9", kickstart.RHEL10: "RHEL10", kickstart.Fedora: "F43"}[t]
	_, err = command.Output(ctx, nil, "ksvalidator", "--version", syntax, file)
	failure := (*command.Error)(nil)
	if !errors.As(err, &failure) {
		return "", false, err
	}
	words = strings.TrimSpace(failure.Stderr)
	for line := range strings.Lines(words) { // what it only warns of counts in its exit code, too
		bad = bad || strings.HasPrefix(line, "The following problem") || strings.HasPrefix(line, "General error")
	}
	return words, bad, nil
}
