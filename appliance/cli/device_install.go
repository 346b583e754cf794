package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/device"
	"edge/appliance/profile"
	"edge/appliance/unit"
)

type deviceInstallOptions struct {
	*globals
	from, file, root, style, podman, binary string
	appUpdates, osUpdates, proxy            string
	dryRun, force                           bool
	tokenFile                               string
}

func newDeviceInstall(c console, g *globals) *cobra.Command {
	o := deviceInstallOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put a profile into effect on this device",
		Long: "Put what a profile says in place: checks, applications, sockets, timers, the OSTree remote. It works in\n" +
			"the chroot of a kickstart's %post, on a tree (--root), and on a running device, where it also starts\n" +
			"and restarts what changed. A second run changes nothing. A file that a person edited is kept; what was\n" +
			"wanted is then in FILE.appliance-new. After a power cut run it again.\n\n" +
			"The profile comes from a builder (--from), a file (--profile FILE), or standard input (--profile -). Without\n" +
			"either it is the one that is installed.\n\n" +
			"A token for enrolment at the builder is taken from APPLIANCE_ENROL_TOKEN or a file, never from an argument.",
		Example: "  appliance device install --from http://BUILDER:8080/demo_upgrade\n" +
			"  appliance device install --from http://BUILDER:8080/demo_upgrade --dry-run     # exit code 10 if anything would change\n" +
			"  appliance device install --profile device.toml --root /mnt/sysimage --podman-version 4.9\n" +
			"  curl -s http://BUILDER:8080/demo_upgrade/device.toml | appliance device install --profile -",
		Args: takes(),
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "`URL` of the blueprint at its builder; its device.toml is fetched")
	f.StringVar(&o.file, "profile", "", "`FILE` with the profile; - is standard input")
	f.StringVar(&o.root, "root", "/", "`DIR` to take for the device's /")
	f.BoolVar(&o.dryRun, "dry-run", false, "only tell what would change; exit code 10 if anything would")
	f.BoolVar(&o.force, "force", false, "replace edited files, too; they are saved as FILE.appliance-save")
	f.StringVar(&o.style, "unit-style", "plain", "what the apps' units are: plain, or quadlet from podman 4.4 on")
	f.StringVar(&o.podman, "podman-version", "", "`VERSION` of the device's podman, where it cannot be asked")
	f.StringVar(&o.binary, "binary", "", "`FILE` to install as the appliance program (default: this one)")
	f.StringVar(&o.appUpdates, "app-updates", "", "who updates applications, instead of what the profile says: appliance, podman or off")
	f.StringVar(&o.osUpdates, "os-updates", "", "how far OS updates go, instead of what the profile says: off, check, stage, window or now")
	f.StringVar(&o.proxy, "proxy", "", "what stands before cold applications, instead of what the profile says: systemd or appliance")
	f.StringVar(&o.tokenFile, "enrol-token-file", "", "`FILE` with the token for enrolment at the builder (or APPLIANCE_ENROL_TOKEN)")
	oneOf(cmd, "unit-style", "plain", "quadlet")
	oneOf(cmd, "app-updates", "appliance", "podman", "off")
	oneOf(cmd, "os-updates", "off", "check", "stage", "window", "now")
	oneOf(cmd, "proxy", "systemd", "appliance")
	return cmd
}

func (o *deviceInstallOptions) run(ctx context.Context, c console, _ []string) error {
	p, err := o.profile(ctx, c)
	if err != nil {
		return err
	}
	options := device.Options{
		Root: o.root, Profile: p, DryRun: o.dryRun, Force: o.force, Style: unit.Style(o.style), Binary: o.binary, Version: buildInfo().Version,
	}
	if o.podman != "" {
		if options.Podman, err = unit.ParseVersion(o.podman); err != nil {
			return usageError{fmt.Errorf("--podman-version: %w", err), "write it as 4.9 or 5.4.2"}
		}
	}
	token, err := o.enrolToken()
	if err != nil {
		return err
	}
	out, err := device.Install(ctx, options)
	if err != nil {
		return err
	}
	if token != "" && !o.dryRun {
		if err := writeEnrolToken(o.root, token); err != nil {
			return err
		}
	}
	return o.printOutcome(c, out, "installed")
}

