package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/iso"
)

func newISO(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "iso",
		Short: "Make boot ISOs that install by themselves, without copying the vendor's",
		Long: "A boot ISO is a vendor's own with a few bytes over it: boot menus whose first entry installs by itself, and\n" +
			"the kickstart. It is served as one file, with ranges, and takes no space; the vendor's media check stays\n" +
			"valid. Each device can have one of its own, at /NAME/images/by-device/DEVICE.iso.",
		Example: "  appliance iso add rhel-9.6-x86_64-boot.iso\n" +
			"  appliance iso build demo_upgrade\n" +
			"  appliance iso write demo_upgrade /dev/sdX\n" +
			"  appliance iso inspect some.iso",
	}
	group(cmd)
	cmd.AddCommand(newISOAdd(c, g), newISOBuild(c, g), newISOList(c, g), newISOInspect(c, g), newISOWrite(c, g), newISORemove(c, g))
	return cmd
}

type isoAddOptions struct {
	*globals
	name, sha256 string
}

func newISOAdd(c console, g *globals) *cobra.Command {
	o := isoAddOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "add BASE.iso",
		Short: "Take in a vendor's boot ISO: survey it, check it, remember where things are",
		Long: "Take in a vendor's boot ISO (RHEL, CentOS Stream, Fedora; x86_64 or aarch64). BASE.iso is a file on the\n" +
			"builder, which stays where it is and must not change, or a URL that the builder fetches. It is read once;\n" +
			"what is not understood is refused with the reason. SHA-256 and media check tell whether it is whole.",
		Example: "  appliance iso add rhel-9.6-x86_64-boot.iso --sha256 febcc1359fd68faceff82d7eed8d21016e022a17e9c74e0e3f9dc3a78816b2bb\n" +
			"  appliance iso add https://mirror.example/CentOS-Stream-10-latest-x86_64-boot.iso --name cs10",
		Args: takes("BASE.iso"),
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "what to call it (default: as the file is called)")
	f.StringVar(&o.sha256, "sha256", "", "the `SHA-256` that the vendor publishes")
	return cmd
}

func (o *isoAddOptions) run(ctx context.Context, c console, args []string) error {
	cl, err := o.client()
	if err != nil {
		return err
	}
	from := args[0]
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") && !filepath.IsAbs(from) {
		if !isLocal(cl.Server()) {
			return invalidError{fmt.Errorf("adding %q: the server is on another host and does not see this file", from), "name a file there by its whole path, or a URL that the server can fetch"}
		}
		if from, err = filepath.Abs(from); err != nil {
			return fmt.Errorf("adding %q: %w", args[0], err)
		}
	}
	return o.print(ctx, c, cl, client.ToAddBase(iso.Adding{From: from, Name: o.name, SHA256: o.sha256}))
}

type isoBuildOptions struct {
	*globals
	base, mode, name, device string
	console                  string
	fips, text               bool
	ip, gateway, dns, ifname string
	add, remove              []string
}

func newISOBuild(c console, g *globals) *cobra.Command {
	o := isoBuildOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "build NAME",
		Short: "Make a boot ISO of a blueprint",
		Long: "Make a boot ISO of a blueprint, or make it anew, and serve it at /NAME/images/. Modes:\n\n" +
			"  kickstart  the kickstart is in the image, the system comes from the builder (the default where it fits)\n" +
			"  kargs      the kernel's command line names the kickstart's URL\n" +
			"  offline    kickstart and published release are in the image; this one is a file of its own, made by\n" +
			"             xorriso once a release\n\n" +
			"An image keeps the kickstart of the moment it was built. The entry that installs starts after five seconds and\n" +
			"erases the disk; the vendor's own entries are below it as far as there is room.",
		Example: "  appliance iso build demo_upgrade\n" +
			"  appliance iso build demo_upgrade --console ttyS0 --fips --name lab\n" +
			"  appliance iso build demo_upgrade --device edge-7 --ip 192.0.2.7/24 --gateway 192.0.2.1\n" +
			"  appliance iso build demo_upgrade --mode offline",
		Args:              takes("NAME"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.base, "base", "", "the `BASE` to make it of (default: [iso] base, or the one added last)")
	f.StringVar(&o.mode, "mode", "", "kickstart, kargs or offline")
	f.StringVar(&o.name, "name", "", "what to call it (default "+iso.DefaultName+")")
	f.StringVar(&o.device, "device", "", "make it for this `DEVICE` only")
	f.StringVar(&o.console, "console", "", "serial console beside the screen: ttyS0 or ttyS0,115200n8")
	f.BoolVar(&o.fips, "fips", false, "install in FIPS mode")
	f.BoolVar(&o.text, "text", false, "the installer in text mode")
	f.StringVar(&o.ip, "ip", "", "static `ADDRESS/BITS` of the installer (default: DHCP)")
	f.StringVar(&o.gateway, "gateway", "", "`ADDRESS` of the gateway, with --ip")
	f.StringVar(&o.dns, "dns", "", "`ADDRESS` of the name server, with --ip")
	f.StringVar(&o.ifname, "interface", "", "network interface, with --ip (default: the first)")
	f.StringArrayVar(&o.add, "karg", nil, "another `ARGUMENT` of the kernel: KEY or KEY=VALUE; may be repeated")
	f.StringArrayVar(&o.remove, "no-karg", nil, "`ARGUMENT` of the kernel that the vendor has and this one has not; may be repeated")
	oneOf(cmd, "mode", "kickstart", "kargs", "offline")
	return cmd
}

