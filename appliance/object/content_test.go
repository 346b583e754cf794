package object

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadFileRefusesContent(t *testing.T) {
	text := strings.Repeat("some text ", 1000)
	good, _ := filez(t, File{Mode: 0o100644}, text)
	empty, _ := filez(t, File{Mode: 0o100644}, "")
	link, _ := filez(t, File{Mode: 0o120777, Target: "a"}, "")
	resize := func(data []byte, size byte) []byte {
		data = bytes.Clone(data)
		data[15] = size // the last byte of the size, big-endian
		return data
	}
	flip := bytes.Clone(good)
	flip[60] ^= 0x55
	for why, data := range map[string][]byte{
		"truncated":               good[:len(good)-1],
		"truncated to the header": good[:len(empty)-2],
		"a byte behind":           append(bytes.Clone(good), 0),
		"a stream behind":         append(bytes.Clone(good), empty[len(empty)-2:]...),
		"a byte behind nothing":   append(bytes.Clone(empty), 0),
		"a byte behind a link":    append(bytes.Clone(link), 0),
		"longer than it says":     resize(good, good[15]-1),
		"shorter than it says":    resize(good, good[15]+1),
		"more than nothing":       append(bytes.Clone(empty[:len(empty)-2]), good[len(empty)-2:]...),
		"damaged":                 flip,
	} {
		if _, _, err := SumFile(bytes.NewReader(data)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// A bomb is stopped at the size that it claims, not at the one it has.
func TestBombIsNotInflated(t *testing.T) {
	bomb, _ := filez(t, File{Mode: 0o100644}, strings.Repeat("\x00", 64<<20))
	bomb[12], bomb[13], bomb[14], bomb[15] = 0, 0, 0, 10
	f, r, err := ReadFile(bytes.NewReader(bomb))
	if err != nil || f.Size != 10 {
		t.Fatalf("%+v, %v", f, err)
	}
	if got, err := io.ReadAll(r); len(got) > 10 || !errors.Is(err, ErrMalformed) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Trouble of the source is no fault of the object.
func TestReadFilePassesErrorsOn(t *testing.T) {
	good, _ := filez(t, File{Mode: 0o100644}, strings.Repeat("some text ", 1000))
	for _, at := range []int{3, 20, 40, len(good)} {
		_, _, err := SumFile(io.MultiReader(bytes.NewReader(good[:at]), iotest.ErrReader(io.ErrClosedPipe)))
		if !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrMalformed) {
			t.Errorf("at byte %d: %v", at, err)
		}
	}
}
