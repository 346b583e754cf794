package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is a network with a DHCP server that has never heard of us, in a namespace of its own. Its cable to this
// machine ends at an interface with the address siteHost.
type site struct {
	t     *testing.T
	name  string // of the namespace
	iface string // the end of the cable here
	said  bytes.Buffer
}

const (
	siteHost   = "198.51.100.1"
	siteServer = "198.51.100.2"
)

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, name: fmt.Sprintf("appliance-%d", os.Getpid()), iface: fmt.Sprintf("site%d", os.Getpid())}
	run(t, "ip", "netns", "add", s.name)
	t.Cleanup(func() { run(t, "ip", "netns", "delete", s.name) }) // and the cable with it
	run(t, "ip", "link", "add", s.iface, "type", "veth", "peer", "name", "uplink", "netns", s.name)
	run(t, "ip", "address", "add", siteHost+"/24", "dev", s.iface)
	run(t, "ip", "link", "set", s.iface, "up")
	for _, line := range []string{
		"link add bridge type bridge forward_delay 0",
		"address add " + siteServer + "/24 dev bridge",
		"tuntap add machine mode tap",
		"link set uplink master bridge",
		"link set machine master bridge",
		"link set lo up", "link set bridge up", "link set uplink up", "link set machine up",
	} {
		run(t, "ip", append([]string{"-n", s.name}, strings.Fields(line)...)...)
	}
	s.serveDHCP()
	return s
}

// command is one that runs at the site.
func (s *site) command(ctx context.Context, argv ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", s.name}, argv...)...)
}

// serveDHCP starts a DHCP server that gives addresses and nothing else.
func (s *site) serveDHCP() {
	cmd := s.command(context.Background(), "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file", "--user=root", "--port=0", "--no-ping",
		"--interface=bridge", "--bind-interfaces", "--dhcp-authoritative", "--log-dhcp", "--dhcp-leasefile="+filepath.Join(s.t.TempDir(), "leases"),
		"--dhcp-range=198.51.100.50,198.51.100.99,1h", "--dhcp-option=option:router", "--dhcp-option=option:dns-server")
	cmd.Stdout, cmd.Stderr = &s.said, &s.said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("the site's DHCP server said:\n%s", &s.said)
		}
	})
}

