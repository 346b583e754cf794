package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"edge/appliance/installation"
	"edge/appliance/toml"
	"edge/kickstart"
)

// kickstartConfig is what [kickstart] says, checked.
type kickstartConfig struct {
	params              kickstart.Params // what every kickstart has, but for what [device] says
	openHash            bool
	pre, post, template string // files, read when the server starts
	devices             []installation.Device
}

// maxDevices is how many devices the configuration may name.
const maxDevices = 10_000

func readKickstart(r *toml.Reader) kickstartConfig {
	c := kickstartConfig{
		params: kickstart.Params{
			Target:      toml.Read(r, "kickstart.target", toml.Parsed(kickstart.ParseTarget)),
			Timezone:    toml.Read(r, "kickstart.timezone", toml.Checked(kickstart.CheckTimezone)),
			Keyboard:    toml.Read(r, "kickstart.keyboard", toml.Checked(kickstart.CheckKeyboard)),
			Language:    toml.Read(r, "kickstart.language", toml.Checked(kickstart.CheckLanguage)),
			TimeServers: toml.Read(r, "kickstart.time_servers", toml.Texts(kickstart.CheckTimeServer)),
			KernelArgs:  toml.Read(r, "kickstart.kernel_args", toml.Texts(kickstart.CheckKernelArg)),
			Groups:      toml.Read(r, "kickstart.groups", toml.Texts(kickstart.CheckGroup)),
			Wipe:        toml.Read(r, "kickstart.wipe", toml.OneOf(kickstart.WipeAny, kickstart.WipeEmpty)),
			Source: kickstart.Source{
				Kind:   toml.Read(r, "kickstart.source", toml.OneOf(kickstart.Pull, kickstart.Medium, kickstart.Container, kickstart.Bootc)),
				OSName: toml.Read(r, "kickstart.osname", toml.Checked(kickstart.CheckOSName)),
				Image:  toml.Read(r, "kickstart.image", toml.Checked(kickstart.CheckImage)),
			},
		},
		openHash: toml.Read(r, "kickstart.open_hash", toml.Bool),
		pre:      toml.Read(r, "kickstart.pre", toml.Checked(checkPath)),
		post:     toml.Read(r, "kickstart.post", toml.Checked(checkPath)),
		template: toml.Read(r, "kickstart.template", toml.Checked(checkPath)),
	}
	s := c.params.Source
	switch image := s.Kind == kickstart.Container || s.Kind == kickstart.Bootc; {
	case image && s.Image == "" && !r.Has("kickstart.image"):
		r.Note("kickstart.source", fmt.Errorf("%s needs an image: image = \"HOST/REPOSITORY:TAG\"", s.Kind))
	case !image && s.Image != "":
		r.Note("kickstart.image", errors.New(`an image is for source = "container" or "bootc"`))
	}
	for _, at := range r.Tables("kickstart.device", maxDevices) {
		d := readInstallDevice(r, at)
		if slices.ContainsFunc(c.devices, func(other installation.Device) bool { return d.Name != "" && other.Name == d.Name }) {
			r.Note(at+".name", fmt.Errorf("%q is there twice", d.Name))
		}
		c.devices = append(c.devices, d)
	}
	return c
}

// readInstallDevice reads one [[kickstart.device]].
func readInstallDevice(r *toml.Reader, at string) installation.Device {
	d := installation.Device{
		Name:     toml.Read(r, at+".name", toml.Checked(kickstart.CheckDevice)),
		Hostname: toml.Read(r, at+".hostname", toml.Checked(kickstart.CheckHostname)),
		Disk:     toml.Read(r, at+".disk", toml.Checked(kickstart.CheckDisk)),
		Network: kickstart.Network{
			Interface: toml.Read(r, at+".interface", toml.Checked(kickstart.CheckInterface)),
			Address:   toml.Read(r, at+".address", toml.Parsed(parseAddress)),
			Gateway:   toml.Read(r, at+".gateway", toml.Parsed(parseAddr)),
		},
	}
	for _, s := range toml.Read(r, at+".dns", toml.Texts(func(s string) error { _, err := parseAddr(s); return err })) {
		addr, _ := parseAddr(s) // checked
		d.Network.DNS = append(d.Network.DNS, addr)
	}
	if d.Name == "" && !r.Has(at+".name") {
		r.Note(at, errors.New("a device has a name"))
	}
	if err := d.Network.Check(); err != nil {
		r.Note(at, err)
	}
	return d
}

// parseAddress wants an address with the length of its network.
func parseAddress(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%.60q is no address of a device: want one such as 192.0.2.10/24", s)
	}
	return p, nil
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Errorf("%.60q is no address: want one such as 192.0.2.1", s)
	}
	return a, nil
}

// largestSnippet is more than anybody writes by hand.
const largestSnippet = 1 << 20

// kickstart joins what [kickstart] and [device] say, and reads the files that they name. It makes a kickstart
// as a trial, so that whoever starts a server hears what is wrong, and not whoever installs a device.
func (c config) kickstart() (kickstart.Params, error) {
	p := c.kick.params
	p.User, p.Hostname, p.Disk = c.device.profile.User, c.device.hostname, c.device.disk
	p.SSHKeys, p.PasswordHash = c.device.sshKeys, c.device.passwordHash
	p.Source.Remote = c.device.profile.OS.Remote
	for file, to := range map[string]*string{c.kick.pre: &p.Pre, c.kick.post: &p.Post, c.kick.template: &p.Template} {
		if file == "" {
			continue
		}
		data, err := os.ReadFile(file)
		if err == nil && len(data) > largestSnippet {
			err = fmt.Errorf("%q has more than %d bytes", file, largestSnippet)
		}
		if err != nil {
			return p, invalidError{fmt.Errorf("reading what [kickstart] names: %w", err), ""}
		}
		*to = string(data)
	}
	trial := p
	trial.Blueprint, trial.Builder, trial.Source.Ref, trial.Source.URL = "demo", "http://builder.example:8080", "rhel/9/x86_64/edge", ""
	if k := p.Source.Kind; k == "" || k == kickstart.Pull {
		trial.Source.URL = "http://builder.example:8080/demo/repo/"
	}
	if p.Source.Kind == kickstart.Bootc && p.Target == "" {
		trial.Target = kickstart.RHEL10
	}
	trial.Programs = []kickstart.Program{{Arch: "amd64", SHA256: fmt.Sprintf("%064d", 0)}}
	if _, err := kickstart.Render(trial); err != nil {
		return p, invalidError{fmt.Errorf("trying what [device] and [kickstart] say: %w", err), ""}
	}
	return p, nil
}
