// Package toml reads files that people write, strictly: every fault is told at once with its line and
// column, a key that nobody reads is a fault, and a document is bounded in size, depth and keys. It
// also writes single values back. It knows no file and no key of its own.
//
// A reader of a file asks for each key that there may be, then for the faults:
//
//	r := toml.Decode(data)
//	port := toml.Read(r, "server.port", toml.Port)
//	for _, at := range r.Tables("app", 64) {
//		name := toml.Read(r, at+".name", toml.Text)
//	}
//	return r.Err("appliance.toml")
package toml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
)

// Limits of a document.
const (
	MaxSize = 1 << 20 // bytes
	maxKeys = 10_000
	maxDeep = 16  // parts of a dotted key
	maxTold = 100 // faults that are shown
)

// Fault is one thing that is wrong in a document. Line and Column count from 1, columns in bytes.
type Fault struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// Error is all that is wrong in a document, in the order of the document.
type Error struct {
	Name   string // of the document
	Faults []Fault
}

// Error is a line that counts the faults and one for each, "NAME:LINE:COLUMN: TEXT".
func (e *Error) Error() string {
	var s strings.Builder
	if len(e.Faults) == 1 {
		fmt.Fprintf(&s, "1 fault in %q", e.Name)
	} else {
		fmt.Fprintf(&s, "%d faults in %q", len(e.Faults), e.Name)
	}
	told := e.Told()
	for _, f := range told {
		fmt.Fprintf(&s, "\n  %s:%d:%d: %s", e.Name, f.Line, f.Column, printable(f.Text))
	}
	if more := len(e.Faults) - len(told); more > 0 {
		fmt.Fprintf(&s, "\n  and %d more", more)
	}
	return s.String()
}

// Told are the faults that are shown: the first hundred.
func (e *Error) Told() []Fault { return e.Faults[:min(len(e.Faults), maxTold)] }

// printable keeps a stranger's document from drawing on the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// Reader holds a document, notes which keys were asked for, and gathers faults.
type Reader struct {
	root   map[string]any
	values map[string]any // of every key, table and item
	places places
	broken bool // not TOML: the one fault tells why, and there is nothing to read

	asked  map[string]bool // keys that were read, with all that is in them
	tables map[string]bool // around those
	lists  map[string]bool // that may be there several times
	faults []Fault
}

// Decode reads a document. It always returns a Reader: of one that is no TOML every key is absent, and
// Err has the only fault.
func Decode(data []byte) *Reader {
	r := &Reader{values: map[string]any{}, asked: map[string]bool{}, tables: map[string]bool{"": true}, lists: map[string]bool{}}
	if len(data) > MaxSize {
		return r.fail(position{1, 1}, fmt.Sprintf("the document has %d bytes, and %d are allowed", len(data), MaxSize))
	}
	var fault *Fault
	if r.places, fault = findPlaces(data); fault != nil {
		return r.fail(position{fault.Line, fault.Column}, fault.Text)
	}
	err := toml.NewDecoder(bytes.NewReader(data)).Decode(&r.root)
	var broken *toml.DecodeError
	switch {
	case errors.As(err, &broken):
		line, column := broken.Position()
		return r.fail(position{max(line, 1), max(column, 1)}, strings.TrimPrefix(broken.Error(), "toml: "))
	case err != nil:
		return r.fail(position{1, 1}, strings.TrimPrefix(err.Error(), "toml: "))
	}
	r.flatten("", r.root)
	return r
}

func (r *Reader) fail(at position, text string) *Reader {
	r.broken, r.faults = true, []Fault{{at.line, at.column, text}}
	r.root, r.values = nil, map[string]any{}
	return r
}

func (r *Reader) flatten(path string, v any) {
	if path != "" {
		r.values[path] = v
	}
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			r.flatten(Join(path, k), inner)
		}
	case []any:
		for i, inner := range v {
			r.flatten(item(path, i), inner)
		}
	}
}

// Err is everything that is wrong in the document called name, as an *Error, or nil. It counts keys as
// unknown that were not asked for before.
func (r *Reader) Err(name string) error {
	faults := slices.Clone(r.faults)
	if !r.broken {
		faults = append(faults, r.unknown("", r.root)...)
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	return &Error{name, slices.Compact(faults)}
}
