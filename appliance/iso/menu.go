package iso

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Dialect is the language of a boot menu.
type Dialect string

// Dialects.
const (
	GRUB     Dialect = "grub"
	Isolinux Dialect = "isolinux"
)

// menu is a boot menu taken apart: what comes before the entries, and the entries, each with all of its lines.
// Comments, blank lines and indentation are gone.
type menu struct {
	head    []string
	entries []menuEntry
}

type menuEntry struct {
	lines []string
	title string
	boot  *bootLine // nil for what starts no installer
}

// bootLine is how an entry starts an installer.
type bootLine struct {
	kernelVerb, kernel string
	initrdVerb         string
	initrds            []string
	args               []string // of the kernel
}

// choice is the entry that we put in front.
type choice struct {
	title   string
	args    []string // to add; the tail is not among them
	remove  []string // arguments of the vendor's to leave out: KEY or KEY=VALUE
	tail    string   // another initrd, "" for none
	serial  string   // ttyS0,115200: where the menu is shown, too
	seconds int      // until it starts
}

// maxCommandLine is what Linux takes on x86 (COMMAND_LINE_SIZE), without the NUL at its end.
const maxCommandLine = 2047

// parseMenu refuses what has no entry that starts an installer.
func parseMenu(d Dialect, text []byte) (menu, error) {
	if bytes.IndexByte(text, 0) >= 0 {
		return menu{}, fmt.Errorf("%w: a boot menu with NUL in it", ErrMalformed)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	var m menu
	var err error
	if d == GRUB {
		m, err = parseGRUB(lines)
	} else {
		m, err = parseIsolinux(lines)
	}
	if err != nil {
		return menu{}, err
	}
	if m.first() == nil {
		return menu{}, fmt.Errorf("%w: a boot menu without an entry that starts an installer", ErrUnsupported)
	}
	return m, nil
}

// first is the entry that ours is made from: the vendor's plain installation comes first.
func (m menu) first() *menuEntry {
	i := slices.IndexFunc(m.entries, func(e menuEntry) bool { return e.boot != nil })
	if i < 0 {
		return nil
	}
	return &m.entries[i]
}

// rewritten is a menu with our entry first and the default, in exactly size bytes. left out are the titles of
// vendor's entries for which there is no room.
func (m menu) rewritten(d Dialect, c choice, size int) (text []byte, leftOut []string, err error) {
	args := c.commandLine(m.first().boot.args)
	if n := len(strings.Join(args, " ")); n > maxCommandLine {
		return nil, nil, fmt.Errorf("%w: the kernel's command line would have %d bytes; Linux takes %d", ErrInvalid, n, maxCommandLine)
	}
	var lines []string
	if d == GRUB {
		lines = m.grub(c, args)
	} else {
		lines = m.isolinux(c, args)
	}
	text = []byte(strings.Join(lines, "\n") + "\n")
	if len(text) > size {
		return nil, nil, fmt.Errorf("%w: the boot menu has %d bytes and our entry needs %d of them more", ErrNoRoom, size, len(text)-size)
	}
	for _, e := range m.entries {
		own := strings.Join(d.kept(e), "\n") + "\n"
		if len(text)+len(own) > size {
			leftOut = append(leftOut, e.title)
			continue
		}
		text = append(text, own...)
	}
	return append(text, bytes.Repeat([]byte("\n"), size-len(text))...), leftOut, nil
}

// kept are the lines of a vendor's entry below ours.
func (d Dialect) kept(e menuEntry) []string {
	if d == GRUB {
		return e.lines
	}
	return slices.DeleteFunc(slices.Clone(e.lines), func(line string) bool { return strings.EqualFold(squeeze(line), "menu default") })
}

// commandLine is the vendor's with the media test and every kickstart taken out, and ours added.
func (c choice) commandLine(vendor []string) []string {
	var args []string
	for _, a := range vendor {
		key, _, _ := strings.Cut(a, "=")
		if key == "rd.live.check" || key == "inst.ks" || key == "ks" || slices.Contains(c.remove, a) || slices.Contains(c.remove, key) {
			continue
		}
		args = append(args, a)
	}
	for _, a := range c.args {
		if !slices.Contains(args, a) {
			args = append(args, a)
		}
	}
	return args
}

func squeeze(line string) string { return strings.Join(strings.Fields(line), " ") }

// word is the first word of a line, in small letters, and the rest.
func word(line string) (first, rest string) {
	first, rest, _ = strings.Cut(squeeze(line), " ")
	return strings.ToLower(first), rest
}
