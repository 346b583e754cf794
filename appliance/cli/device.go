package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"edge/appliance/command"
	"edge/appliance/device"
	"edge/appliance/podman"
	"edge/appliance/profile"
	"edge/appliance/quarantine"
)

// Where things are on a device.
const (
	deviceProfile = "/etc/appliance/device.toml"
	deviceState   = "/var/lib/appliance"
	deviceApps    = deviceState + "/apps" // belongs to the user of the apps
	deviceOS      = deviceState + "/os"
)

func newDevice(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "device",
		Short: "Install, check, update and explain this edge device",
		Long: "Make this host a device that updates itself and undoes a bad update: greenboot checks, rootless\n" +
			"applications, scale-to-zero sockets, update timers. The commands speak to no server; what they put in\n" +
			"place is in /etc/appliance, /etc/systemd, /etc/greenboot and /var/lib/appliance.",
		Example: "  appliance device install --from http://BUILDER:8080/demo_upgrade\n" +
			"  appliance device status\n" +
			"  appliance device doctor\n" +
			"  appliance device update apps",
	}
	group(cmd)
	cmd.AddCommand(newDeviceInstall(c, g), newDeviceUninstall(c, g), newDeviceStatus(c, g), newDeviceDoctor(c, g), newDeviceCheck(c, g),
		newDeviceProbe(c, g), newDevicePrepull(c, g), newDeviceUpdate(c, g), newDeviceQuarantine(c, g), newDeviceReport(c, g),
		newDeviceProxy(c, g), newDeviceHealth(c, g))
	return cmd
}

// machine is the device that a command runs on.
type machine struct {
	profile profile.Profile
	user    *command.User // who runs the apps; nil where there is no such user
	fault   error         // why there is none
	own     bool          // this process is that user
}

// thisMachine reads the profile that was installed, and looks its user up.
func thisMachine() (machine, error) {
	data, err := os.ReadFile(deviceProfile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return machine{}, hinted{fmt.Errorf("reading the profile: %w: nothing was installed here", err), "appliance device install --from http://BUILDER:8080/BLUEPRINT"}
	case errors.Is(err, fs.ErrPermission):
		return machine{}, hinted{fmt.Errorf("reading the profile: %w", err), "run it as root, or as the user of the apps"}
	case err != nil:
		return machine{}, fmt.Errorf("reading the profile: %w", err)
	}
	p, err := profile.Parse(data, deviceProfile)
	if err != nil {
		return machine{}, err
	}
	m := machine{profile: p}
	if u, err := device.FindUser("/", p.User); err != nil {
		m.fault = err
	} else {
		m.user, m.own = &u, os.Getuid() == int(u.UID)
	}
	return m, nil
}

// session is the podman and systemd of the apps' user, as whom root acts.
func (m machine) session() (*podman.Session, error) {
	switch {
	case m.user == nil:
		return nil, m.fault
	case m.own:
		return podman.New(command.Programs{}, nil), nil
	case os.Getuid() != 0:
		return nil, hinted{fmt.Errorf("reaching the containers of %q: %w", m.user.Name, fs.ErrPermission), "run it as root or as " + m.user.Name}
	}
	return podman.New(command.Programs{}, m.user), nil
}

// badApps and badOS are the two memories of what was rolled back.
func badApps() *quarantine.Memory {
	return quarantine.Open(filepath.Join(deviceApps, "quarantine.json"))
}
func badOS() *quarantine.Memory { return quarantine.Open(filepath.Join(deviceOS, "quarantine.json")) }
