package gvariant

import (
	"encoding/binary"
	"fmt"
)

// Accessors. Each panics when the type of v is another: that is a mistake in
// the program, never in the data.

// Byte is the value of a y.
func (v Value) Byte() byte { return v.want("y")[0] }

// Bool is the value of a b.
func (v Value) Bool() bool { return v.want("b")[0] == 1 }

// Uint32 is the value of a u, little-endian.
func (v Value) Uint32() uint32 { return binary.LittleEndian.Uint32(v.want("u")) }

// Uint64 is the value of a t, little-endian.
func (v Value) Uint64() uint64 { return binary.LittleEndian.Uint64(v.want("t")) }

// Str is the value of an s, g or o without the NUL.
func (v Value) Str() string {
	switch v.node().code {
	case 's', 'g', 'o':
		return string(v.data[:len(v.data)-1])
	}
	panic(v.misuse("a string"))
}

// Bytes is the value of an ay, shared with v.
func (v Value) Bytes() []byte { return v.want("ay") }

// Len is the number of members of a tuple or dict entry, of elements of an
// array, or of values (0 or 1) in a maybe.
func (v Value) Len() int {
	n := v.node()
	switch n.code {
	case '(', '{':
		return n.count
	case 'm':
		return min(1, len(v.data))
	case 'a':
		if n.elem.size > 0 {
			return len(v.data) / n.elem.size
		}
		_, count, _, _ := arrayFrame(v.data)
		return count
	}
	panic(v.misuse("a container"))
}

// At returns member or element i. For elements that takes the same time whatever i is.
func (v Value) At(i int) Value {
	if i < 0 || i >= v.Len() {
		panic(fmt.Sprintf("gvariant: member %d of %d in %q", i, v.Len(), v.Type()))
	}
	n := v.node()
	switch {
	case n.code == 'a':
		return v.element(i)
	case n.code == 'm' && n.elem.size > 0:
		return Value{typ: n.elem, data: v.data}
	case n.code == 'm':
		return Value{typ: n.elem, data: v.data[:len(v.data)-1]}
	}
	return v.member(i)
}

// element is element i of an array.
func (v Value) element(i int) Value {
	elem := v.typ.elem
	if elem.size > 0 {
		return Value{typ: elem, data: v.data[i*elem.size : (i+1)*elem.size]}
	}
	table, _, width, _ := arrayFrame(v.data)
	start := 0
	if i > 0 {
		end := offset(v.data, table+(i-1)*width, width)
		start = roundUp(end, elem.align)
	}
	stop := offset(v.data, table+i*width, width)
	return Value{typ: elem, data: v.data[start:stop:stop]}
}

// member is member i of a tuple or dict entry. It goes through the members
// before it: tuples are short.
func (v Value) member(i int) Value {
	width := offsetSize(len(v.data))
	table, next := len(v.data)-v.typ.table*width, len(v.data)
	end := 0
	for m := v.typ.elem; ; m = m.next {
		start, stop := roundUp(end, m.align), table
		switch {
		case m.size > 0:
			stop = start + m.size
		case m.next != nil:
			next -= width
			stop = offset(v.data, next, width)
		}
		if i == 0 {
			return Value{typ: m, data: v.data[start:stop:stop]}
		}
		end = stop
		i--
	}
}

// Unwrap returns what a variant (v) holds.
func (v Value) Unwrap() Value {
	data := v.want("v")
	end := variantFrame(data)
	return Value{typ: mustCompile(string(data[end+1:])), data: data[:end:end]}
}

// want is the data of v, which must be of type typ.
func (v Value) want(typ string) []byte {
	if v.Type() != typ {
		panic(v.misuse(typ))
	}
	return v.data
}

func (v Value) misuse(as string) string {
	return fmt.Sprintf("gvariant: %q read as %s", v.Type(), as)
}
