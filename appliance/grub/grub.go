// Package grub reads and writes the environment block of the GRUB boot loader: the 1024 bytes in which
// GRUB and a running system tell each other which boot is on trial and whether it went well.
//
// It knows the block and where it lies. What the variables in it mean is the affair of those who count boots.
package grub

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Size of an environment block in bytes. GRUB writes it back sector by sector, where the file lies: it can
// neither grow nor shrink.
const Size = 1024

const (
	signature = "# GRUB Environment Block\n"
	padding   = '#'
)

// Causes.
var (
	ErrInvalid = errors.New("invalid GRUB environment block")
	ErrFull    = errors.New("the GRUB environment block is full")
)

// Block is an environment block as a value: variables in their order, and between them comments, which
// are kept. The zero Block is an empty one.
type Block struct {
	lines []line
}

// line is a variable, or, with an empty name, a comment.
type line struct {
	name string
	text string // the value, or the whole comment as it was written
}

// Parse reads a block as GRUB's own envblk.c does, but refuses what that passes over: it must have exactly
// 1024 bytes, each line must be a comment or NAME=VALUE, and only '#' may follow the last one. A backslash
// takes away the meaning of the character behind it.
func Parse(data []byte) (Block, error) {
	if len(data) != Size {
		return Block{}, fmt.Errorf("%w: %d bytes, want %d", ErrInvalid, len(data), Size)
	}
	rest, ok := bytes.CutPrefix(data, []byte(signature))
	switch {
	case !ok:
		return Block{}, fmt.Errorf("%w: it does not begin with %q", ErrInvalid, signature)
	case bytes.IndexByte(data, 0) >= 0:
		return Block{}, fmt.Errorf("%w: it contains a zero byte", ErrInvalid)
	}
	var b Block
	for len(rest) > 0 {
		end := lineEnd(rest)
		if end < 0 {
			break
		}
		l, err := parseLine(string(rest[:end]))
		if err != nil {
			return Block{}, err
		}
		b.lines = append(b.lines, l)
		rest = rest[end+1:]
	}
	if left := bytes.TrimLeft(rest, string(padding)); len(left) > 0 {
		return Block{}, fmt.Errorf("%w: it ends with %.40q", ErrInvalid, left)
	}
	return b, nil
}

// lineEnd is where the next line feed is that no backslash precedes; -1 where there is none.
func lineEnd(data []byte) int {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '\n':
			return i
		}
	}
	return -1
}

func parseLine(text string) (line, error) {
	if strings.HasPrefix(text, "#") {
		return line{text: text}, nil
	}
	name, value, ok := strings.Cut(text, "=")
	if !ok || !readable(name) {
		return line{}, fmt.Errorf("%w: line %.40q, want NAME=VALUE", ErrInvalid, text)
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' {
			i++ // lineEnd has seen to it that something follows
		}
		b.WriteByte(value[i])
	}
	return line{name, b.String()}, nil
}

// readable reports whether a name can be told from the rest of its line.
func readable(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\\\n\x00")
}

// writable reports whether a GRUB script can use a name.
func writable(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Get is the value of a variable. Of several with one name the last counts, as it does for GRUB.
func (b Block) Get(name string) (value string, ok bool) {
	for n, v := range b.All() {
		if n == name {
			value, ok = v, true
		}
	}
	return value, ok
}

// All are the variables in their order.
func (b Block) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, l := range b.lines {
			if l.name != "" && !yield(l.name, l.text) {
				return
			}
		}
	}
}

// Set gives a variable a value, where it stands or at the end. The name must be one that GRUB scripts can
// use; the value may be any text without zero bytes. Whether there is room for it Encode tells.
func (b *Block) Set(name, value string) error {
	switch {
	case !writable(name):
		return fmt.Errorf("setting %q in the GRUB environment: a name has only letters, digits and _ and begins with no digit", name)
	case strings.ContainsRune(value, 0):
		return fmt.Errorf("setting %q in the GRUB environment: the value contains a zero byte", name)
	}
	at := slices.IndexFunc(b.lines, func(l line) bool { return l.name == name })
	if at < 0 {
		b.lines = append(b.lines, line{name, value})
		return nil
	}
	lines := slices.Clone(b.lines)
	lines[at].text = value
	// A second line with this name would still win.
	rest := slices.DeleteFunc(lines[at+1:], func(l line) bool { return l.name == name })
	b.lines = lines[:at+1+len(rest)]
	return nil
}

// Unset removes a variable. Removing one that is not there is no fault.
func (b *Block) Unset(name string) {
	if name != "" {
		b.lines = slices.DeleteFunc(slices.Clone(b.lines), func(l line) bool { return l.name == name })
	}
}

// Encode is the block as GRUB reads it; ErrFull where the variables do not fit.
func (b Block) Encode() ([]byte, error) {
	out := append(make([]byte, 0, Size), signature...)
	for _, l := range b.lines {
		if l.name == "" {
			out = append(out, l.text...)
		} else {
			out = append(append(out, l.name...), '=')
			for _, c := range []byte(l.text) {
				if c == '\\' || c == '\n' {
					out = append(out, '\\')
				}
				out = append(out, c)
			}
		}
		out = append(out, '\n')
	}
	if len(out) > Size {
		return nil, fmt.Errorf("%w: %d bytes do not fit into %d; remove variables with %q", ErrFull, len(out), Size, "grub2-editenv - unset NAME")
	}
	return append(out, bytes.Repeat([]byte{padding}, Size-len(out))...), nil
}
