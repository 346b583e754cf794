package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/iso"
	"edge/appliance/netboot"
	"edge/appliance/toml"
)

// netbootConfig is what [netboot] says, checked. Without an interface no machine is answered.
type netbootConfig struct {
	iface     string
	blueprint blueprint.Name
	image     string                 // of machines that have none of their own
	anyone    bool                   // machines that are not named, too
	machines  map[netboot.MAC]string // the device that each is to become; "" for one as any other
}

func readNetboot(r *toml.Reader) netbootConfig {
	c := netbootConfig{
		iface:     toml.Read(r, "netboot.interface", toml.Checked(checkInterface)),
		blueprint: toml.Read(r, "netboot.blueprint", toml.Parsed(blueprint.ParseName)),
		image:     toml.ReadOr(r, "netboot.image", iso.DefaultName, toml.Checked(checkImageName)),
		anyone:    toml.Read(r, "netboot.anyone", toml.Bool),
		machines:  map[netboot.MAC]string{},
	}
	for _, at := range r.Tables("netboot.machine", maxDevices) {
		mac := toml.Read(r, at+".mac", toml.Parsed(netboot.ParseMAC))
		device := toml.Read(r, at+".device", toml.Checked(iso.CheckDevice))
		if _, twice := c.machines[mac]; twice && mac != (netboot.MAC{}) {
			r.Note(at+".mac", fmt.Errorf("%s is there twice", mac))
		}
		if !r.Has(at + ".mac") {
			r.Note(at, errors.New("a machine has a mac"))
		}
		c.machines[mac] = device
	}
	given := cmp.Or(r.Has("netboot.blueprint"), r.Has("netboot.image"), r.Has("netboot.anyone"), len(c.machines) > 0)
	switch {
	case c.iface == "" && given && !r.Has("netboot.interface"):
		r.Note("netboot", errors.New("it needs an interface to answer machines on"))
	case c.iface != "" && c.blueprint == "" && !r.Has("netboot.blueprint"):
		r.Note("netboot", errors.New("it needs a blueprint to install"))
	case c.iface != "" && !c.anyone && len(c.machines) == 0:
		r.Note("netboot", errors.New("nobody would be answered: name machines with [[netboot.machine]], or say anyone = true: whatever boots over HTTP is installed, and its disk erased"))
	}
	return c
}

// checkImageName wants what a boot ISO is called.
func checkImageName(s string) error {
	if iso.CheckDevice(s) != nil { // names of both have one form
		return fmt.Errorf("%.80q is no name of a boot ISO: want one such as %s, without .iso", s, iso.DefaultName)
	}
	return nil
}

// checkInterface wants a name as Linux takes it.
func checkInterface(s string) error {
	if s == "" || len(s) > 15 || strings.ContainsAny(s, "/: \t\n") || s == "." || s == ".." {
		return fmt.Errorf("%.40q is no name of a network interface: want one such as eno1", s)
	}
	return nil
}
