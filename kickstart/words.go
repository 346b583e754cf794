package kickstart

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// What a kickstart says ends up in commands of Anaconda, in shell scripts and in comments. Each kind of
// word therefore has a form in which nothing can mean something there.
var (
	hostnameForm  = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	diskForm      = regexp.MustCompile(`^(?:/dev/)?[A-Za-z0-9][A-Za-z0-9._:+-]*(?:/[A-Za-z0-9][A-Za-z0-9._:+-]*)*$`)
	hashForm      = regexp.MustCompile(`^\$(?:y|gy|7|2[aby]|5|6)\$[A-Za-z0-9./=,$]{20,300}$`) // crypt(5); a plain password, DES and MD5 are not among these
	sshForm       = regexp.MustCompile(`^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+=*)(?: [ -~]{1,200})?$`)
	deviceForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	blueprintForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	userForm      = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	nameForm      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	refForm       = regexp.MustCompile(`^(?:[A-Za-z0-9_][-._A-Za-z0-9]*/)*[A-Za-z0-9_][-._A-Za-z0-9]*$`)
	imageForm     = regexp.MustCompile(`^[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$`)
	urlForm       = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/\[\]-]+$`)
	fileForm      = regexp.MustCompile(`^file:///[A-Za-z0-9._/-]+$`)
	timezoneForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z][A-Za-z0-9_+-]*){0,2}$`)
	keyboardForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,40}$`)
	languageForm  = regexp.MustCompile(`^[a-z]{2,3}(?:_[A-Z]{2})?(?:\.UTF-8)?(?:@[a-z]{1,20})?$`)
	interfaceForm = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9._-]{0,14}|(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})$`)
	kernelForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*(?:=[A-Za-z0-9._,:/@+-]*)?$`)
	sumForm       = regexp.MustCompile(`^[0-9a-f]{64}$`)
	tokenForm     = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)
)

// form makes a check of a pattern, and says what is wanted where it does not fit.
func form(pattern *regexp.Regexp, longest int, want string) func(string) error {
	return func(s string) error {
		if len(s) > longest || !pattern.MatchString(s) {
			return fmt.Errorf("%.80q is no %s", s, want)
		}
		return nil
	}
}

// CheckHostname wants the name of a host.
func CheckHostname(s string) error {
	return form(hostnameForm, 253, "name of a host: want one such as edge-1")(s)
}

// CheckDisk wants a disk as Linux names it, with or without /dev/.
func CheckDisk(s string) error {
	return form(diskForm, 200, "disk: want one such as sda or /dev/disk/by-id/NAME")(s)
}

// CheckHash wants the hash of a password. It does not repeat what it refuses: that may be a password.
func CheckHash(s string) error {
	if !hashForm.MatchString(s) {
		return errors.New("this is no hash of a password: make one with: openssl passwd -6")
	}
	return nil
}

// CheckSSHKey wants a line of authorized_keys without options.
func CheckSSHKey(s string) error {
	parts := sshForm.FindStringSubmatch(s)
	if parts == nil {
		return fmt.Errorf("%.80q is no public key of SSH: want a line of a file such as id_ed25519.pub", s)
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	if size := len(parts[1]); err != nil || len(data) < size+8 || string(data[4:4+size]) != parts[1] {
		return fmt.Errorf("%.80q is no whole public key of SSH: copy the line of the .pub file again", s)
	}
	return nil
}

// CheckDevice wants what a builder calls a device before it has ever heard of it.
func CheckDevice(s string) error {
	return form(deviceForm, 63, "name of a device: want letters, digits and ._-, such as edge-1")(s)
}

// CheckTimezone wants the name of a time zone.
func CheckTimezone(s string) error {
	return form(timezoneForm, 60, "time zone: want one such as UTC or Europe/Madrid")(s)
}

// CheckKeyboard wants the name of a layout.
func CheckKeyboard(s string) error {
	return form(keyboardForm, 41, "keyboard: want one such as us or de-nodeadkeys")(s)
}

// CheckLanguage wants the name of a locale.
func CheckLanguage(s string) error {
	return form(languageForm, 40, "language: want one such as en_US.UTF-8")(s)
}

// CheckGroup wants the name of a group of users.
func CheckGroup(s string) error { return form(userForm, 32, "group: want one such as wheel")(s) }

// CheckKernelArg wants one argument of the kernel's command line.
func CheckKernelArg(s string) error {
	return form(kernelForm, 200, "argument of the kernel: want one such as console=ttyS0,115200")(s)
}

// CheckOSName wants what OSTree calls the folder of a system.
func CheckOSName(s string) error {
	return form(nameForm, 64, "name of a system: want letters, digits, _ and -, such as rhel")(s)
}

// CheckImage wants a container image with its registry and a tag or digest.
func CheckImage(s string) error {
	return form(imageForm, 400, "image: want HOST/REPOSITORY:TAG")(s)
}

// CheckInterface wants a link's name or its MAC address.
func CheckInterface(s string) error {
	return form(interfaceForm, 17, "network interface: want one such as enp1s0, or a MAC address")(s)
}

// CheckTimeServer wants the name or address of a host.
func CheckTimeServer(s string) error {
	if _, err := netip.ParseAddr(s); err == nil && !strings.Contains(s, "%") {
		return nil
	}
	return CheckHostname(s)
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > 1000 || !urlForm.MatchString(s) || u.Hostname() == "" {
		return fmt.Errorf("%.80q is no URL: want http://HOST:PORT", s)
	}
	return nil
}

func checkKey(s string) error {
	key, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize || base64.StdEncoding.EncodeToString(key) != s {
		return fmt.Errorf("%.80q is no ed25519 public key: want the base64 of %d bytes", s, ed25519.PublicKeySize)
	}
	return nil
}
