package gvariant

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Byte is a y.
func Byte(b byte) Value { return Value{typ: basics['y'], data: []byte{b}} }

// Bool is a b.
func Bool(b bool) Value {
	data := []byte{0}
	if b {
		data[0] = 1
	}
	return Value{typ: basics['b'], data: data}
}

// Uint32 is a u, little-endian.
func Uint32(n uint32) Value {
	return Value{typ: basics['u'], data: binary.LittleEndian.AppendUint32(nil, n)}
}

// Uint64 is a t, little-endian.
func Uint64(n uint64) Value {
	return Value{typ: basics['t'], data: binary.LittleEndian.AppendUint64(nil, n)}
}

// Str is an s. It panics when s is not UTF-8 or holds a NUL: callers check what strangers give.
func Str(s string) Value {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		panic(fmt.Sprintf("gvariant: %q cannot be a string", s))
	}
	return Value{typ: basics['s'], data: append(append(make([]byte, 0, len(s)+1), s...), 0)}
}

// Bytes is ay without a terminating NUL. b is kept, not copied.
func Bytes(b []byte) Value { return Value{typ: bytesType, data: b} }

// Tuple puts members into one value.
func Tuple(members ...Value) Value {
	var typ strings.Builder
	parts := make([][]byte, len(members))
	typ.WriteByte('(')
	for i, m := range members {
		typ.WriteString(m.Type())
		parts[i] = m.Data()
	}
	typ.WriteByte(')')
	n := mustCompile(typ.String())
	return Value{typ: n, data: serializeTuple(n, parts)}
}

// Variant wraps v together with its type.
func Variant(v Value) Value {
	data, typ := v.Data(), v.Type()
	out := make([]byte, 0, len(data)+1+len(typ))
	out = append(append(append(out, data...), 0), typ...)
	return Value{typ: basics['v'], data: out}
}

// Array holds elements, which must all be of type elem; it panics when one is not.
func Array(elem string, elements ...Value) Value {
	n := mustCompile("a" + elem)
	parts := make([][]byte, len(elements))
	for i, e := range elements {
		if e.Type() != elem {
			panic(fmt.Sprintf("gvariant: %q in an array of %q", e.Type(), elem))
		}
		parts[i] = e.Data()
	}
	return Value{typ: n, data: serializeArray(n, parts)}
}

// serializeArray lays out elements one after the other, aligned, and the end of
// each behind the last one when their size varies.
func serializeArray(n *node, parts [][]byte) []byte {
	if len(parts) == 0 {
		return nil
	}
	body := 0
	for _, p := range parts {
		body = roundUp(body, n.elem.align) + len(p)
	}
	total := body
	if n.elem.size == 0 {
		total = framedSize(body, len(parts))
	}
	data := make([]byte, 0, total)
	for _, p := range parts {
		data = append(pad(data, n.elem.align), p...)
	}
	if n.elem.size > 0 {
		return data
	}
	end := 0
	for _, p := range parts {
		end = roundUp(end, n.elem.align) + len(p)
		data = appendOffset(data, end, offsetSize(total))
	}
	return data
}

// serializeTuple lays out members one after the other, aligned, and behind them,
// last first, the ends of those whose size varies; the end of the very last one
// follows from the size of the whole.
func serializeTuple(n *node, parts [][]byte) []byte {
	data := make([]byte, 0, 64)
	var ends []int
	for m, i := n.elem, 0; m != nil; m, i = m.next, i+1 {
		data = append(pad(data, m.align), parts[i]...)
		if m.size == 0 && m.next != nil {
			ends = append(ends, len(data))
		}
	}
	if n.size > 0 {
		return append(data, make([]byte, n.size-len(data))...)
	}
	width := offsetSize(framedSize(len(data), len(ends)))
	for i := len(ends) - 1; i >= 0; i-- {
		data = appendOffset(data, ends[i], width)
	}
	return data
}

// pad adds zero bytes up to the next multiple of align.
func pad(data []byte, align int) []byte {
	for len(data)&(align-1) != 0 {
		data = append(data, 0)
	}
	return data
}
