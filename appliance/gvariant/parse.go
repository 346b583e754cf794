package gvariant

import "fmt"

// maxVariantDepth is how many variants may be inside one another.
const maxVariantDepth = 32

// Parse checks that data is the normal form of a value of type typ, wholly and
// recursively (framing offsets monotone, in range and of minimal width, padding
// zero, strings NUL-terminated UTF-8, variants at most 32 deep), and returns it.
// The data is kept, not copied. typ is a constant of the caller; a malformed
// typ is a programming error and panics.
func Parse(typ string, data []byte) (Value, error) {
	n := mustCompile(typ)
	if err := check(n, data, 0); err != nil {
		return Value{}, fmt.Errorf("%w: type %q of %d bytes: %s", ErrMalformed, typ, len(data), err)
	}
	return Value{typ: n, data: data}, nil
}

// fault is what is wrong with the data. Its texts are constants, so that
// refusing costs nothing.
type fault string

func (f fault) Error() string { return string(f) }

const (
	badSize    = fault("wrong size")
	badBool    = fault("a boolean that is neither 0 nor 1")
	badString  = fault("a string that is not NUL-terminated UTF-8")
	badPath    = fault("a malformed object path")
	badSig     = fault("a malformed signature")
	badOffsets = fault("framing offsets out of order or range")
	badPadding = fault("padding that is not zero")
	badVariant = fault("a variant without a well-formed type")
	tooDeep    = fault("variants nested too deep")
)

// check reports what keeps data from being a value of type n in normal form.
// depth counts the variants around it; types are of bounded depth themselves.
func check(n *node, data []byte, depth int) error {
	if n.size > 0 && len(data) != n.size {
		return badSize
	}
	switch n.code {
	case 'b':
		if data[0] > 1 {
			return badBool
		}
	case 's', 'o', 'g':
		return checkString(n.code, data)
	case 'v':
		return checkVariant(data, depth+1)
	case 'm':
		return checkMaybe(n, data, depth)
	case 'a':
		if n.elem.size > 0 {
			return checkFixedArray(n, data, depth)
		}
		return checkArray(n, data, depth)
	case '(', '{':
		return checkTuple(n, data, depth)
	}
	return nil
}

func checkVariant(data []byte, depth int) error {
	if depth > maxVariantDepth {
		return tooDeep
	}
	end := variantFrame(data)
	if end < 0 {
		return badVariant
	}
	inner, err := compile(string(data[end+1:]))
	if err != nil {
		return badVariant
	}
	return check(inner, data[:end], depth)
}

// checkMaybe: nothing is no bytes; something of variable size has a zero byte behind it.
func checkMaybe(n *node, data []byte, depth int) error {
	if len(data) == 0 {
		return nil
	}
	if n.elem.size == 0 {
		if data[len(data)-1] != 0 {
			return badPadding
		}
		data = data[:len(data)-1]
	}
	return check(n.elem, data, depth)
}

func checkFixedArray(n *node, data []byte, depth int) error {
	if len(data)%n.elem.size != 0 {
		return badSize
	}
	if n.elem.elem == nil && n.elem.code != 'b' && n.elem.code != '(' {
		return nil // plain numbers: nothing can be wrong with them
	}
	for at := 0; at < len(data); at += n.elem.size {
		if err := check(n.elem, data[at:at+n.elem.size], depth); err != nil {
			return err
		}
	}
	return nil
}

func checkArray(n *node, data []byte, depth int) error {
	table, count, width, ok := arrayFrame(data)
	if !ok {
		return badOffsets
	}
	end := 0
	for i := range count {
		start := roundUp(end, n.elem.align)
		stop := offset(data, table+i*width, width)
		if stop < start || stop > table {
			return badOffsets
		}
		if !zero(data[end:start]) {
			return badPadding
		}
		if err := check(n.elem, data[start:stop], depth); err != nil {
			return err
		}
		end = stop
	}
	return nil
}

func checkTuple(n *node, data []byte, depth int) error {
	width := offsetSize(len(data))
	table := len(data) - n.table*width // the table grows downwards from the end
	if table < 0 {
		return badOffsets
	}
	end, next := 0, len(data)
	for m := n.elem; m != nil; m = m.next {
		start, stop := roundUp(end, m.align), table
		switch {
		case m.size > 0:
			stop = start + m.size
		case m.next != nil && width == 0:
			return badOffsets
		case m.next != nil:
			next -= width
			stop = offset(data, next, width)
		}
		if stop < start || stop > table {
			return badOffsets
		}
		if !zero(data[end:start]) {
			return badPadding
		}
		if err := check(m, data[start:stop], depth); err != nil {
			return err
		}
		end = stop
	}
	if n.size > 0 {
		if !zero(data[end:]) {
			return badPadding
		}
		return nil
	}
	if end != table || framedSize(end, n.table) != len(data) {
		return badOffsets
	}
	return nil
}

// zero reports whether padding is as it must be.
func zero(padding []byte) bool {
	for _, b := range padding {
		if b != 0 {
			return false
		}
	}
	return true
}
