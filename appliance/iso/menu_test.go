package iso

import (
	"errors"
	"strings"
	"testing"
)

const grubText = `set default="1"

function load_video {
  insmod all_video
}
load_video
set timeout=60
### a comment
search --no-floppy --set=root -l 'LABEL'
menuentry 'Install Linux 1' --class red --class os {
	linux /vmlinuz inst.stage2=hd:LABEL=LABEL inst.ks=http://old/ quiet
	initrd /initrd.img
}
menuentry "Test this media & install Linux 1" {
	linux /vmlinuz inst.stage2=hd:LABEL=LABEL rd.live.check quiet
	initrd /initrd.img
}
submenu 'More -->' {
	menuentry 'Rescue' {
		linux /vmlinuz inst.rescue
		initrd /initrd.img
	}
}
`

const isolinuxText = `default vesamenu.c32
timeout 600
# a comment
menu title Linux 1
menu separator # empty

label linux
  menu label ^Install Linux 1
  kernel vmlinuz
  append initrd=initrd.img inst.stage2=hd:LABEL=LABEL quiet
label check
  menu label Test
  menu default
  kernel vmlinuz
  append initrd=initrd.img rd.live.check
menu begin ^More
label rescue
  text help
# no comment here
  endtext
  kernel vmlinuz
  append initrd=initrd.img inst.rescue
menu end
`

func TestMenus(t *testing.T) {
	c := choice{title: "OURS", args: []string{"inst.ks=http://b/?a&b", "console=ttyS0,115200"}, remove: []string{"quiet"}, tail: "/edge.img", serial: "ttyS0,115200", seconds: 5}
	for _, m := range []struct {
		d    Dialect
		text string
		room int
		want string
	}{
		{GRUB, grubText, 200, `function load_video {
insmod all_video
}
load_video
search --no-floppy --set=root -l 'LABEL'
set default=0
set timeout=5
menuentry 'OURS' {
linux /vmlinuz inst.stage2=hd:LABEL=LABEL 'inst.ks=http://b/?a&b' console=ttyS0,115200
initrd /initrd.img /edge.img
}
menuentry 'Install Linux 1' {
linux /vmlinuz inst.stage2=hd:LABEL=LABEL inst.ks=http://old/ quiet
initrd /initrd.img
}
menuentry "Test this media & install Linux 1" {
linux /vmlinuz inst.stage2=hd:LABEL=LABEL rd.live.check quiet
initrd /initrd.img
}
submenu 'More -->' {
menuentry 'Rescue' {
linux /vmlinuz inst.rescue
initrd /initrd.img
}
}
`},
		{Isolinux, isolinuxText, 200, `serial 0 115200
default vesamenu.c32
menu title Linux 1
menu separator
timeout 50
label appliance
menu label OURS
menu default
kernel vmlinuz
append initrd=initrd.img,/edge.img inst.stage2=hd:LABEL=LABEL inst.ks=http://b/?a&b console=ttyS0,115200
label linux
menu label ^Install Linux 1
kernel vmlinuz
append initrd=initrd.img inst.stage2=hd:LABEL=LABEL quiet
label check
menu label Test
kernel vmlinuz
append initrd=initrd.img rd.live.check
menu begin ^More
label rescue
text help
# no comment here
endtext
kernel vmlinuz
append initrd=initrd.img inst.rescue
menu end
`},
	} {
		parsed, err := parseMenu(m.d, []byte(m.text))
		if err != nil {
			t.Fatal(err)
		}
		size := len(m.text) + m.room
		got, left, err := parsed.rewritten(m.d, c, size)
		if err != nil || len(left) > 0 || len(got) != size || strings.TrimRight(string(got), "\n")+"\n" != m.want {
			t.Errorf("%s: %v, %q left out, %d bytes of %d:\n%s", m.d, err, left, len(got), size, strings.TrimRight(string(got), "\n"))
			continue
		}
		again, err := parseMenu(m.d, got)
		if err != nil {
			t.Fatal(err)
		}
		if e := again.starts(m.d); e == nil || e.title != "OURS" {
			t.Errorf("%s: the new menu starts %+v", m.d, e)
		}
	}
}

