package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"edge/appliance/client"
	"edge/appliance/compose"
	"edge/appliance/sheet"
)

type preflightOptions struct {
	*globals
	config, distro, backend string
}

func newPreflight(c console, g *globals) *cobra.Command {
	o := preflightOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "preflight",
		Short: "Tell what this host lacks for composing, and what mends it",
		Long: "Look at this host: root, distribution, programs and their versions, repositories and subscription, SELinux,\n" +
			"disk. Each thing that is missing comes with the command that mends it; nothing is changed. With --server\n" +
			"or APPLIANCE_SERVER it is the server that looks at its own host. The exit code is 3 where nothing can be\n" +
			"composed.",
		Example: "  sudo appliance preflight\n  appliance preflight --distro rhel-9.6\n  appliance preflight --server http://builder.example:8080",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "configuration `FILE` (default "+defaultConfig+" where it exists)")
	f.StringVar(&o.distro, "distro", "", "look as if to compose for this `DISTRIBUTION`")
	f.StringVar(&o.backend, "backend", "", "look as if to compose with osbuild, weldr or sample")
	oneOf(cmd, "backend", "osbuild", "weldr", "sample")
	return cmd
}

// errUnfit says that a host cannot compose.
var errUnfit = invalidError{errors.New("nothing can be composed here yet"), "mend what is missing, the most important first"}

func (o *preflightOptions) run(ctx context.Context, c console, _ []string) error {
	fitness, err := o.look(ctx)
	if err != nil {
		return err
	}
	if o.json() {
		err = printJSON(c.out, fitness)
	} else {
		var s sheet.Sheet
		fitness.Write(&s)
		_, err = c.out.Write(s.Bytes())
	}
	if err == nil && !fitness.Fit {
		return errUnfit
	}
	return err
}

func (o *preflightOptions) look(ctx context.Context) (compose.Fitness, error) {
	if o.server != "" || os.Getenv("APPLIANCE_SERVER") != "" {
		if o.config != "" || o.distro != "" || o.backend != "" {
			return compose.Fitness{}, usageError{errors.New("--config, --distro and --backend are for this host, and the server is asked to look at its own"),
				"leave them out; or leave --server out, and unset APPLIANCE_SERVER"}
		}
		var cl *client.Client
		cl, err := o.client()
		if err != nil {
			return compose.Fitness{}, err
		}
		return cl.Preflight(ctx)
	}
	s, err := loadConfig(o.config, false)
	if err != nil {
		return compose.Fitness{}, err
	}
	if o.distro != "" {
		if err := compose.CheckDistribution(o.distro); err != nil {
			return compose.Fitness{}, usageError{err, ""}
		}
		s.compose.distro = o.distro
	}
	switch o.backend {
	case "":
	case "osbuild", "weldr", "sample":
		s.compose.backend = o.backend
	default:
		return compose.Fitness{}, usageError{errors.New("--backend: want osbuild, weldr or sample"), ""}
	}
	return examine(ctx, s.compose.filled(false), o.data), nil
}
