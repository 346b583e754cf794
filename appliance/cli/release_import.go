package cli

import (
	"context"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/release"
)

type importOptions struct {
	*globals
	ref   string
	stamp bool
}

func newReleaseImport(c console, g *globals) *cobra.Command {
	o := importOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "import NAME@VERSION SOURCE",
		Short: "Take in a commit as a staged release",
		Long: "Take in a commit as a staged release: verified object by object, kept whole or not at all, and not seen\n" +
			"by devices before it is published. SOURCE is\n\n" +
			"  a FILE      an edge-commit archive as osbuild makes it: tar, tar.gz or tar.zst\n" +
			"  -           the same from standard input\n" +
			"  a FOLDER    an OSTree repository on the server's host\n" +
			"  a URL       an OSTree repository that the server reaches over HTTP",
		Example: "  appliance release import demo_upgrade@0.0.4 commit.tar\n" +
			"  curl -s https://builds.example/commit.tar.zst | appliance release import demo_upgrade@0.0.4 -\n" +
			"  appliance release import demo_upgrade@0.0.4 https://builds.example/repo --ref rhel/9/x86_64/edge",
		Args:              takes("NAME@VERSION", "SOURCE"),
		ValidArgsFunction: completeSource,
		RunE:              action(c, o.run),
	}
	cmd.Flags().StringVar(&o.ref, "ref", "", "the `REF` to take, where the source has several, and to publish under")
	cmd.Flags().BoolVar(&o.stamp, "stamp", false, "put the release's version into the commit, as devices show it")
	return cmd
}

// completeSource leaves the second argument to the shell's own completion of files.
func completeSource(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func (o *importOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	ref, err := parseRef(o.ref)
	if err != nil {
		return err
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	src, err := openSourceWithin(ctx, args[1], c.in, isLocal(cl.Server()))
	if err != nil {
		return err
	}
	defer src.close()
	options := release.ImportOptions{Ref: ref, Stamp: o.stamp}
	if src.url != "" {
		stop := watch(ctx, cl, newProgress(c, id.String(), formatCount), "release.importing", id.String())
		defer stop()
		return o.printAfter(ctx, c, cl, client.ToPull(id, src.url, options), stop)
	}
	return o.upload(ctx, c, cl, id, src, options)
}

func (o *importOptions) upload(ctx context.Context, c console, cl *client.Client, id blueprint.ID, src source, options release.ImportOptions) error {
	bar := newProgress(c, id.String(), formatSize)
	defer bar.End()
	archive := client.Upload{Reader: src.archive, Size: src.size, Progress: func(done int64) { bar.Set(done, max(src.size, 0)) }}
	return o.printAfter(ctx, c, cl, client.ToImport(id, archive, options), bar.End)
}

// printAfter takes the progress away before the answer, or an error, is printed.
func (g *globals) printAfter(ctx context.Context, c console, cl *client.Client, call client.Call, end func()) error {
	c.out = &endFirst{c.out, end}
	err := g.print(ctx, c, cl, call)
	end()
	return err
}
