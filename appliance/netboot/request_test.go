package netboot

import (
	"bytes"
	"errors"
	"testing"
)

func TestMalformed(t *testing.T) {
	sound := message(discover, nil)
	if _, err := parse(sound); err != nil {
		t.Fatal(err)
	}
	changed := func(at int, to byte) []byte {
		m := bytes.Clone(sound)
		m[at] = to
		return m
	}
	for name, data := range map[string][]byte{
		"nothing":                 nil,
		"a header alone":          sound[:headerLength],
		"too much":                append(bytes.Clone(sound), make([]byte, longest)...),
		"an answer":               changed(0, 2),
		"a token ring":            changed(1, 6),
		"a short address":         changed(2, 5),
		"BOOTP":                   changed(headerLength, 0),
		"a group's address":       changed(28, 1),
		"no end":                  sound[:len(sound)-1],
		"a length without a byte": append(sound[:len(sound)-1:len(sound)-1], 12),
		"a value that is cut off": append(sound[:len(sound)-1:len(sound)-1], 12, 9, 'x'),
		"an option twice":         append(option(sound[:len(sound)-1:len(sound)-1], optionClass, []byte("x")), optionEnd),
		"no kind":                 message(discover, map[byte][]byte{optionKind: nil}),
		"a long kind":             message(discover, map[byte][]byte{optionKind: {1, 1}}),
		"half an architecture":    message(discover, map[byte][]byte{optionArch: {16}}),
		"half a server":           message(discover, map[byte][]byte{optionServer: {192, 0}}),
		"half a UUID":             message(discover, map[byte][]byte{optionMachine: {0, 1}}),
	} {
		if _, err := parse(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := sound[:shortest:shortest]
	for code := range byte(maxOptions + 1) {
		many = option(many, 100+code, nil)
	}
	if _, err := parse(append(many, optionEnd)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too many options: %v", err)
	}
}

// Whatever comes in, an answer is a sound message to the machine that asked, and not much longer than the question.
func FuzzAnswer(f *testing.F) {
	f.Add(message(discover, nil), true)
	f.Add(message(requests, map[byte][]byte{optionServer: {192, 0, 2, 1}}), false)
	f.Add(message(discover, map[byte][]byte{optionArch: {0, 7, 0, 19}, optionMachine: nil}), true)
	f.Add(message(discover, map[byte][]byte{optionClass: []byte("PXEClient")}), true)
	f.Fuzz(func(t *testing.T, data []byte, first bool) {
		s := newScene()
		port, from := serverPort, nobody
		if !first {
			port, from = proxyPort, leased
		}
		reply, to, err := s.ask(bytes.Clone(data), port, from)
		if err != nil {
			if reply != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, errSilence) {
				t.Fatalf("%d bytes, %v", len(reply), err)
			}
			return
		}
		if to != everybody && to != leased || len(reply) > smallest+LongestURL || !bytes.Equal(reply[4:8], data[4:8]) || !bytes.Equal(reply[28:34], data[28:34]) {
			t.Fatalf("% x to %s", reply, to)
		}
		all, err := options(reply[shortest:])
		if err != nil || string(all[optionFile]) != imageURL || string(all[optionClass]) != class {
			t.Fatalf("%q, %v", all, err)
		}
		if !bytes.Contains(data, []byte(class)) {
			t.Error("who does not boot over HTTP is answered")
		}
	})
}
