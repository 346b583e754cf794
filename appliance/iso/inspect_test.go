package iso

import (
	"bytes"
	"strings"
	"testing"
)

// The classic fault: only the tree's menu was changed, so a machine that boots from the stick ignores the kickstart.
func TestInspectFindsTheUnchangedMenu(t *testing.T) {
	data := stock(t, "rhel10")
	b := surveyed(t, data)
	tree := b.Menus[b.menuAt("EFI/BOOT/grub.cfg", false)].Extents[0]
	text := data[tree.Offset:tree.End()]
	copy(text, bytes.Replace(bytes.Clone(text), []byte("rd.live.check"), []byte("inst.ks=x:/a "), 1))
	r, err := Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), nil)
	if err != nil {
		t.Fatal(err)
	}
	with := map[bool][]string{}
	for _, s := range r.Starts {
		has := strings.Contains(s.Command, "inst.ks=")
		with[has] = append(with[has], s.Firmware+" "+s.Medium)
	}
	if len(with[true]) != 1 || with[true][0] != "UEFI CD" || r.Check != Fails {
		t.Errorf("with a kickstart: %q, media check %s", with[true], r.Check)
	}
	data = stock(t, "rhel9")
	b = surveyed(t, data)
	esp := b.Menus[b.menuAt("EFI/BOOT/grub.cfg", true)].Extents[0]
	text = data[esp.Offset:esp.End()]
	copy(text, bytes.Replace(bytes.Clone(text), []byte("rd.live.check"), []byte("inst.ks=x:/a "), 1))
	if r, err = Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), nil); err != nil || !r.Starts[3].Differ || r.Starts[2].Differ {
		t.Errorf("where firmware differs it is not told: %+v, %v", r.Starts, err)
	}
}

func TestInspectStock(t *testing.T) {
	for _, layout := range layouts {
		data := append(stock(t, layout), "behind"...)
		r, err := Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), nil)
		if err != nil || r.Check != Passes || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "6 bytes lie behind") {
			t.Errorf("%s: %+v, %v", layout, r, err)
		}
		for _, s := range r.Starts {
			if !strings.HasPrefix(s.Entry, "Test this media & install") || !strings.Contains(s.Command, "rd.live.check") {
				t.Errorf("%s: %+v", layout, s)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	a := stock(t, "rhel9")
	b := bytes.Clone(a)
	b[645120], b[645125], b[645500] = 'x', 'y', 'z'
	b = append(b, "more"...)
	c, err := Compare(t.Context(), bytes.NewReader(a), bytes.NewReader(b), int64(len(a)), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Extent{{645120, 6}, {645500, 1}, {int64(len(a)), 4}}
	if c.Bytes != 7 || len(c.Ranges) != 3 || c.Ranges[0] != want[0] || c.Ranges[1] != want[1] || c.Ranges[2] != want[2] || len(c.Menus) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestUnified(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"a\nb\n", "  a\n\nb\n\n\n", ""},
		{"a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\ne\nF\n", " …\n d\n e\n-f\n+F\n"},
		{"", "new\n", "+new\n"},
	} {
		if got := unified(c.a, c.b); got != c.want {
			t.Errorf("%q", got)
		}
	}
}
