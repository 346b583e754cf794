package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/compose"
	"edge/appliance/profile"
)

const (
	memory   = 48 << 20         // bytes that the collector aims at
	diary    = 2000             // events that are remembered
	farewell = 10 * time.Second // for requests that are under way when the server is told to stop
)

type serveOptions struct {
	*globals
	listen, url, config string
	sample, private     bool
	logFormat, logLevel string
	signKey             string
	noSign              bool
}

func newServe(c console, g *globals) *cobra.Command {
	o := serveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve releases and images to devices, people and scripts",
		Long: "Open the data directory and serve what is in it: the OSTree repositories and the container registry to\n" +
			"devices, a web page to people, the API to scripts. One server owns a data directory at a time.\n\n" +
			"Flags count before " + defaultConfig + ", which may have:\n\n" +
			"  [server]    listen, url, private, max_upload\n" +
			"  [release]   grace (how long devices may finish pulling what was superseded), keep (prune to the\n" +
			"              newest N releases after each publication; 0: never)\n" +
			"  [[app]]     name, image (2048, or HOST/REPOSITORY), source (HOST/REPOSITORY to mirror from), tag (the\n" +
			"              followed one: prod), unit, port (none: not for devices), cold, and for devices as in device.toml:\n" +
			"              target, bind, proxy, idle, memory, stop, start, volumes, probe, env (not for secrets: anybody\n" +
			"              may read /NAME/device.toml)\n" +
			"  [[check]]   name, kind and the rest of device.toml: what devices judge a boot by\n" +
			"  [device]    user, hostname, ssh_keys, password_hash, disk; [device.os], [device.updates],\n" +
			"              [device.health], [device.registry], [device.report], [device.host] as in device.toml\n" +
			"  [kickstart] target, source (pull, medium, container, bootc), image, osname, timezone, keyboard, language,\n" +
			"              time_servers, groups, kernel_args, wipe (any, empty), open_hash, and files: pre, post (shell\n" +
			"              scripts), template; [[kickstart.device]] name, hostname, disk, interface, address, gateway, dns\n" +
			"  [iso]       base (path or URL of a vendor's boot ISO, added at the start), sha256, mode, console, fips, text,\n" +
			"              kargs, no_kargs (of boot ISOs that say nothing of these), ca (the only authority that installers trust)\n" +
			"  [netboot]   interface (where machines that boot over HTTP are told their boot ISO; default: none), blueprint, image,\n" +
			"              anyone (false: only those named); [[netboot.machine]] mac, device (default: as any other)\n" +
			"  [blueprint] remote (URL of a git repository to take blueprints from), branch, folder, poll (how often: 5m)\n" +
			"  [compose]   backend (osbuild, weldr, sample), distro (default: this host's), ref, repositories (folders with\n" +
			"              DISTRO.json), store (osbuild's cache), cache (how large it may be: 20 GiB), timeout, weldr (socket)\n" +
			"  [registry]  allow (registries that may be spoken to), token_hosts, immutable (patterns of tags that\n" +
			"              never move: v*), private (allowed ones may have private addresses), auth_file, cert_dir",
		Example: "  appliance serve --sample                      # with releases and apps to play with\n" +
			"  appliance serve --listen 127.0.0.1:9000 --data ./data\n" +
			"  appliance serve --url http://builder.example:8080 --private",
		Args: takes(),
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "", "`ADDRESS` to listen on (default :8080)")
	f.StringVar(&o.url, "url", "", "`URL` by which devices reach this server (default: this host's address)")
	f.StringVar(&o.config, "config", "", "configuration `FILE` (default "+defaultConfig+" where it exists)")
	f.BoolVar(&o.sample, "sample", false, "begin with three small sample releases of "+string(compose.SampleBlueprint)+", which do not boot, and two sample apps")
	f.BoolVar(&o.private, "private", false, "let only those with the token read the API; repositories stay open")
	f.StringVar(&o.logFormat, "log-format", "text", "how to log: text or json")
	f.StringVar(&o.logLevel, "log-level", "info", "what to log: debug, info, warn or error")
	f.StringVar(&o.signKey, "sign-key", "", "`FILE` with the ed25519 key that signs publications (default: ed25519.key in the data directory, made at first use)")
	f.BoolVar(&o.noSign, "no-sign", false, "sign nothing")
	oneOf(cmd, "log-format", "text", "json")
	oneOf(cmd, "log-level", "debug", "info", "warn", "error")
	return cmd
}

// run wires the house and keeps it open until ctx ends.
func (o *serveOptions) run(ctx context.Context, c console, _ []string) error {
	log, err := newLogger(c.err, o.logFormat, o.logLevel)
	if err != nil {
		return err
	}
	settings, err := o.settings()
	if err != nil {
		return err
	}
	if o.data, err = filepath.Abs(o.data); err != nil {
		return fmt.Errorf("finding the data directory: %w", err)
	}
	limitMemory()
	lock, err := lockData(o.data)
	if err != nil {
		return err
	}
	defer lock.Close()
	sockets, err := listen(settings.listen)
	if err != nil {
		return err
	}
	sockets, endpoint, err := withEndpoint(sockets)
	if err != nil {
		closeAll(sockets)
		return err
	}
	h, err := o.open(ctx, log, settings, cmp.Or(settings.url, reachable(sockets[0])), endpoint)
	if err != nil {
		closeAll(sockets)
		return err
	}
	defer h.closeApps()
	if err := h.welcome(ctx, c, nearby(sockets[0])); err != nil {
		closeAll(sockets)
		return err
	}
	return h.serve(ctx, sockets)
}

// settings are the configuration file with the flags over it.
func (o *serveOptions) settings() (config, error) {
	s, err := loadConfig(o.config, o.sample)
	if err != nil {
		return s, err
	}
	if o.listen != "" {
		if err := checkListen(o.listen); err != nil {
			return s, usageError{fmt.Errorf("--listen: %w", err), ""}
		}
	}
	if o.url != "" {
		if o.url, err = profile.ParseServer(o.url); err != nil {
			return s, usageError{fmt.Errorf("--url: %w", err), ""}
		}
	}
	if o.noSign && o.signKey != "" {
		return s, usageError{errors.New("--sign-key and --no-sign exclude each other"), ""}
	}
	s.listen = cmp.Or(o.listen, s.listen, ":8080")
	s.url = cmp.Or(o.url, s.url)
	s.private = s.private || o.private
	return s, nil
}

// limitMemory makes the collector work early. An idle server and an import live on a few
// megabytes, but with the default settings the heap of a burst of garbage, such as the buffers of
// an import, would double before it is looked at; the builder's memory belongs to osbuild.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
}

func closeAll(sockets []net.Listener) {
	for _, l := range sockets {
		_ = l.Close()
	}
}