func (o *isoBuildOptions) run(ctx context.Context, c console, args []string) error {
	name, err := parseName(args)
	if err != nil {
		return err
	}
	options, err := o.options()
	if err != nil {
		return usageError{err, `"appliance iso build --help" explains every flag`}
	}
	return o.ask(ctx, c, client.ToBuildImage(name, iso.Building{Base: o.base, Mode: iso.Mode(o.mode), Name: o.name, Device: o.device, Options: options}))
}

// options are nil where no flag says anything, so that those of the configuration hold.
func (o *isoBuildOptions) options() (*iso.Options, error) {
	all := iso.Options{Console: o.console, FIPS: o.fips, Text: o.text, Add: o.add, Remove: o.remove}
	var err error
	if all.IP, err = parseStatic(o.ip, o.gateway, o.dns, o.ifname); err != nil {
		return nil, err
	}
	if err := all.Check(); err != nil {
		return nil, err
	}
	if all.Console == "" && !all.FIPS && !all.Text && all.IP == nil && len(all.Add)+len(all.Remove) == 0 {
		return nil, nil
	}
	return &all, nil
}

func parseStatic(ip, gateway, dns, ifname string) (*iso.Address, error) {
	if ip == "" {
		if gateway+dns+ifname != "" {
			return nil, errors.New("--gateway, --dns and --interface belong to --ip")
		}
		return nil, nil
	}
	a := iso.Address{Interface: ifname}
	var faults []error
	read := func(flag, text string, into *netip.Addr) {
		if text == "" {
			return
		}
		var err error
		if *into, err = netip.ParseAddr(text); err != nil {
			faults = append(faults, fmt.Errorf("%s %q is no address", flag, text))
		}
	}
	var err error
	if a.Address, err = netip.ParsePrefix(ip); err != nil {
		faults = append(faults, fmt.Errorf("--ip %q: want one such as 192.0.2.7/24", ip))
	}
	if gateway == "" {
		faults = append(faults, errors.New("--ip needs --gateway"))
	}
	read("--gateway", gateway, &a.Gateway)
	read("--dns", dns, &a.DNS)
	return &a, errors.Join(faults...)
}

func newISOList(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:               "list [NAME]",
		Short:             "List the bases there are, and the boot ISOs that were made of them",
		Example:           "  appliance iso list\n  appliance iso list demo_upgrade -o json | jq -r '.images[].path'",
		Args:              takes("[NAME]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, err := parseName(args)
			if err != nil {
				return err
			}
			return g.ask(ctx, c, client.ToListImages(name))
		}),
	}
}

type isoRemoveOptions struct {
	*globals
	device string
}

func newISORemove(c console, g *globals) *cobra.Command {
	o := isoRemoveOptions{globals: g}
	cmd := &cobra.Command{
		Use:               "remove NAME[/IMAGE]",
		Short:             "Take a boot ISO away; its base stays",
		Example:           "  appliance iso remove demo_upgrade/lab\n  appliance iso remove demo_upgrade --device edge-7",
		Args:              takes("NAME[/IMAGE]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE: action(c, func(ctx context.Context, c console, args []string) error {
			name, image, err := parseImage(args[0])
			if err != nil {
				return err
			}
			what := string(name) + "/" + image
			if o.device != "" {
				what = fmt.Sprintf("the one of %s for %s", name, o.device)
			}
			return o.askThenSay(ctx, c, client.ToRemoveImage(name, image, o.device), "removed %s", what)
		}),
	}
	cmd.Flags().StringVar(&o.device, "device", "", "the one of this `DEVICE`")
	return cmd
}

// parseImage reads NAME or NAME/IMAGE.
func parseImage(arg string) (blueprint.Name, string, error) {
	text, image, _ := strings.Cut(arg, "/")
	if image == "" {
		image = iso.DefaultName
	}
	name, err := parseName([]string{text})
	return name, image, err
}
