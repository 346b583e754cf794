package kickstart

import (
	"fmt"
	"regexp"
	"strings"
)

// Target is an installer whose syntax a kickstart is written in.
type Target string

// Targets.
const (
	RHEL9  Target = "rhel9"  // and CentOS Stream 9, Rocky Linux 9, …
	RHEL10 Target = "rhel10" // and CentOS Stream 10, …
	Fedora Target = "fedora" // 43 and later
)

// Targets are all of them.
func Targets() []Target { return []Target{RHEL9, RHEL10, Fedora} }

// ParseTarget wants one of Targets.
func ParseTarget(s string) (Target, error) {
	for _, t := range Targets() {
		if s == string(t) {
			return t, nil
		}
	}
	return "", fmt.Errorf("%w: target %.40q: want rhel9, rhel10 or fedora", ErrInvalid, s)
}

// Title is the target's name for a person.
func (t Target) Title() string {
	switch t {
	case RHEL10:
		return "RHEL 10"
	case Fedora:
		return "Fedora"
	}
	return "RHEL 9"
}

// column is the target's place in the table of commands.
func (t Target) column() int {
	switch t {
	case RHEL10:
		return 1
	case Fedora:
		return 2
	}
	return 0
}

var (
	refRelease     = regexp.MustCompile(`^(?:rhel|centos|rocky|almalinux)/(9|10)(?:/|\.|$)`)
	productRelease = regexp.MustCompile(`(?:^| )(9|10)(?:\.[0-9]+)?(?: |$)`)
)

// TargetOfRef guesses the target from a ref such as rhel/9/x86_64/edge; "" where it says nothing.
func TargetOfRef(ref string) Target {
	ref = strings.ToLower(ref)
	if parts := refRelease.FindStringSubmatch(ref); parts != nil {
		return Target("rhel" + parts[1])
	}
	if strings.HasPrefix(ref, "fedora/") || strings.HasPrefix(ref, "fedora-iot/") {
		return Fedora
	}
	return ""
}

// TargetOfText is whose syntax a kickstart is written in, as the first line of the built-in template says; "" where
// that line is not there.
func TargetOfText(text string) Target {
	head, _, _ := strings.Cut(text, "\n")
	for _, t := range Targets() {
		if strings.Contains(head, ", for "+t.Title()+", ") {
			return t
		}
	}
	return ""
}

// ForInstaller is the target for an installer that calls itself product in the header
// X-Anaconda-System-Release, where usual is what a kickstart would otherwise be for. Anaconda sends the
// product's name alone, "Red Hat Enterprise Linux", from which 9 and 10 cannot be told (source: its
// dracut/parse-anaconda-options.sh), so that usual decides between those.
func ForInstaller(product string, usual Target) Target {
	family := strings.ToLower(product)
	switch {
	case product == "" || len(product) > 200:
		return usual
	case strings.Contains(family, "fedora"):
		return Fedora
	}
	if parts := productRelease.FindStringSubmatch(family); parts != nil {
		return Target("rhel" + parts[1])
	}
	for _, name := range []string{"red hat", "rhel", "centos", "rocky", "almalinux", "oracle"} {
		if strings.Contains(family, name) && usual == Fedora {
			return RHEL9
		}
	}
	return usual
}
