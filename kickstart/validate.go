package kickstart

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// faults gathers what is wrong with parameters, so that all of it is told at once.
type faults []error

func (f *faults) note(name string, err error) {
	if err != nil {
		*f = append(*f, fmt.Errorf("%w: %s: %w", ErrInvalid, name, err))
	}
}

// text checks a value that may be left out.
func (f *faults) text(name, s string, check func(string) error) {
	if s != "" {
		f.note(name, check(s))
	}
}

// needed checks a value that may not.
func (f *faults) needed(name, s string, check func(string) error) {
	if s == "" {
		f.note(name, errors.New("it is needed"))
		return
	}
	f.note(name, check(s))
}

func (f *faults) texts(name string, list []string, most int, check func(string) error) {
	if len(list) > most {
		f.note(name, fmt.Errorf("there are %d, and %d are allowed", len(list), most))
		return
	}
	for _, s := range list {
		f.note(name, check(s))
	}
}

// Validate tells everything that is wrong with p, joined, or nil; errors.Is(err, ErrInvalid).
func (p Params) Validate() error {
	var f faults
	if p.Target != "" {
		_, err := ParseTarget(string(p.Target))
		f.note("target", err)
	}
	f.needed("blueprint", p.Blueprint, form(blueprintForm, 64, "blueprint, such as demo_upgrade"))
	f.text("device", p.Device, CheckDevice)
	f.needed("builder", p.Builder, checkURL)
	f.text("key", p.Key, checkKey)
	f.text("hostname", p.Hostname, CheckHostname)
	f.text("timezone", p.Timezone, CheckTimezone)
	f.text("keyboard", p.Keyboard, CheckKeyboard)
	f.text("language", p.Language, CheckLanguage)
	f.texts("time servers", p.TimeServers, 8, CheckTimeServer)
	f.text("disk", p.Disk, CheckDisk)
	if !slices.Contains([]Wipe{"", WipeAny, WipeEmpty}, p.Wipe) {
		f.note("wipe", fmt.Errorf("%.40q: want any or empty", p.Wipe))
	}
	f.texts("kernel arguments", p.KernelArgs, 32, CheckKernelArg)
	p.validatePeople(&f)
	p.validatePrograms(&f)
	p.validateSource(&f)
	f = append(f, p.Network.faults()...)
	f.text("pre", p.Pre, checkSnippet)
	f.text("post", p.Post, checkSnippet)
	if len(p.Template) > maxText {
		f.note("template", fmt.Errorf("it has %d bytes, and %d are allowed", len(p.Template), maxText))
	}
	return errors.Join(f...)
}

func (p Params) validatePeople(f *faults) {
	f.needed("user", p.User, func(s string) error {
		if s == "root" {
			return errors.New("apps do not run as root: name an ordinary user, such as admin")
		}
		return form(userForm, 32, "user: want lower-case letters, digits, _ and -, such as admin")(s)
	})
	f.texts("groups", p.Groups, 16, CheckGroup)
	f.texts("SSH keys", p.SSHKeys, 64, CheckSSHKey)
	f.text("password hash", p.PasswordHash, CheckHash)
}

func (p Params) validatePrograms(f *faults) {
	seen := map[string]bool{}
	for _, program := range p.Programs {
		if program.Machine() == "" || seen[program.Arch] {
			f.note("programs", fmt.Errorf("architecture %.40q: want amd64 and arm64, each once", program.Arch))
		}
		seen[program.Arch] = true
		f.note("programs", form(sumForm, 64, "SHA-256: want 64 hexadecimal digits")(program.SHA256))
	}
	if len(p.Programs) == 0 {
		f.note("programs", errors.New("the builder has no program for any device"))
	}
	f.text("callback", p.Callback, checkURL)
	f.text("enrolment token", p.EnrolToken, func(s string) error {
		if !tokenForm.MatchString(s) {
			return errors.New("it is no token") // not repeated: it is a secret
		}
		return nil
	})
}

func (p Params) validateSource(f *faults) {
	s := p.Source
	f.text("osname", s.OSName, CheckOSName)
	ref := form(refForm, 400, "ref: want one such as rhel/9/x86_64/edge")
	switch s.Kind {
	case "", Pull:
		f.needed("ref", s.Ref, ref)
		f.needed("repository", s.URL, checkURL)
	case Medium:
		f.needed("ref", s.Ref, ref)
		f.text("repository", s.URL, form(fileForm, 400, "repository on the medium: want "+MediumRepository))
	case Container, Bootc:
		f.needed("image", s.Image, CheckImage)
		if s.Kind == Bootc && p.Target.column() == 0 {
			f.note("source", errors.New("bootc is not known to RHEL 9: use container, or the target rhel10"))
		}
	default:
		f.note("source", fmt.Errorf("%.40q: want pull, medium, container or bootc", s.Kind))
	}
	f.needed("remote", s.Remote, form(nameForm, 64, "name of a remote: want one such as edge"))
}

// Check wants a static address whole. One that means nothing without a zone is refused.
func (n Network) Check() error { return errors.Join(n.faults()...) }

func (n Network) faults() faults {
	var f faults
	f.text("network interface", n.Interface, CheckInterface)
	if n.Address == (netip.Prefix{}) {
		if n.Gateway.IsValid() {
			f.note("network", errors.New("a gateway needs an address: want one such as 192.0.2.10/24"))
		}
	} else if !n.Address.IsValid() || n.Address.Addr().Zone() != "" || n.Address.Addr().Is4In6() || n.Address.Addr().IsUnspecified() || n.Address.Addr().IsMulticast() {
		f.note("network", fmt.Errorf("%q is no address of a device: want one such as 192.0.2.10/24", n.Address))
	} else if n.Gateway.IsValid() && (n.Gateway.Zone() != "" || n.Gateway.Is4() != n.Address.Addr().Is4()) {
		f.note("network", fmt.Errorf("gateway %q is of another family than %q", n.Gateway, n.Address))
	}
	if len(n.DNS) > 8 {
		f.note("network", fmt.Errorf("there are %d name servers, and 8 are allowed", len(n.DNS)))
	}
	for _, a := range n.DNS {
		if !a.IsValid() || a.Zone() != "" {
			f.note("network", fmt.Errorf("%q is no address of a name server", a))
		}
	}
	return f
}

// checkSnippet refuses what would end the section that a script stands in. Its syntax is the lint's affair.
func checkSnippet(script string) error {
	if len(script) > maxText {
		return fmt.Errorf("it has %d bytes, and %d are allowed", len(script), maxText)
	}
	if at, r := hiddenBreak(script); at > 0 {
		return fmt.Errorf("line %d has the character %U, at which Anaconda breaks lines: take it out", at, r)
	}
	for i, line := range strings.Split(script, "\n") {
		word := firstWord(line)
		if slices.Contains(sectionNames, word) || word == "%end" || word == "%include" || word == "%ksappend" {
			return fmt.Errorf("line %d begins with %s, which is a word of kickstarts; give the script alone", i+1, word)
		}
	}
	return nil
}