// lease is what the system of a machine gets by DHCP, with a client that does not boot from it.
func (s *site) lease(mac string) string {
	s.t.Helper()
	for _, line := range []string{
		"link add client address " + mac + " type veth peer name port",
		"link set port master bridge", "link set port up", "link set client up",
	} {
		run(s.t, "ip", append([]string{"-n", s.name}, strings.Fields(line)...)...)
	}
	defer run(s.t, "ip", "-n", s.name, "link", "delete", "client")
	script := filepath.Join(s.t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$1 address=$ip server=$serverid file=$boot_file\"\n"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	out, err := s.command(context.Background(), "busybox", "udhcpc", "-i", "client", "-f", "-q", "-n", "-t", "5", "-T", "2", "-O", "bootfile", "-s", script).CombinedOutput()
	if err != nil {
		s.t.Fatalf("no lease: %v\n%s", err, out)
	}
	return string(out)
}

// machineInit is the whole system that boots: it says what it was given.
const machineInit = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "GIVEN-CMDLINE $(/bin/busybox cat /proc/cmdline)"
/bin/busybox cat /ks.cfg
echo GIVEN-END
/bin/busybox reboot -f
`

// stockBootISO makes a vendor's boot ISO with a kernel of this machine and an initrd that answers on the console.
func stockBootISO(t *testing.T) string {
	t.Helper()
	kernels, _ := filepath.Glob("/boot/vmlinuz-*")
	if own := os.Getenv("APPLIANCE_KERNEL"); own != "" {
		kernels = []string{own}
	}
	if len(kernels) == 0 {
		t.Fatal("no kernel in /boot to boot from: install linux-image-cloud-amd64, or name one with APPLIANCE_KERNEL")
	}
	dir := t.TempDir()
	initrd, file := filepath.Join(dir, "initrd.img"), filepath.Join(dir, "rhel-10.0-x86_64-boot.iso")
	run(t, "sh", "-ec", `mkdir -p "$1/root/bin" "$1/root/proc"
cp /bin/busybox "$1/root/bin/"
printf %s "$2" >"$1/root/init"
chmod 755 "$1/root/init"
cd "$1/root" && find . | cpio --quiet -o -H newc >"$1/initrd.img"`, "sh", dir, machineInit)
	cmd := exec.Command("../iso/testdata/stock.sh", "rhel10", file, "0")
	cmd.Env = append(os.Environ(), "KERNEL="+slices.Max(kernels), "INITRD="+initrd, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a stock ISO: %v\n%s", err, out)
	}
	return file
}

const netbootFirmware = "/usr/share/OVMF/OVMF_CODE_4M.fd"

// boot switches a machine on that has a network card and no disk, and returns what its console said.
func (s *site) boot(mac string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute) // half a minute where nobody else wants the processor
	defer cancel()
	cmd := s.command(ctx, "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-m", "1024", "-nographic", "-nodefaults", "-vga", "std",
		"-serial", "stdio", "-no-reboot", "-drive", "if=pflash,format=raw,unit=0,readonly=on,file="+netbootFirmware,
		"-netdev", "tap,id=net,ifname=machine,script=no,downscript=no", "-device", "virtio-net-pci,netdev=net,romfile=,bootindex=0,mac="+mac,
		// The firmware boots from the network by PXE before it does by HTTP, and waits a minute for each PXE.
		"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n", "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n")
	var console bytes.Buffer
	cmd.Stdout, cmd.Stderr = &console, &console
	_ = cmd.Run() // it ends with the reboot, or is killed
	return strings.ReplaceAll(console.String(), "\r", "")
}

// A machine with nothing but a network card boots its own installer: the site's DHCP server gives it an address, and
// ours beside it the URL. The firmware fetches the overlay and boots it as a CD.
func TestNetboot(t *testing.T) {
	t.Parallel()
	needPeers(t, "qemu-system-x86_64", "dnsmasq", "ip", "xorriso", "implantisomd5", "mcopy", "grub-mkimage", "cpio", "busybox")
	reason := noContainers()
	if reason == "" && !exists("/dev/net/tun") {
		reason = "the network card of a virtual machine needs /dev/net/tun"
	}
	if reason != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	if !exists(netbootFirmware) {
		t.Fatal("the firmware OVMF is not installed")
	}
	s := newSite(t)
	wire, err := net.Listen("tcp4", siteHost+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wire.Close() })
	const mac = "52:54:00:12:34:56"
	url := "http://" + wire.Addr().String()
	config := writeFile(t, "appliance.toml", fmt.Sprintf("[netboot]\ninterface = %q\nblueprint = 'demo_upgrade'\n[[netboot.machine]]\nmac = %q\ndevice = 'edge-7'\n", s.iface, mac))
	l := &lab{t: t, house: newHouse(t, "--sample", "--url", url, "--config", config)}
	l.plug()
	go l.carry(wire)
	l.house.must("iso", "add", stockBootISO(t))
	l.house.must("iso", "build", "demo_upgrade", "--console", "ttyS0", "--karg", "panic=-1", "--no-karg", "quiet")

	if lease := s.lease(mac); !strings.Contains(lease, "bound address=198.51.100.") || !strings.Contains(lease, "server="+siteServer+" file=\n") {
		t.Errorf("a system that is installed gets %s", lease)
	}
	if diary := l.house.must("event", "-o", "json"); strings.Contains(diary, "netboot.") {
		t.Errorf("a system that is installed was answered:\n%s", diary)
	}
	begin := time.Now()
	console := s.boot(mac)
	t.Logf("from power on to the installer's system in %s", time.Since(begin).Round(time.Second))
	_, given, came := strings.Cut(console, "GIVEN-CMDLINE ")
	line, kickstart, _ := strings.Cut(given, "\n")
	kickstart, _, ended := strings.Cut(kickstart, "GIVEN-END")
	if !came || !ended {
		t.Fatalf("no system came up; the machine said:\n%s", console[max(len(console)-3000, 0):])
	}
	if !strings.Contains(line, "inst.ks=file:/ks.cfg") || !strings.Contains(line, "inst.stage2=hd:LABEL=RHEL-10-0-BaseOS-x86_64") || strings.Contains(line, "rd.live.check") {
		t.Errorf("the kernel was given %q", line)
	}
	for _, want := range []string{url + "/demo_upgrade/repo/", "edge-7"} {
		if !strings.Contains(kickstart, want) {
			t.Errorf("no %q in the kickstart:\n%s", want, kickstart)
		}
	}
	if diary := l.house.must("event", "-o", "json"); !strings.Contains(diary, url+"/demo_upgrade/images/by-device/edge-7.iso") || !strings.Contains(diary, "netboot.told") {
		t.Errorf("the diary does not say what the machine was told:\n%s", diary)
	}
}
