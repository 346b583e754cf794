package object

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"edge/appliance/gvariant"
)

// filez writes f with content, or fails the test.
func filez(t testing.TB, f File, content string) ([]byte, Checksum) {
	t.Helper()
	var b bytes.Buffer
	f.Size = int64(len(content))
	sum, err := WriteFile(&b, f, strings.NewReader(content), 6)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

// The bytes and the checksum that the stock program gives this file.
func TestFileGolden(t *testing.T) {
	data, sum := filez(t, File{Mode: 0o100644}, "hello\n")
	header := "\x00\x00\x00\x1a\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x06" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x81\xa4\x00\x00\x00\x00" + "\x00" + "\x19"
	if !bytes.HasPrefix(data, []byte(header)) {
		t.Errorf("header %q", data[:len(header)])
	}
	if sum != "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b" {
		t.Errorf("checksum %s", sum)
	}
}

func TestFileThereAndBack(t *testing.T) {
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	attrs := []XAttr{{"user.b", []byte("2")}, {"user.a", nil}}
	for _, c := range []struct {
		f       File
		content string
	}{
		{File{Mode: 0o100644}, ""},
		{File{Mode: 0o104755, UID: 1, GID: 2, XAttrs: attrs}, "x"},
		{File{Mode: 0o100600}, strings.Repeat("abc", 1<<20)},
		{File{Mode: 0o100600}, string(noise)},
		{File{Mode: 0o120777, Target: "../ä"}, ""},
	} {
		for level := range 10 {
			var b bytes.Buffer
			c.f.Size = int64(len(c.content))
			sum, err := WriteFile(&b, c.f, strings.NewReader(c.content), level)
			if err != nil {
				t.Fatal(err)
			}
			// The reader must not care how the bytes come.
			f, r, err := ReadFile(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(b.Bytes()))))
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(iotest.HalfReader(r))
			if err != nil || string(content) != c.content {
				t.Errorf("%+v level %d: %d bytes, %v", c.f, level, len(content), err)
			}
			if f.Size != c.f.Size || f.UID != c.f.UID || f.GID != c.f.GID || f.Mode != c.f.Mode || f.Target != c.f.Target || len(f.XAttrs) != len(c.f.XAttrs) {
				t.Errorf("header %+v, want %+v", f, c.f)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("behind the end: %d, %v", n, err)
			}
			if _, got, err := SumFile(bytes.NewReader(b.Bytes())); err != nil || got != sum {
				t.Errorf("checksum %s, want %s, %v", got, sum, err)
			}
		}
	}
}

