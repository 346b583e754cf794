package gvariant

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// rebuild reads v to its leaves and writes it again.
func rebuild(v Value) []byte {
	n := v.node()
	switch {
	case n.code == 'v':
		return Variant(Value{typ: v.Unwrap().typ, data: rebuild(v.Unwrap())}).data
	case strings.IndexByte("sog", n.code) >= 0:
		return Str(v.Str()).data
	case n.code == 'm' && v.Len() == 0:
		return nil
	case n.code == 'm' && n.elem.size > 0:
		return rebuild(v.At(0))
	case n.code == 'm':
		return append(rebuild(v.At(0)), 0)
	case strings.IndexByte("a({", n.code) >= 0:
		parts := make([][]byte, v.Len())
		for i := range parts {
			parts[i] = rebuild(v.At(i))
		}
		if n.code == 'a' {
			return serializeArray(n, parts)
		}
		return serializeTuple(n, parts)
	}
	return append([]byte(nil), v.data...)
}

// leaves writes down what v holds, in a form that depends on no layout.
func leaves(v Value) string {
	switch typ := v.Type(); typ {
	case "y":
		return fmt.Sprintf("y%d ", v.Byte())
	case "b":
		return fmt.Sprintf("b%t ", v.Bool())
	case "u":
		return fmt.Sprintf("u%d ", v.Uint32())
	case "t":
		return fmt.Sprintf("t%d ", v.Uint64())
	case "s":
		return fmt.Sprintf("s%q ", v.Str())
	case "ay":
		return fmt.Sprintf("ay%x ", v.Bytes())
	case "v":
		return "<" + leaves(v.Unwrap()) + ">"
	}
	var all strings.Builder
	all.WriteString(v.Type()[:1])
	for i := range v.Len() {
		all.WriteString(leaves(v.At(i)))
	}
	all.WriteString("] ")
	return all.String()
}

// random makes a value and what leaves must say about it.
func random(r *rand.Rand, depth int) (Value, string) {
	kinds := 9
	if depth == 0 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
		b := byte(r.Uint32())
		return Byte(b), fmt.Sprintf("y%d ", b)
	case 1:
		b := r.IntN(2) == 1
		return Bool(b), fmt.Sprintf("b%t ", b)
	case 2:
		n := r.Uint32()
		return Uint32(n), fmt.Sprintf("u%d ", n)
	case 3:
		n := r.Uint64()
		return Uint64(n), fmt.Sprintf("t%d ", n)
	case 4:
		s := strings.Repeat("ä", r.IntN(4)*r.IntN(60))
		return Str(s), fmt.Sprintf("s%q ", s)
	case 5:
		b := make([]byte, r.IntN(4)*r.IntN(100))
		return Bytes(b), fmt.Sprintf("ay%x ", b)
	case 6:
		v, want := random(r, depth-1)
		return Variant(v), "<" + want + ">"
	case 7:
		members, want := make([]Value, r.IntN(6)), "("
		for i := range members {
			var leaf string
			members[i], leaf = random(r, depth-1)
			want += leaf
		}
		return Tuple(members...), want + "] "
	}
	return randomArray(r, depth)
}

// randomArray holds variants, dict entries or one value several times.
func randomArray(r *rand.Rand, depth int) (Value, string) {
	want, count := "a", r.IntN(8)*r.IntN(8)
	if r.IntN(2) == 0 {
		entries := make([]Entry, count)
		for i := range entries {
			v, leaf := random(r, depth-1)
			entries[i] = Entry{fmt.Sprint("key", i), v}
			want += fmt.Sprintf("{s%q <%s>] ", entries[i].Key, leaf)
		}
		return Dict(entries...), want + "] "
	}
	v, leaf := random(r, depth-1)
	if v.Type() == "y" {
		v, leaf = Uint32(5), "u5 " // ay has a form of its own
	}
	elements := make([]Value, count)
	for i := range elements {
		elements[i] = v
	}
	return Array(v.Type(), elements...), want + strings.Repeat(leaf, count) + "] "
}

func TestRandomValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		v, want := random(r, 4)
		parsed, err := Parse(v.Type(), v.Data())
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got := leaves(parsed); got != want {
			t.Fatalf("%d: %s reads as\n%s\nwant\n%s", i, v.Type(), got, want)
		}
		if again := rebuild(parsed); string(again) != string(v.Data()) {
			t.Fatalf("%d: %s %q is rebuilt as %q", i, v.Type(), v.Data(), again)
		}
	}
}

// Damaged values must be refused or read without a panic, and never be read as
// something that would be written differently.
func TestDamagedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		v, _ := random(r, 3)
		data := append([]byte(nil), v.Data()...)
		if len(data) == 0 {
			continue
		}
		switch at := r.IntN(len(data)); r.IntN(3) {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data = data[:at]
		case 2:
			data[len(data)-1-r.IntN(min(4, len(data)))] = byte(r.Uint32())
		}
		parsed, err := Parse(v.Type(), data)
		if err != nil {
			continue
		}
		if again := rebuild(parsed); string(again) != string(data) {
			t.Fatalf("%s %q is rebuilt as %q", v.Type(), data, again)
		}
	}
}
