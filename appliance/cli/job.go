package cli

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"edge/appliance/client"
	"edge/appliance/job"
)

func newJob(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "Look at composes, follow and cancel them",
		Long: "A job is the making of a release. The server does one at a time, in the order in which they came.\n" +
			"It is queued, depsolving, building, importing, and then done, failed or cancelled.",
		Example: "  appliance job list\n  appliance job log 20260102-150405-0a1b2c3d --follow",
	}
	group(cmd)
	cmd.AddCommand(newJobList(c, g), newJobShow(c, g), newJobLog(c, g), newJobCancel(c, g))
	return cmd
}

func newJobList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List jobs, the newest first", Args: takes(),
		Example: "  appliance job list\n  appliance job list -o json | jq -r '.[0].state'",
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			return g.ask(ctx, c, client.ToListJobs())
		}),
	}
}

func newJobShow(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one job, and why it failed", Args: takes("ID"),
		Example:           "  appliance job show 20260102-150405-0a1b2c3d",
		ValidArgsFunction: g.completing(1, jobIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			id, err := parseJob(args[0])
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToShowJob(id))
		}),
	}
}

func newJobCancel(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "End a job that waits or runs", Args: takes("ID"),
		Long:              "End a job. One that is building gets two minutes to take down its mounts, and leaves nothing behind.",
		Example:           "  appliance job cancel 20260102-150405-0a1b2c3d",
		ValidArgsFunction: g.completing(1, jobIDs),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			id, err := parseJob(args[0])
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToCancelJob(id))
		}),
	}
}

type jobLogOptions struct {
	*globals
	follow bool
}

func newJobLog(c console, g *globals) *cobra.Command {
	o := jobLogOptions{globals: g}
	cmd := &cobra.Command{
		Use: "log ID", Short: "Print what a job said, and says", Args: takes("ID"),
		Example:           "  appliance job log 20260102-150405-0a1b2c3d --follow",
		ValidArgsFunction: g.completing(1, jobIDs),
		RunE:              action(c, o.run),
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "wait for more until the job ends; then the exit code tells how")
	return cmd
}

func (o *jobLogOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseJob(args[0])
	if err != nil {
		return err
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	if err := cl.JobLog(ctx, id, o.follow, cleaned{c.out}); err != nil {
		return withTokenHint(err)
	}
	if !o.follow {
		return nil
	}
	j, err := cl.Job(ctx, id)
	if err != nil {
		return err
	}
	return outcome(j)
}

// cleaned keeps what a build says from steering the terminal.
type cleaned struct{ w io.Writer }

func (c cleaned) Write(p []byte) (int, error) {
	if _, err := io.WriteString(c.w, printable(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func parseJob(arg string) (job.ID, error) {
	id, err := job.ParseID(arg)
	if err != nil {
		return "", usageError{err, `"appliance job list" shows what there is`}
	}
	return id, nil
}

func jobIDs(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Jobs(ctx)
	var words []string
	for _, j := range all {
		words = append(words, cobra.CompletionWithDesc(string(j.ID), j.Subject+", "+string(j.State)))
	}
	return words, err
}

// refused reports whether asking again would only bring the same answer.
func refused(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status < http.StatusInternalServerError
}
