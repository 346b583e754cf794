package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/client"
	"edge/appliance/event"
)

type eventOptions struct {
	*globals
	follow bool
	after  uint64
}

func newEvent(c console, g *globals) *cobra.Command {
	o := eventOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "event",
		Short: "Show what happened, and what happens",
		Long: "Show the server's diary: what it remembers, oldest first, and with --follow what happens from now on.\n" +
			"A lost connection is taken up where it broke. With -o json each event is one line.",
		Example: "  appliance event\n  appliance event --follow\n  appliance event --follow -o json | jq -r .kind",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "wait for more events until interrupted")
	cmd.Flags().Uint64Var(&o.after, "after", 0, "begin after the event with this `ID`")
	return cmd
}

func (o *eventOptions) run(ctx context.Context, c console, _ []string) error {
	cl, err := o.client()
	if err != nil {
		return err
	}
	lost := func(err error) {
		if err == nil {
			err = io.EOF
		}
		fmt.Fprintf(c.err, "appliance: the connection ended (%s); trying again\n", printable(err.Error()))
	}
	for e, err := range cl.Events(ctx, client.Following{After: o.after, Follow: o.follow, Lost: lost}) {
		if err != nil {
			return withTokenHint(err)
		}
		if err := o.show(c.out, e); err != nil {
			return err
		}
	}
	return nil
}

func (o *eventOptions) show(w io.Writer, e event.Event) error {
	if o.json() {
		return json.NewEncoder(w).Encode(e)
	}
	_, err := fmt.Fprintln(w, printable(eventLine(e)))
	return err
}

// eventLine is written as the server writes an event for curl.
func eventLine(e event.Event) string {
	line := fmt.Sprintf("%s  %-17s  %-18s  %s", e.Time.UTC().Format(time.DateTime), e.Kind, e.Subject, e.Message)
	if e.Total > 0 {
		line += fmt.Sprintf(" %d/%d", e.Done, e.Total)
	}
	if e.Outcome != "" {
		line += " (" + e.Outcome + ")"
	}
	return line
}