// Where there is no room for all of the vendor's entries, those that fit stay, and the others are named.
func TestMenuLeavesOut(t *testing.T) {
	c := choice{title: "OURS", args: []string{"inst.ks=http://b/"}, seconds: 5}
	parsed, err := parseMenu(GRUB, []byte(grubText))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := parsed.rewritten(GRUB, c, 2000)
	if err != nil {
		t.Fatal(err)
	}
	size := len(strings.TrimRight(string(all), "\n")) + 1 - len(strings.Join(parsed.entries[1].lines, "\n")+"\n")
	got, left, err := parsed.rewritten(GRUB, c, size)
	if err != nil || len(left) != 1 || left[0] != "Test this media & install Linux 1" || !strings.Contains(string(got), "'Rescue'") {
		t.Errorf("%v, left out %q:\n%s", err, left, got)
	}
	if _, _, err := parsed.rewritten(GRUB, c, 200); !errors.Is(err, ErrNoRoom) {
		t.Error(err)
	}
}

func TestMenuDefaults(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		text string
		want string
	}{
		{GRUB, grubText, "Test this media & install Linux 1"},
		{GRUB, strings.Replace(grubText, `"1"`, `'Install Linux 1'`, 1), "Install Linux 1"},
		{GRUB, strings.Replace(grubText, `"1"`, `"2"`, 1), "More -->"},
		{Isolinux, isolinuxText, "Test"},
		{Isolinux, strings.Replace(strings.Replace(isolinuxText, "vesamenu.c32", "linux", 1), "  menu default\n", "", 1), "Install Linux 1"},
	} {
		m, err := parseMenu(c.d, []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if e := m.starts(c.d); e == nil || e.title != c.want {
			t.Errorf("starts %+v, not %q", e, c.want)
		}
	}
}

func TestMenuRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		d     Dialect
		text  string
		cause error
	}{
		"no entry":      {GRUB, "set default=0\n", ErrUnsupported},
		"no kernel":     {GRUB, "menuentry 'x' {\nchainloader +1\n}\n", ErrUnsupported},
		"open brace":    {GRUB, "menuentry 'x' {\nlinux a\n", ErrMalformed},
		"closed brace":  {GRUB, "}\n", ErrMalformed},
		"NUL":           {Isolinux, "label a\x00\n", ErrMalformed},
		"no label":      {Isolinux, "default linux\n", ErrUnsupported},
		"only in a sub": {Isolinux, "menu begin x\nlabel a\nkernel b\nappend initrd=c\nmenu end\n", ErrUnsupported},
	} {
		if _, err := parseMenu(c.d, []byte(c.text)); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever menu there is: what we write over it is as long, and starts our entry.
func FuzzMenu(f *testing.F) {
	f.Add(true, grubText)
	f.Add(false, isolinuxText)
	for _, layout := range layouts {
		for _, m := range surveyed(f, stock(f, layout)).Menus {
			f.Add(m.Dialect == GRUB, m.Text)
		}
	}
	f.Fuzz(func(t *testing.T, grub bool, text string) {
		d := Isolinux
		if grub {
			d = GRUB
		}
		m, err := parseMenu(d, []byte(text))
		if err != nil {
			return
		}
		got, _, err := m.rewritten(d, choice{title: "OURS", args: []string{"inst.ks=file:/ks.cfg"}, tail: "/edge.img", seconds: 5}, len(text)+300)
		if err != nil {
			return
		}
		if len(got) != len(text)+300 {
			t.Fatalf("%d bytes instead of %d", len(got), len(text)+300)
		}
		if d == GRUB {
			if again, err := parseMenu(d, got); err != nil || again.starts(d) == nil {
				t.Fatalf("%v:\n%s", err, got)
			}
		}
	})
}

func TestCommandLine(t *testing.T) {
	vendor := strings.Fields("inst.stage2=hd:LABEL=x rd.live.check inst.ks=a quiet ks=b splash rhgb=1")
	c := choice{args: []string{"inst.ks=file:/ks.cfg", "splash", "fips=1"}, remove: []string{"quiet", "rhgb"}}
	if got := strings.Join(c.commandLine(vendor), " "); got != "inst.stage2=hd:LABEL=x splash inst.ks=file:/ks.cfg fips=1" {
		t.Errorf("%q", got)
	}
}
