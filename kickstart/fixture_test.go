package kickstart

import (
	"net/netip"
	"strings"
	"testing"
)

const (
	testKey  = "VOU4fkyG67SdPahVuCo7zbUERAhfAYPNR4EB+fHpB14="
	testSSH  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f field@example"
	testHash = "$6$saltsalt$5ZWg0n8nMmYJ7VbJmW0n8nMmYJ7VbJmW0n8nMmYJ7VbJmW0n8nMmYJ7VbJmW0n8nMmYJ7VbJmW"
)

// base is the least that a kickstart needs.
func base() Params {
	return Params{
		Blueprint: "demo_upgrade", Builder: "http://builder.example:8080", Key: testKey, User: "admin",
		Source:   Source{Remote: "edge", Ref: "rhel/9/x86_64/edge", URL: "http://builder.example:8080/demo_upgrade/repo/"},
		Programs: []Program{{"amd64", strings.Repeat("a1", 32)}},
	}
}

// full says everything.
func full() Params {
	p := base()
	p.Device, p.Hostname = "edge-1", "edge-1.example"
	p.Network = Network{Interface: "enp1s0", Address: netip.MustParsePrefix("192.0.2.10/24"), Gateway: netip.MustParseAddr("192.0.2.1"), DNS: []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2")}}
	p.Timezone, p.Keyboard, p.Language, p.TimeServers = "Europe/Madrid", "es", "es_ES.UTF-8", []string{"ntp.example"}
	p.Disk, p.Wipe, p.KernelArgs = "/dev/disk/by-id/ata-DISK_1", WipeEmpty, []string{"console=ttyS0,115200", "quiet"}
	p.Groups, p.SSHKeys, p.PasswordHash = []string{"wheel", "dialout"}, []string{testSSH}, testHash
	p.Programs = append(p.Programs, Program{"arm64", strings.Repeat("b2", 32)})
	p.EnrolToken, p.Callback = strings.Repeat("c3", 20), "http://builder.example:8080/k/abcdefghijklmnopqrstuvwxyz"
	p.Pre, p.Post = "echo before", "echo after >/etc/motd\n"
	return p
}

func render(t *testing.T, p Params) string {
	t.Helper()
	out, err := Render(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
