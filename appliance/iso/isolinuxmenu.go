package iso

import (
	"strconv"
	"strings"
)

// parseIsolinux takes a menu apart. Source: Syslinux 6, doc/menu.txt and doc/syslinux.txt.
func parseIsolinux(lines []string) (menu, error) {
	var p isolinuxParser
	for _, line := range lines {
		p.line(line)
	}
	for _, e := range p.menu.entries {
		if e.boot != nil && (e.boot.kernel == "" || len(e.boot.initrds) == 0) {
			e.boot = nil
		}
		if len(e.lines) > 0 {
			p.kept = append(p.kept, e)
		}
	}
	p.menu.entries = p.kept
	return p.menu, nil
}

type isolinuxParser struct {
	menu menu
	open bool // lines belong to the last entry, and no longer to the head
	deep int  // menus that have begun and not ended
	help bool // a text that means nothing is under way
	kept []menuEntry
}

func (p *isolinuxParser) line(line string) {
	first, rest := word(line)
	switch {
	case p.help:
		p.help = first != "endtext"
		p.keep(line)
		return
	case line == "" || strings.HasPrefix(line, "#"):
		return
	}
	verb, more := word(rest)
	begins := first == "menu" && verb == "begin"
	if p.deep == 0 && (first == "label" || begins || first == "menu" && verb == "separator" && p.open) {
		title := rest
		if begins {
			title = unhot(more)
		}
		p.begin(title)
	}
	if begins {
		p.deep++
	}
	if p.open && p.deep == 0 {
		p.menu.entries[len(p.menu.entries)-1].takeIsolinux(first, verb, rest, more)
	}
	p.keep(uncommented(line))
	if first == "menu" && verb == "end" && p.deep > 0 {
		if p.deep--; p.deep == 0 {
			p.begin("") // what follows belongs to nothing yet
		}
	}
	p.help = first == "text"
}

func (p *isolinuxParser) begin(title string) {
	p.menu.entries, p.open = append(p.menu.entries, menuEntry{title: title}), true
}

func (p *isolinuxParser) keep(line string) {
	if !p.open {
		p.menu.head = append(p.menu.head, line)
		return
	}
	last := &p.menu.entries[len(p.menu.entries)-1]
	last.lines = append(last.lines, line)
}

// uncommented is a line without the remark that separators often have.
func uncommented(line string) string {
	if strings.HasPrefix(line, "menu separator") {
		return "menu separator"
	}
	return squeeze(line)
}

func unhot(s string) string { return strings.ReplaceAll(s, "^", "") }

func (e *menuEntry) takeIsolinux(first, verb, rest, more string) {
	if e.boot == nil {
		e.boot = &bootLine{}
	}
	switch {
	case first == "menu" && verb == "label":
		e.title = unhot(more)
	case first == "kernel" || first == "linux":
		e.boot.kernelVerb, e.boot.kernel = first, rest
	case first == "initrd":
		e.boot.initrds = strings.Split(rest, ",")
	case first == "append":
		for _, a := range strings.Fields(rest) {
			if list, ok := strings.CutPrefix(a, "initrd="); ok {
				e.boot.initrds = strings.Split(list, ",")
			} else {
				e.boot.args = append(e.boot.args, a)
			}
		}
	}
}

const isolinuxLabel = "appliance"

func (m menu) isolinux(c choice, args []string) []string {
	var lines []string
	if port, ok := strings.CutPrefix(c.serial, "ttyS"); ok {
		number, speed, _ := strings.Cut(port, ",")
		speed, _, _ = strings.Cut(speed, "n")
		lines = append(lines, "serial "+number+" "+speed) // must be the first line
	}
	for _, line := range m.head {
		switch first, rest := word(line); {
		case first == "timeout" || first == "ontimeout" || first == "totaltimeout" || first == "serial":
		case first == "default" && !strings.Contains(rest, ".c32"): // a label, not a menu
		default:
			lines = append(lines, line)
		}
	}
	b := m.first().boot
	initrds := b.initrds
	if c.tail != "" {
		initrds = append(initrds[:len(initrds):len(initrds)], c.tail)
	}
	lines = append(lines, "timeout "+strconv.Itoa(10*c.seconds), "label "+isolinuxLabel, "menu label "+c.title, "menu default",
		b.kernelVerb+" "+b.kernel, "append initrd="+strings.Join(initrds, ",")+" "+strings.Join(args, " "))
	for _, line := range m.head {
		if first, rest := word(line); first == "default" && !strings.Contains(rest, ".c32") {
			lines = append(lines, "default "+isolinuxLabel)
		}
	}
	return lines
}
