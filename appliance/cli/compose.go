package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/job"
	"edge/appliance/object"
	"edge/appliance/release"
)

type composeOptions struct {
	*globals
	backend, distro, ref, parent string
	follow                       bool
}

func newCompose(c console, g *globals) *cobra.Command {
	o := composeOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "compose NAME[@VERSION]",
		Short: "Make a release of a blueprint's version",
		Long: "Make an OSTree commit of a blueprint's version, the newest where none is given, and take it in as a\n" +
			"staged release. The work is a job on the server: it waits for its turn, goes on when this command ends,\n" +
			"and survives a restart of the server.\n\n" +
			"The commit follows the newest release below it, so that system users keep their numbers.",
		Example: "  appliance compose demo_upgrade --follow\n" +
			"  appliance compose demo_upgrade@0.0.2 --distro rhel-9.6\n" +
			"  appliance compose demo_upgrade@0.0.3 --backend sample   # in a moment, but it does not boot",
		Args:              takes("NAME[@VERSION]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.backend, "backend", "", "what composes: osbuild, weldr or sample (default: as the server is configured)")
	f.StringVar(&o.distro, "distro", "", "compose for this `DISTRIBUTION`, such as rhel-9.6, centos-9, fedora-43 (default: as the server is configured, or its host's)")
	f.StringVar(&o.ref, "ref", "", "the `REF` to write into the commit (default: as the server is configured, or the distribution's)")
	f.StringVar(&o.parent, "parent", "", "the `COMMIT` to follow, or none")
	f.BoolVarP(&o.follow, "follow", "f", false, "wait until the release is there, and show how far it is")
	oneOf(cmd, "backend", "osbuild", "weldr", "sample")
	return cmd
}

func (o *composeOptions) run(ctx context.Context, c console, args []string) error {
	id, err := parseLooseID(args[0])
	if err != nil {
		return err
	}
	ref, err := parseRef(o.ref)
	if err != nil {
		return err
	}
	parent := object.Checksum(o.parent)
	if parent != "" && parent != release.NoParent {
		if parent, err = object.ParseChecksum(o.parent); err != nil {
			return usageError{fmt.Errorf("--parent: %w", err), `give a commit of 64 hexadecimal digits, or "none"`}
		}
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	call := client.ToCompose(id, release.ComposeOptions{Backend: o.backend, Distro: o.distro, Ref: ref, Parent: parent})
	if !o.follow {
		return o.print(ctx, c, cl, call)
	}
	j, err := cl.Compose(ctx, id, release.ComposeOptions{Backend: o.backend, Distro: o.distro, Ref: ref, Parent: parent})
	if err != nil {
		return withTokenHint(err)
	}
	if _, err := followJob(ctx, c, cl, j.ID); err != nil {
		return err
	}
	made, err := parseID(j.Subject)
	if err != nil {
		return err
	}
	return o.print(ctx, c, cl, client.ToShow(made))
}

// parseLooseID reads NAME or NAME@VERSION.
func parseLooseID(arg string) (blueprint.ID, error) {
	if strings.Contains(arg, "@") {
		return parseID(arg)
	}
	name, err := blueprint.ParseName(arg)
	if err != nil {
		return blueprint.ID{}, usageError{err, "write NAME or NAME@VERSION, such as demo_upgrade@0.0.2"}
	}
	return blueprint.ID{Blueprint: name}, nil
}

const (
	glance  = 300 * time.Millisecond // between two looks at a job
	absence = 2 * time.Minute        // for a server that is started anew
)

// followJob shows how far a job is until it ends. A job that failed or was cancelled is an error.
func followJob(ctx context.Context, c console, cl *client.Client, id job.ID) (job.Job, error) {
	bar := newProgress(c, string(id), formatCount)
	defer bar.End()
	var silent time.Time
	for {
		j, err := cl.Job(ctx, id)
		switch {
		case ctx.Err() != nil:
			bar.End()
			fmt.Fprintf(c.err, "job %s goes on; follow it again: appliance job log %s --follow\n", id, id)
			return j, ctx.Err()
		case err != nil && (refused(err) || !silent.IsZero() && time.Since(silent) > absence):
			return j, err
		case err != nil && silent.IsZero():
			silent = time.Now()
		case err == nil:
			silent = time.Time{}
			if j.State.Ended() {
				return j, outcome(j)
			}
			bar.label = j.Subject
			bar.Stage(strings.TrimSuffix(string(j.State)+", "+j.Stage, ", "), formatCount)
			bar.Set(int64(j.Done), int64(j.Total))
		}
		select {
		case <-ctx.Done():
		case <-time.After(glance):
		}
	}
}

// outcome is how a job ended, as an error.
func outcome(j job.Job) error {
	switch j.State {
	case job.Failed:
		return hinted{fmt.Errorf("job %s failed: %s", j.ID, j.Error), "all of its words: appliance job log " + string(j.ID)}
	case job.Cancelled:
		return fmt.Errorf("job %s was cancelled", j.ID)
	}
	return nil
}
