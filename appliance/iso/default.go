package iso

import (
	"slices"
	"strconv"
	"strings"
)

// starts is the entry that a menu starts by itself, nil where that is not clear.
func (m menu) starts(d Dialect) *menuEntry {
	if d == Isolinux {
		return m.startsIsolinux()
	}
	choice := "0"
	for _, line := range m.head {
		if v, ok := strings.CutPrefix(line, "set default="); ok {
			choice = strings.Trim(v, `"'`)
		}
	}
	var entries []menuEntry
	for _, e := range m.entries {
		if first, _, _ := strings.Cut(e.lines[0], " "); first == "menuentry" || first == "submenu" {
			entries = append(entries, e)
		}
	}
	if n, err := strconv.Atoi(choice); err == nil && n >= 0 && n < len(entries) {
		return &entries[n]
	}
	if i := slices.IndexFunc(entries, func(e menuEntry) bool { return e.title == choice }); i >= 0 {
		return &entries[i]
	}
	return nil
}

func (m menu) startsIsolinux() *menuEntry {
	label := ""
	for _, line := range m.head {
		if first, rest := word(line); first == "default" {
			label = rest
		}
	}
	var named *menuEntry
	for i, e := range m.entries {
		for _, line := range e.lines {
			first, rest := word(line)
			if first == "menu" && strings.EqualFold(rest, "default") {
				return &m.entries[i]
			}
			if first == "label" && rest == label {
				named = &m.entries[i]
			}
		}
	}
	return named
}