// profile reads the profile from where it was said to be, and lays the flags over it.
func (o *deviceInstallOptions) profile(ctx context.Context, c console) (profile.Profile, error) {
	if o.from != "" && o.file != "" {
		return profile.Profile{}, usageError{errors.New("--from and --profile exclude each other"), ""}
	}
	if o.style != string(unit.Plain) && o.style != string(unit.Quadlet) {
		return profile.Profile{}, usageError{fmt.Errorf("--unit-style %q: want plain or quadlet", o.style), ""}
	}
	data, name, err := o.read(ctx, c)
	if err != nil {
		return profile.Profile{}, err
	}
	p, err := profile.Parse(data, name)
	if err != nil {
		return p, err
	}
	if o.appUpdates == "" && o.osUpdates == "" && o.proxy == "" {
		return p, nil
	}
	for i := range p.Apps {
		p.Apps[i].Proxy = cmp.Or(profile.Proxy(o.proxy), p.Apps[i].Proxy)
	}
	p.Updates.Engine = cmp.Or(profile.Engine(o.appUpdates), p.Updates.Engine)
	p.OS.Policy = cmp.Or(profile.Policy(o.osUpdates), p.OS.Policy)
	p, err = profile.Parse(profile.Encode(p), "the profile with the flags over it")
	if err != nil {
		return p, usageError{err, "--app-updates takes appliance, podman or off; --os-updates off, check, stage, window or now; --proxy systemd or appliance"}
	}
	return p, nil
}

// largestProfile is more than any device needs.
const largestProfile = 1 << 20

func (o *deviceInstallOptions) read(ctx context.Context, c console) (data []byte, name string, err error) {
	switch {
	case o.from != "":
		name = strings.TrimRight(o.from, "/") + "/device.toml"
		data, err = fetchProfile(ctx, name)
	case o.file == "-":
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(c.in, largestProfile+1))
	default:
		name = o.file
		if name == "" {
			name = filepath.Join(o.root, deviceProfile)
		}
		data, err = os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) && o.file == "" {
			return nil, "", usageError{errors.New("no profile is named, and none is installed"), "--from http://BUILDER:8080/BLUEPRINT, or --profile FILE"}
		}
	}
	if err == nil && len(data) > largestProfile {
		err = invalidError{fmt.Errorf("reading the profile %q: more than %d bytes", name, largestProfile), ""}
	}
	return data, name, err
}

// fetchProfile gets a device.toml. Whoever can change it on its way can change what the device runs, so that
// a redirection to another host is not followed.
func fetchProfile(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, usageError{fmt.Errorf("--from %q: want http://BUILDER:8080/BLUEPRINT", address), ""}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	hc := http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if next.URL.Host != u.Host || next.URL.Scheme != u.Scheme || len(via) > 3 {
			return fmt.Errorf("it redirects to %s://%s", next.URL.Scheme, next.URL.Host)
		}
		return nil
	}}
	resp, err := hc.Do(req)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err // without method and URL, which is told anyhow
		}
		return nil, hinted{fmt.Errorf("fetching the profile %q: %w", address, err), "is the builder running, and does this device reach it? try: curl " + quoted(address)}
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, hinted{fmt.Errorf("fetching the profile %q: %w", address, errNoProfile), "appliance blueprint list shows what the builder has"}
	default:
		return nil, hinted{fmt.Errorf("fetching the profile %q: the builder says %s", address, resp.Status), "appliance blueprint list shows what the builder has"}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, largestProfile+1))
	if err != nil {
		return nil, fmt.Errorf("fetching the profile %q: %w", address, err)
	}
	return data, nil
}

type deviceUninstallOptions struct {
	*globals
	root          string
	dryRun, purge bool
}

func newDeviceUninstall(c console, g *globals) *cobra.Command {
	o := deviceUninstallOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take everything away that install has put here",
		Long: "Stop the applications and take away what install has put in place, and nothing else: files that were\n" +
			"edited since are kept and named, settings get their former values back.",
		Example: "  appliance device uninstall --dry-run\n  appliance device uninstall --purge     # also state, containers and images of the apps",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.root, "root", "/", "`DIR` to take for the device's /")
	f.BoolVar(&o.dryRun, "dry-run", false, "only tell what would change; exit code 10 if anything would")
	f.BoolVar(&o.purge, "purge", false, "remove state, containers and images of the apps as well")
	return cmd
}

func (o *deviceUninstallOptions) run(ctx context.Context, c console, _ []string) error {
	out, err := device.Uninstall(ctx, device.Options{Root: o.root, DryRun: o.dryRun, Purge: o.purge, Version: buildInfo().Version})
	if err != nil {
		return err
	}
	if !o.dryRun {
		if err := os.Remove(filepath.Join(o.root, deviceState, deviceToken)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the token for enrolment: %w", err)
		}
	}
	return o.printOutcome(c, out, "uninstalled")
}
