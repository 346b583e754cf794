package iso

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Mode is how the installer comes to its kickstart and to the system.
type Mode string

// Modes.
const (
	// ModeKargs names the kickstart's URL on the kernel's command line.
	ModeKargs Mode = "kargs"
	// ModeKickstart carries the kickstart in the image; the system comes from the builder.
	ModeKickstart Mode = "kickstart"
	// ModeOffline carries the kickstart and the system.
	ModeOffline Mode = "offline"
)

// Options are what people may choose of an image. Their zero values mean the vendor's.
type Options struct {
	Console string   `json:"console,omitempty"` // ttyS0 or ttyS0,115200n8: a serial console beside the screen
	FIPS    bool     `json:"fips,omitempty"`
	Text    bool     `json:"text,omitempty"` // the installer in text mode
	IP      *Address `json:"ip,omitempty"`   // of the installer; nil: DHCP
	Add     []string `json:"add,omitempty"`  // arguments of the kernel: KEY or KEY=VALUE
	Remove  []string `json:"remove,omitempty"`
}

// Address is a static IP configuration of the installer.
type Address struct {
	Address   netip.Prefix `json:"address"` // 192.168.1.10/24
	Gateway   netip.Addr   `json:"gateway"`
	DNS       netip.Addr   `json:"dns,omitzero"`
	Interface string       `json:"interface,omitempty"` // "": the first
}

var (
	consoleForm   = regexp.MustCompile(`^(?:tty[A-Z]{1,4}|hvc)[0-9]{1,3}(?:,[0-9]{3,7}(?:[noe][78])?)?$`)
	interfaceForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,14}$`)
	// What neither the shell of GRUB nor isolinux takes for more than a letter, or what one pair of quotation
	// marks protects from it.
	argumentForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]*(?:=[A-Za-z0-9._,:/=@+%&?~#\[\]!*()-]*)?$`)
	deviceForm   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$`)
	nameForm     = deviceForm
)

// owned are arguments that other options stand for.
var owned = map[string]string{
	"inst.ks": "it is what the image is about", "ks": "it is what the image is about",
	"inst.stage2": "the vendor's names the medium itself", "initrd": "the boot menu sets it", "BOOT_IMAGE": "the boot loader sets it",
}

// Check tells every fault at once; each is an ErrInvalid.
func (o Options) Check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...))
	}
	if o.Console != "" && !consoleForm.MatchString(o.Console) {
		fault("console %.40q: want one such as ttyS0 or ttyS0,115200n8", o.Console)
	}
	if len(o.Add)+len(o.Remove) > 64 {
		fault("%d arguments of the kernel; at most 64", len(o.Add)+len(o.Remove))
	}
	for _, a := range o.Add {
		key, _, _ := strings.Cut(a, "=")
		if why := owned[key]; why != "" {
			fault("argument %q of the kernel: %s", a, why)
		} else if !argumentForm.MatchString(a) {
			fault("argument %.80q of the kernel: want KEY or KEY=VALUE without spaces, quotation marks, $, ; or backslashes", a)
		}
	}
	for _, a := range o.Remove {
		key, _, _ := strings.Cut(a, "=")
		if key == "inst.stage2" {
			fault("argument %q of the kernel cannot be removed: without it the installer does not find its medium", a)
		} else if a == "" || strings.ContainsAny(a, " \t\n") {
			fault("argument %.80q of the kernel to remove: want KEY or KEY=VALUE", a)
		}
	}
	if o.IP != nil {
		faults = append(faults, o.IP.check()...)
	}
	return errors.Join(faults...)
}

func (a Address) check() (faults []error) {
	switch {
	case !a.Address.IsValid() || !a.Gateway.IsValid():
		faults = append(faults, fmt.Errorf("%w: a static address needs ADDRESS/BITS and a gateway", ErrInvalid))
	case !a.Address.Contains(a.Gateway):
		faults = append(faults, fmt.Errorf("%w: gateway %s is not in the network of %s", ErrInvalid, a.Gateway, a.Address))
	case a.Address.Addr() == a.Gateway:
		faults = append(faults, fmt.Errorf("%w: the gateway has the address of the machine, %s", ErrInvalid, a.Gateway))
	}
	if a.Interface != "" && !interfaceForm.MatchString(a.Interface) {
		faults = append(faults, fmt.Errorf("%w: %.40q is no network interface", ErrInvalid, a.Interface))
	}
	return faults
}

// arguments of the kernel that o stands for. Sources: dracut.cmdline(7), Anaconda's boot options, kernel-parameters.
func (o Options) arguments() []string {
	var args []string
	if o.Console != "" {
		args = append(args, "console=tty0", "console="+o.serial()) // the last one is /dev/console
	}
	if o.FIPS {
		args = append(args, "fips=1")
	}
	if o.Text {
		args = append(args, "inst.text")
	}
	if o.IP != nil {
		args = append(args, o.IP.arguments()...)
	}
	return append(args, o.Add...)
}

// serial has the speed that everybody uses where none is said.
func (o Options) serial() string {
	if strings.HasPrefix(o.Console, "ttyS") && !strings.Contains(o.Console, ",") {
		return o.Console + ",115200"
	}
	return o.Console
}

func (a Address) arguments() []string {
	ip, gateway, mask := a.Address.Addr().String(), a.Gateway.String(), fmt.Sprint(a.Address.Bits())
	if a.Address.Addr().Is4() {
		mask = netmask(a.Address.Bits())
	} else {
		ip, gateway = "["+ip+"]", "["+gateway+"]"
	}
	args := []string{"ip=" + ip + "::" + gateway + ":" + mask + "::" + a.Interface + ":none"}
	if a.DNS.IsValid() {
		dns := a.DNS.String()
		if a.DNS.Is6() {
			dns = "[" + dns + "]"
		}
		args = append(args, "nameserver="+dns)
	}
	return args
}

func netmask(bits int) string {
	m := ^uint32(0) << (32 - bits)
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}

// CheckDevice wants the name of a device as it may stand in a path.
func CheckDevice(id string) error {
	if !deviceForm.MatchString(id) {
		return fmt.Errorf("%w: device %.80q: want at most 64 letters, digits, '.', '_' and '-'", ErrInvalid, id)
	}
	return nil
}

func checkName(what, name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: %s %.80q: want at most 64 letters, digits, '.', '_' and '-'", ErrInvalid, what, name)
	}
	return nil
}
