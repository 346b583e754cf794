package unit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"edge/appliance/profile"
)

// longest is how many bytes a text of a profile may have. What podman reads line by line ends at 64 KiB.
const longest = 32 << 10

// word is one word of a command line: raw or text.
type word interface{ quoted() (string, error) }

// raw is written by this room and goes into a unit as it is: %t is a specifier in it, ${IMAGE} a variable.
type raw string

// text comes from a profile and is itself for the program that gets it, whatever is in it.
type text string

func (w raw) quoted() (string, error) { return string(w), nil }

// quoted follows systemd.service(5), "Command lines": C escapes and quotes first, then specifiers, then
// variables; each of them is told to leave the text alone.
func (w text) quoted() (string, error) {
	if err := plain(string(w)); err != nil {
		return "", err
	}
	if w != "" && strings.Trim(string(w), harmless) == "" {
		return string(w), nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(string(w)) + `"`, nil
}

// harmless are the characters that mean nothing to systemd, podman and the shell.
const harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@_+=:,./-"

// plain refuses what no line can hold: control characters, and bytes that are not UTF-8, for which
// systemd drops the whole line.
func plain(s string) error {
	switch {
	case len(s) > longest:
		return fmt.Errorf("%w: a text of %d bytes, more than %d", profile.ErrInvalid, len(s), longest)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: %q is not UTF-8", profile.ErrInvalid, s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%w: %q has a control character: remove it", profile.ErrInvalid, s)
	}
	return nil
}

// document is the text of a unit, written from the beginning to the end.
type document struct {
	strings.Builder
	faults []error
}

// newDocument begins a unit; about says on top why it is as it is.
func newDocument(about ...string) *document {
	d := &document{}
	for _, line := range append([]string{"Written by appliance; settings of your own belong into a drop-in."}, about...) {
		d.WriteString("# " + line + "\n")
	}
	return d
}

func (d *document) section(name string) { d.WriteString("\n[" + name + "]\n") }

// set writes settings as they are, one KEY=VALUE each.
func (d *document) set(lines ...string) {
	for _, line := range lines {
		d.WriteString(line + "\n")
	}
}

// run writes a command line on one line.
func (d *document) run(key string, words ...word) {
	d.WriteString(key + "=" + strings.Join(d.quote(words), " ") + "\n")
}

// runLong writes a command line with a line for each group of words, so that people can read it.
func (d *document) runLong(key string, groups ...[]word) {
	var lines []string
	for _, g := range groups {
		lines = append(lines, strings.Join(d.quote(g), " "))
	}
	d.WriteString(key + "=" + strings.Join(lines, " \\\n    ") + "\n")
}

func (d *document) quote(words []word) []string {
	var out []string
	for _, w := range words {
		q, err := w.quoted()
		if err != nil {
			d.faults = append(d.faults, err)
		}
		out = append(out, q)
	}
	return out
}

// words are several raw ones.
func words(texts ...string) []word {
	var out []word
	for _, t := range texts {
		out = append(out, raw(t))
	}
	return out
}

// span writes a duration as systemd.time(7) and this program's own flags read it.
func span(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

// seconds rounds a duration up to whole seconds.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
