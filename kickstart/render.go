package kickstart

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"text/template"
)

//go:embed templates/*.ks
var templates embed.FS

// FaultyError is a rendered kickstart that Lint finds errors in; errors.Is(err, ErrInvalid).
type FaultyError struct {
	Text     []byte
	Findings []Finding // errors only
}

// Error names each finding on a line of its own.
func (e *FaultyError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%v: %d errors", ErrInvalid, len(e.Findings))
	for _, f := range e.Findings {
		s.WriteString("\n  line " + f.String())
	}
	return s.String()
}

// Is makes every FaultyError an ErrInvalid.
func (e *FaultyError) Is(target error) bool { return target == ErrInvalid }

// Render makes a kickstart. One that Lint finds an error in is refused with a *FaultyError, whoever wrote
// the template.
func Render(p Params) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	p = p.complete()
	set, err := template.New("built-in").Option("missingkey=error").Funcs(functions).ParseFS(templates, "templates/*.ks")
	if err != nil {
		return nil, fmt.Errorf("reading the built-in template: %w", err)
	}
	text := p.Template
	if text == "" {
		text = `{{template "kickstart" .}}`
	}
	set, err = set.New("template").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the template: %w", ErrInvalid, err)
	}
	out := bounded{}
	if err := set.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("%w: filling the template: %w", ErrInvalid, err)
	}
	result := append(bytes.TrimSpace(out.Bytes()), '\n')
	if faults := Errors(Lint(string(result), p.Target)); len(faults) > 0 {
		return nil, &FaultyError{result, faults}
	}
	return result, nil
}

// bounded keeps a template that goes in circles from filling the memory.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(data []byte) (int, error) {
	if b.Len()+len(data) > maxText {
		return 0, fmt.Errorf("it makes more than %d bytes", maxText)
	}
	return b.Buffer.Write(data)
}

// complete fills in what a default says.
func (p Params) complete() Params {
	p.Target = cmp.Or(p.Target, RHEL9)
	p.Wipe = cmp.Or(p.Wipe, WipeAny)
	p.Timezone = cmp.Or(p.Timezone, "UTC")
	p.Keyboard = cmp.Or(p.Keyboard, "us")
	p.Language = cmp.Or(p.Language, "en_US.UTF-8")
	p.Disk = strings.TrimPrefix(p.Disk, "/dev/")
	s := &p.Source
	s.Kind = cmp.Or(s.Kind, Pull)
	switch s.Kind {
	case Container, Bootc:
		s.OSName, s.Ref = cmp.Or(s.OSName, "default"), ""
	default:
		first, _, _ := strings.Cut(s.Ref, "/")
		s.OSName = cmp.Or(s.OSName, strings.Map(nameRune, first))
	}
	if s.Kind == Medium {
		s.URL = cmp.Or(s.URL, MediumRepository)
	}
	return p
}

// nameRune is r where OSTree's name of a system may have it.
func nameRune(r rune) rune {
	if r == '.' {
		return '-'
	}
	return r
}

// functions are what templates may use beside those of Go; see word and shell about quoting.
var functions = template.FuncMap{
	"word":     word,
	"sh":       shell,
	"script":   func(s string) string { return strings.TrimSpace(s) },
	"join":     strings.Join,
	"join2":    func(parts ...string) string { return strings.Join(parts, "") },
	"network":  network,
	"append":   appendOption,
	"registry": func(image string) string { host, _, _ := strings.Cut(image, "/"); return host },
}

const plainBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,+=@%"

var errBreak = errors.New("it has characters that would end a line")

// word quotes s for a command of a kickstart, which Anaconda takes apart with Python's shlex.
func word(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%.80q: %w", s, errBreak)
	}
	if s != "" && strings.Trim(s, plainBytes) == "" {
		return s, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// shell quotes s for a shell script.
func shell(s string) (string, error) {
	if line, _ := hiddenBreak(s); line > 0 || strings.Contains(s, "\n") {
		return "", fmt.Errorf("%.80q: %w", s, errBreak)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", nil
}

// network is the network command: how the device is reached, and what it is called.
func network(p Params) (string, error) {
	n := p.Network
	words := []string{"network"}
	switch addr := n.Address.Addr(); {
	case n.Address == (netip.Prefix{}):
		words = append(words, "--bootproto=dhcp")
	case addr.Is4():
		words = append(words, "--bootproto=static", "--ip="+addr.String(), "--netmask="+net.IP(net.CIDRMask(n.Address.Bits(), 32)).String())
		if n.Gateway.IsValid() {
			words = append(words, "--gateway="+n.Gateway.String())
		}
	default:
		words = append(words, "--noipv4", "--ipv6="+n.Address.String())
		if n.Gateway.IsValid() {
			words = append(words, "--ipv6gateway="+n.Gateway.String())
		}
	}
	words = append(words, "--device="+cmp.Or(n.Interface, "link"))
	var servers []string
	for _, a := range n.DNS {
		servers = append(servers, a.String())
	}
	if len(servers) > 0 {
		words = append(words, "--nameserver="+strings.Join(servers, ","))
	}
	words = append(words, "--activate", "--onboot=yes")
	if p.Hostname != "" {
		words = append(words, "--hostname="+p.Hostname)
	}
	for i, w := range words {
		quoted, err := word(w)
		if err != nil {
			return "", err
		}
		words[i] = quoted
	}
	return strings.Join(words, " "), nil
}

// appendOption is the option of bootloader with the kernel's arguments, or nothing.
func appendOption(p Params) (string, error) {
	if len(p.KernelArgs) == 0 {
		return "", nil
	}
	quoted, err := word(strings.Join(p.KernelArgs, " "))
	return " --append=" + quoted, err
}
