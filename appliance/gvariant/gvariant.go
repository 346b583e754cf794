// Package gvariant reads and writes GVariant, the serialization that OSTree
// uses for everything but file content. A Value is always in normal form:
// Parse refuses anything else, and the builders produce nothing else, so the
// accessors of a Value cannot fail on its bytes.
//
// It knows no OSTree object and swaps no bytes: integers are little-endian
// as the format stores them.
//
// Source of the format: "GVariant Specification" of the GLib documentation.
package gvariant

import "errors"

// ErrMalformed is the cause of every refusal by Parse.
var ErrMalformed = errors.New("malformed GVariant")

// Value is one serialized value together with its type. The zero Value is
// the empty tuple. Values are immutable and may be shared between goroutines.
type Value struct {
	typ  *node // nil in the zero Value
	data []byte
}

// Type is the type string, such as "a{sv}".
func (v Value) Type() string { return v.node().text }

// Data is the serialized form. The caller must not change it.
func (v Value) Data() []byte {
	if v.typ == nil {
		return []byte{0}
	}
	return v.data
}

// node is v's type, also for the zero Value.
func (v Value) node() *node {
	if v.typ == nil {
		return unitType
	}
	return v.typ
}
