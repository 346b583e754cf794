package gvariant

import (
	"fmt"
	"strings"
)

// Limits on types. Strangers write types too, into variants; a type deeper or
// longer than this is none that a program would write.
const (
	maxTypeLength = 255
	maxTypeDepth  = 16
)

// node is a type taken apart: what reading and writing need to know of it. A
// node never changes once compile has returned it.
type node struct {
	code  byte   // first character of text
	align int    // 1, 2, 4 or 8
	size  int    // bytes of every value of the type; 0 when values differ in size
	text  string // the type string
	elem  *node  // element of an array or a maybe, first member of a tuple or dict entry
	next  *node  // next member of the tuple that this is a member of
	count int    // members of a tuple or dict entry
	table int    // of them, how many have their end in the offset table
}

// basics are the types without an inside, by their character.
var basics = func() (table [256]*node) {
	for code, width := range map[byte]int{
		'y': 1, 'b': 1, 'n': 2, 'q': 2, 'i': 4, 'u': 4, 'h': 4, 'x': 8, 't': 8, 'd': 8,
	} {
		table[code] = &node{code: code, align: width, size: width, text: string(code)}
	}
	for _, code := range []byte("sog") {
		table[code] = &node{code: code, align: 1, text: string(code)}
	}
	table['v'] = &node{code: 'v', align: 8, text: "v"}
	return table
}()

// Types the builders return.
var (
	unitType  = mustCompile("()")
	bytesType = mustCompile("ay")
	dictType  = mustCompile("a{sv}")
	entryType = dictType.elem
)

// mustCompile takes a type that the program itself has written.
func mustCompile(typ string) *node {
	n, err := compile(typ)
	if err != nil {
		panic(err)
	}
	return n
}

// compile takes apart a type string: exactly one complete, definite type.
func compile(typ string) (*node, error) {
	if len(typ) == 1 && basics[typ[0]] != nil {
		return basics[typ[0]], nil
	}
	if len(typ) > maxTypeLength {
		return nil, fmt.Errorf("%w: type of %d bytes", ErrMalformed, len(typ))
	}
	// Every node takes at least one character, so that the store never moves.
	c := compiler{rest: typ, store: make([]node, 0, len(typ))}
	n := c.next(0)
	if n == nil || c.rest != "" {
		return nil, fmt.Errorf("%w: type %q", ErrMalformed, typ)
	}
	return n, nil
}

type compiler struct {
	rest  string
	store []node
}

// next takes one complete type off the rest; nil when there is none.
func (c *compiler) next(depth int) *node {
	if c.rest == "" || depth > maxTypeDepth {
		return nil
	}
	whole := c.rest
	c.rest = c.rest[1:]
	c.store = append(c.store, node{code: whole[0], align: 1})
	n := &c.store[len(c.store)-1]
	ok := false
	switch {
	case basics[n.code] != nil:
		*n, ok = *basics[n.code], true
	case n.code == 'a' || n.code == 'm':
		if n.elem = c.next(depth + 1); n.elem != nil {
			n.align, ok = n.elem.align, true
		}
	case n.code == '(':
		ok = c.members(n, ')', depth)
	case n.code == '{':
		ok = c.members(n, '}', depth) && n.count == 2 && strings.IndexByte("ybnqiuhxtdsog", n.elem.code) >= 0
	}
	if !ok {
		return nil
	}
	n.text = whole[:len(whole)-len(c.rest)]
	return n
}

// members takes the members of a tuple or dict entry and the closing character.
func (c *compiler) members(n *node, closing byte, depth int) bool {
	var last *node
	size, fixed := 0, true
	for c.rest != "" && c.rest[0] != closing {
		m := c.next(depth + 1)
		if m == nil {
			return false
		}
		if last == nil {
			n.elem = m
		} else {
			last.next = m
			if last.size == 0 {
				n.table++
			}
		}
		last = m
		n.count++
		n.align = max(n.align, m.align)
		size, fixed = roundUp(size, m.align)+m.size, fixed && m.size > 0
	}
	if c.rest == "" {
		return false
	}
	c.rest = c.rest[1:]
	if fixed {
		n.size = max(1, roundUp(size, n.align)) // the empty tuple is one zero byte
	}
	return true
}

// roundUp is the next multiple of align, a power of two, from n on.
func roundUp(n, align int) int { return (n + align - 1) &^ (align - 1) }