// The checksum covers the attributes as they are stored, sorted or not.
func TestUnsortedAttributesKeepTheirChecksum(t *testing.T) {
	pair := func(name string) gvariant.Value {
		return gvariant.Tuple(gvariant.Bytes([]byte(name+"\x00")), gvariant.Bytes([]byte("v")))
	}
	f := File{Mode: 0o120777, Target: "x"}
	unsorted := gvariant.Array("(ayay)", pair("user.b"), pair("user.a"))
	got, sum, err := SumFile(bytes.NewReader(f.filezHeader(unsorted)))
	if err != nil || got.XAttrs[0].Name != "user.b" {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := ChecksumOf(f.sumHeader(unsorted)); sum != want {
		t.Errorf("checksum %s, want %s", sum, want)
	}
}

func TestReadFileRefusesHeaders(t *testing.T) {
	none := gvariant.Array("(ayay)")
	header := func(f File) []byte { return f.filezHeader(none) }
	device := gvariant.Tuple(gvariant.Uint64(0), gvariant.Uint32(0), gvariant.Uint32(0), gvariant.Uint32(swap32(0o100644)),
		gvariant.Uint32(1), gvariant.Str(""), none)
	padded := header(File{Mode: 0o100644})
	padded[7] = 1
	long := make([]byte, 8)
	binary.BigEndian.PutUint32(long, MaxHeader+1)
	for why, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":              {nil, ErrMalformed},
		"half a prefix":        {[]byte{0, 0, 0}, ErrMalformed},
		"half a header":        {header(File{Mode: 0o100644})[:20], ErrMalformed},
		"no GVariant":          {[]byte("\x00\x00\x00\x04\x00\x00\x00\x00abcd"), ErrMalformed},
		"padding":              {padded, ErrMalformed},
		"header too long":      {long, ErrTooLarge},
		"device number":        {frame(device), ErrMalformed},
		"directory":            {header(File{Mode: 0o040755}), ErrMalformed},
		"no type":              {header(File{Mode: 0o644}), ErrMalformed},
		"socket":               {header(File{Mode: 0o140644}), ErrMalformed},
		"bits above":           {header(File{Mode: 0o1100644}), ErrMalformed},
		"link with content":    {header(File{Mode: 0o120777, Target: "a", Size: 1}), ErrMalformed},
		"link without target":  {header(File{Mode: 0o120777}), ErrMalformed},
		"file with a target":   {header(File{Mode: 0o100644, Target: "a"}), ErrMalformed},
		"size over the limit":  {header(File{Mode: 0o100644, Size: MaxContent + 1}), ErrTooLarge},
		"size beyond numbers":  {header(File{Mode: 0o100644, Size: -1}), ErrTooLarge},
		"attribute of no name": {File{Mode: 0o100644}.filezHeader(encodeXAttrs([]XAttr{{"", nil}})), ErrMalformed},
	} {
		if _, _, err := ReadFile(bytes.NewReader(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", why, err)
		}
		if _, _, err := SumFile(bytes.NewReader(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestWriteFileRefuses(t *testing.T) {
	for why, c := range map[string]struct {
		f     File
		level int
	}{
		"content too long":  {File{Mode: 0o100644, Size: 3}, 6},
		"content too short": {File{Mode: 0o100644, Size: 5}, 6},
		"directory":         {File{Mode: 0o040755, Size: 4}, 6},
		"NUL in the target": {File{Mode: 0o120777, Target: "a\x00b"}, 6},
		"target of no text": {File{Mode: 0o120777, Target: "\xff"}, 6},
		"negative size":     {File{Mode: 0o100644, Size: -1}, 6},
		"empty attribute":   {File{Mode: 0o100644, Size: 4, XAttrs: []XAttr{{"", nil}}}, 6},
	} {
		if _, err := WriteFile(io.Discard, c.f, strings.NewReader("text"), c.level); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	large := File{Mode: 0o100644, XAttrs: []XAttr{{"user.a", make([]byte, MaxHeader)}}}
	if _, err := WriteFile(io.Discard, large, strings.NewReader(""), 6); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large header: %v", err)
	}
	for _, level := range []int{-1, 10} {
		if _, err := WriteFile(io.Discard, File{Mode: 0o100644}, strings.NewReader(""), level); err == nil {
			t.Errorf("level %d is accepted", level)
		}
	}
}

func FuzzFile(f *testing.F) {
	for _, file := range []File{{Mode: 0o100644}, {Mode: 0o120777, Target: "a"}, {Mode: 0o104755, XAttrs: []XAttr{{"user.a", []byte("b")}}}} {
		content := ""
		if !file.IsLink() {
			content = "content content content"
		}
		data, _ := filez(f, file, content)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, sum, err := SumFile(bytes.NewReader(data))
		h, r, headErr := ReadFile(bytes.NewReader(data))
		if headErr != nil {
			if err == nil {
				t.Fatalf("only SumFile reads it: %v", headErr)
			}
			return
		}
		content, readErr := io.ReadAll(r)
		if (readErr == nil) != (err == nil) || int64(len(content)) > h.Size {
			t.Fatalf("%d bytes of %d: %v and %v", len(content), h.Size, err, readErr)
		}
		if err != nil {
			return
		}
		var b bytes.Buffer
		if _, err := WriteFile(&b, file, bytes.NewReader(content), 1); err != nil {
			t.Fatal(err)
		}
		if err := Verify(Name{sum, KindFile}, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	})
}
