package cli

import (
	"reflect"
	"strings"
	"testing"

	"edge/appliance/netboot"
)

func TestNetbootConfig(t *testing.T) {
	c, err := parseConfig([]byte(`[netboot]
interface = "eno1"
blueprint = "demo_upgrade"
image = "lab"
[[netboot.machine]]
mac = "52:54:00:00:00:01"
device = "edge-1"
[[netboot.machine]]
mac = "52-54-00-00-00-02"
`), "x", false)
	want := netbootConfig{iface: "eno1", blueprint: "demo_upgrade", image: "lab", machines: map[netboot.MAC]string{
		{0x52, 0x54, 0, 0, 0, 1}: "edge-1", {0x52, 0x54, 0, 0, 0, 2}: ""}}
	if err != nil || !reflect.DeepEqual(c.netboot, want) {
		t.Errorf("%+v, %v", c.netboot, err)
	}
	if c, err := parseConfig(nil, "x", false); err != nil || c.netboot.iface != "" {
		t.Errorf("%+v, %v", c.netboot, err)
	}
	if c, err := parseConfig([]byte("[netboot]\ninterface = 'e'\nblueprint = 'b'\nanyone = true\n"), "x", false); err != nil || !c.netboot.anyone || c.netboot.image != "boot" {
		t.Errorf("%+v, %v", c.netboot, err)
	}
	const sound = "interface = 'e'\nblueprint = 'b'\n"
	for text, want := range map[string]string{
		"interface = 'a b'":                   "2:1: netboot.interface: \"a b\" is no name",
		"interface = 'e'\nanyone = true":      "netboot: it needs a blueprint",
		"blueprint = 'b'":                     "netboot: it needs an interface",
		sound:                                 "nobody would be answered",
		sound + "anyone = 'yes'":              "4:1: netboot.anyone",
		sound + "image = '../x'":              "4:1: netboot.image: \"../x\" is no name of a boot ISO",
		sound + "[[netboot.machine]]":         "a machine has a mac",
		sound + "[[netboot.machine]]\nmac=''": "netboot.machine[0].mac: \"\" is no address of a network card",
		sound + "[[netboot.machine]]\nmac='01:00:5e:00:00:01'":                                               "no address of a network card",
		sound + "[[netboot.machine]]\nmac='52:54:00:00:00:01'\ndevice='a/b'":                                 "netboot.machine[0].device",
		sound + "[[netboot.machine]]\nmac='52:54:00:00:00:01'\n[[netboot.machine]]\nmac='52:54:00:00:00:01'": "7:1: netboot.machine[1].mac: 52:54:00:00:00:01 is there twice",
		sound + "anyone = true\nmachines = 'any'":                                                            `unknown key "netboot.machines"`,
	} {
		if _, err := parseConfig([]byte("[netboot]\n"+text+"\n"), "x", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestMachines(t *testing.T) {
	named, other := netboot.MAC{2, 0, 0, 0, 0, 1}, netboot.MAC{2, 0, 0, 0, 0, 2}
	m := machines{netbootConfig: netbootConfig{machines: map[netboot.MAC]string{named: ""}}}
	if !m.Knows(named) || m.Knows(other) {
		t.Error("not only those that are named are known")
	}
	if m.anyone = true; !m.Knows(other) {
		t.Error("anyone is not known")
	}
}
