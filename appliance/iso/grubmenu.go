package iso

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Verbs of GRUB that start Linux; the variants are of distributions and of the time before UEFI was one with BIOS.
var (
	grubKernelVerbs = []string{"linux", "linuxefi", "linux16"}
	grubInitrdVerbs = []string{"initrd", "initrdefi", "initrd16"}
)

var grubClass = regexp.MustCompile(` --class '?[\w-]+'?`)

func parseGRUB(lines []string) (menu, error) {
	var m menu
	depth := 0
	var open *menuEntry
	for _, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		first, _, _ := strings.Cut(squeeze(line), " ")
		if depth == 0 && (first == "menuentry" || first == "submenu") {
			m.entries = append(m.entries, menuEntry{title: grubTitle(line)})
			open = &m.entries[len(m.entries)-1]
		}
		switch {
		case line == "}":
			depth--
		case strings.HasSuffix(line, "{"):
			depth++
		case open != nil && first != "menuentry" && first != "submenu" && depth == 1:
			open.take(line)
		}
		if depth < 0 {
			return m, fmt.Errorf("%w: a boot menu with a brace too many", ErrMalformed)
		}
		line = grubClass.ReplaceAllString(squeeze(line), "")
		switch {
		case open != nil:
			open.lines = append(open.lines, line)
		case len(m.entries) > 0:
			m.entries = append(m.entries, menuEntry{lines: []string{line}, title: line})
		default:
			m.head = append(m.head, line)
		}
		if depth == 0 {
			if open != nil {
				open.settle()
			}
			open = nil
		}
	}
	if depth != 0 {
		return m, fmt.Errorf("%w: a boot menu with a brace that is not closed", ErrMalformed)
	}
	return m, nil
}

// take notes how an entry boots.
func (e *menuEntry) take(line string) {
	verb, rest, _ := strings.Cut(squeeze(line), " ")
	words := strings.Fields(rest)
	has := func(verbs []string) bool {
		for _, v := range verbs {
			if verb == v {
				return len(words) > 0
			}
		}
		return false
	}
	if e.boot == nil {
		e.boot = &bootLine{}
	}
	switch {
	case has(grubKernelVerbs):
		e.boot.kernelVerb, e.boot.kernel, e.boot.args = verb, words[0], words[1:]
	case has(grubInitrdVerbs):
		e.boot.initrdVerb, e.boot.initrds = verb, words
	}
}

// settle forgets what is not whole, and submenus: what they start is a level below.
func (e *menuEntry) settle() {
	if e.boot != nil && (e.boot.kernel == "" || len(e.boot.initrds) == 0 || strings.HasPrefix(e.lines[0], "submenu")) {
		e.boot = nil
	}
}

// grubTitle is what stands in the first quotation marks.
func grubTitle(line string) string {
	i := strings.IndexAny(line, `'"`)
	if i < 0 {
		_, rest := word(line)
		return rest
	}
	title, _, _ := strings.Cut(line[i+1:], line[i:i+1])
	return title
}

func (m menu) grub(c choice, args []string) []string {
	var lines []string
	for _, line := range m.head {
		if name, ok := strings.CutPrefix(line, "set "); ok && !strings.HasSuffix(line, "{") && (strings.HasPrefix(name, "default=") || strings.HasPrefix(name, "timeout=") || strings.HasPrefix(name, "timeout_style=")) {
			continue
		}
		lines = append(lines, line)
	}
	lines = append(lines, `set default=0`, `set timeout=`+strconv.Itoa(c.seconds)) // the last one counts, whatever stays above
	b := m.first().boot
	initrds := b.initrds
	if c.tail != "" {
		initrds = append(initrds[:len(initrds):len(initrds)], c.tail)
	}
	vendor := map[string]bool{}
	for _, a := range b.args {
		vendor[a] = true
	}
	for i, a := range args {
		// The vendor's stand as they stood; ours have characters that mean something to GRUB's shell.
		if !vendor[a] && strings.ContainsAny(a, "&;|<>$(){}[]*?!#~") {
			args[i] = "'" + a + "'"
		}
	}
	return append(lines,
		"menuentry '"+c.title+"' {",
		strings.Join(append([]string{b.kernelVerb, b.kernel}, args...), " "),
		strings.Join(append([]string{b.initrdVerb}, initrds...), " "),
		"}")
}
