package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"edge/appliance/podman"
	"edge/appliance/proxy"
)

type proxyOptions struct {
	*globals
	app string
}

// newDeviceProxy is what the proxy unit of a cold application runs.
func newDeviceProxy(c console, g *globals) *cobra.Command {
	o := proxyOptions{globals: g}
	cmd := &cobra.Command{
		Use:    "proxy --app UNIT",
		Short:  "Stand before an application that is scaled to zero",
		Hidden: true,
		Long: "Take the sockets that systemd hands over, hold connections while the application starts, pass them on,\n" +
			"and end when nothing has moved for its idle time, so that systemd stops the application.",
		Example: "  systemd-socket-activate -l 8080 appliance device proxy --app httpd",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().StringVar(&o.app, "app", "", "`UNIT` or name of the application")
	return cmd
}

// proxyMemory is what the collector aims at: a proxy lives beside every cold application that is awake.
const proxyMemory = 8 << 20

func (o *proxyOptions) run(ctx context.Context, c console, _ []string) error {
	debug.SetGCPercent(20)
	debug.SetMemoryLimit(proxyMemory)
	m, err := thisMachine()
	if err != nil {
		return err
	}
	a, known := m.profile.App(o.app)
	if !known || !a.Cold {
		return usageError{fmt.Errorf("--app %q: no cold application of that name in %s", o.app, deviceProfile), ""}
	}
	listeners, err := proxy.Listeners(os.Getenv, os.Getpid())
	if err != nil {
		return err
	}
	target, err := podman.Backend(a)
	if err != nil {
		return err
	}
	log, err := newLogger(c.err, "text", "info")
	if err != nil {
		return err
	}
	_, err = proxy.Serve(ctx, listeners, proxy.Options{
		Backend: target.Address, Probe: target, Start: a.Start, Idle: a.Idle,
		State: filepath.Join(deviceApps, a.Unit+".proxy.json"), Log: log, Notify: os.Getenv("NOTIFY_SOCKET"),
	})
	if ctx.Err() != nil {
		return nil // systemd has had enough of it
	}
	return err
}
