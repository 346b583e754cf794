package device

import (
	"slices"
	"strings"
)

// Line is a setting in a file that is not ours: KEY=VALUE, in a section or before the first one. The form is
// one that bash can source and that readers of INI files understand alike: no spaces, no quotes.
type Line struct {
	Section string `json:"section,omitempty"`
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"-"` // what no line means: then none is written for this value
}

func (l Line) text() string { return l.Key + "=" + l.Value }

// section reports the name of a section where a line begins one.
func section(line string) (string, bool) {
	line = strings.TrimSpace(line)
	if len(line) > 2 && line[0] == '[' && line[len(line)-1] == ']' {
		return line[1 : len(line)-1], true
	}
	return "", false
}

// find returns the numbers of the lines that set the key, and that of the section's head: -1 for the part
// before the first section, -2 where there is no such section.
func (l Line) find(lines []string) (set []int, head int) {
	head = -2
	if l.Section == "" {
		head = -1
	}
	in := ""
	for i, line := range lines {
		if name, begins := section(line); begins {
			in = name
			if name == l.Section && head == -2 {
				head = i
			}
			continue
		}
		key, _, is := strings.Cut(line, "=")
		if is && in == l.Section && strings.TrimSpace(key) == l.Key {
			set = append(set, i)
		}
	}
	return set, head
}

// holds reports whether text says the value already, in so many words or by saying nothing.
func (l Line) holds(text string) bool {
	lines := split(text)
	set, _ := l.find(lines)
	for _, i := range set {
		_, value, _ := strings.Cut(lines[i], "=")
		if unquote(strings.TrimSpace(value)) != l.Value {
			return false
		}
	}
	return len(set) > 0 || l.Default != "" && l.Value == l.Default
}

// written reports whether text says the value in so many words.
func (l Line) written(text string) bool {
	l.Default = ""
	return l.holds(text)
}

// isOld reports whether text has the lines that were there before.
func (l Line) isOld(text string, old []string) bool { return slices.Equal(l.old(text), old) }

func unquote(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}

// old returns the lines of text that set the key, which is what put takes to restore them.
func (l Line) old(text string) []string {
	lines := split(text)
	set, _ := l.find(lines)
	old := []string{}
	for _, i := range set {
		old = append(old, strings.TrimSuffix(lines[i], "\n"))
	}
	return old
}

// set returns text with the value. All else in it stays as it is. What is added is undone by unset.
func (l Line) set(text string) string {
	lines := split(text)
	set, head := l.find(lines)
	switch {
	case len(set) > 0:
		for _, i := range set {
			lines[i] = l.text() + ending(lines[i])
		}
	case head == -1: // first, so that it is before every section
		return l.text() + "\n" + text
	case head >= 0:
		if ending(lines[head]) == "" { // the very last line: what was no end of a line is to stay none
			return text + "\n" + l.text()
		}
		lines[head] += l.text() + "\n"
	case text != "" && !strings.HasSuffix(text, "\n"):
		return text + "\n[" + l.Section + "]\n" + l.text()
	default:
		return text + "[" + l.Section + "]\n" + l.text() + "\n"
	}
	return strings.Join(lines, "")
}

// unset takes the value back out of text, where it still is: old are the lines that were there before. Where
// there were none and the section was made for the line, made tells so and the head of the section goes too.
func (l Line) unset(text string, old []string, made bool) string {
	lines := split(text)
	set, head := l.find(lines)
	ours := 0
	for _, i := range set {
		if strings.TrimSuffix(lines[i], "\n") != l.text() {
			continue
		}
		switch {
		case ours < len(old):
			lines[i] = old[ours] + ending(lines[i])
		case len(old) == 0:
			unbroken := ending(lines[i]) == ""
			lines[i] = ""
			if made && head >= 0 && i == head+1 && emptySection(lines, head) {
				lines[head] = ""
				i = head
			}
			if unbroken && i > 0 {
				lines[i-1] = strings.TrimSuffix(lines[i-1], "\n")
			}
		}
		ours++
	}
	return strings.Join(lines, "")
}

// emptySection reports whether nothing but what was just taken out follows a head.
func emptySection(lines []string, head int) bool {
	rest := lines[head+1:]
	for _, line := range rest {
		if _, begins := section(line); begins {
			return true
		}
		if line != "" {
			return false
		}
	}
	return true
}

// makes reports whether set has to make the section.
func (l Line) makes(text string) bool {
	_, head := l.find(split(text))
	return head == -2
}

// split cuts text into lines that keep their ends.
func split(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, line)
	}
	return lines
}

func ending(line string) string {
	if strings.HasSuffix(line, "\n") {
		return "\n"
	}
	return ""
}
