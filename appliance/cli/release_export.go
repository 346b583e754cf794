package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

func newReleaseExport(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME@VERSION FILE.tar",
		Short: "Write a release into an edge-commit archive",
		Long: "Write a release into an edge-commit archive that another appliance can import, and osbuild's own tools\n" +
			"can read. FILE appears when it is whole; - is standard output.",
		Example: "  appliance release export demo_upgrade@0.0.2 demo-0.0.2.tar\n" +
			"  appliance release export demo_upgrade@0.0.2 - | zstd > demo-0.0.2.tar.zst",
		Args: takes("NAME@VERSION", "FILE.tar"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return g.completing(1, releaseIDs)(cmd, args, word)
		},
		RunE: action(c, g.export),
	}
}

func (g *globals) export(ctx context.Context, c console, args []string) error {
	id, err := parseID(args[0])
	if err != nil {
		return err
	}
	cl, err := g.client()
	if err != nil {
		return err
	}
	file := args[1]
	if file == "-" {
		if isTerminal(c.out) {
			return usageError{errors.New("an archive is nothing for a terminal"), "name a file, or send the output to a program"}
		}
		_, err := g.fetch(ctx, c, cl, id, c.out)
		return err
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return usageError{fmt.Errorf("%q is a folder", file), "name the file to write"}
	}
	var size int64
	err = replaceFile(file, 0o666, func(w io.Writer) (err error) {
		size, err = g.fetch(ctx, c, cl, id, w)
		return err
	})
	if err != nil {
		return fmt.Errorf("exporting %s: %w", id, err)
	}
	if g.json() {
		return printJSON(c.out, map[string]any{"file": file, "size": size})
	}
	_, err = fmt.Fprintf(c.out, "wrote %s, %s\n", file, formatSize(size))
	return err
}

func (g *globals) fetch(ctx context.Context, c console, cl *client.Client, id blueprint.ID, w io.Writer) (int64, error) {
	bar := newProgress(c, id.String(), formatSize)
	defer bar.End()
	n, err := cl.Archive(ctx, id, w, func(done int64) { bar.Set(done, 0) })
	return n, withTokenHint(err)
}
