package iso

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// A record goes where the order of names wants it, in every tree, and nothing else of the directory changes.
func TestRootWithFile(t *testing.T) {
	for _, layout := range layouts {
		b := surveyed(t, stock(t, layout))
		at := b.tailAt(tailStep)
		for _, root := range b.Roots {
			data, err := root.withFile(at)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) != len(root.Data) {
				t.Errorf("%s: the directory has %d bytes, not %d", layout, len(data), len(root.Data))
			}
			before, _ := parseDirectory(root.Data)
			after, err := parseDirectory(data)
			if err != nil || len(after) != len(before)+1 {
				t.Fatalf("%s: %d records, %v", layout, len(after), err)
			}
			v := volume{joliet: root.Joliet, shift: root.Shift}
			found := false
			for i, r := range after {
				if i > 2 && root.compare(after[i-1].id, r.id) >= 0 {
					t.Errorf("%s: %q does not come after %q", layout, r.id, after[i-1].id)
				}
				if v.name(r) == tailName {
					found = v.shifted(r.extent) == at && !r.dir
				}
			}
			if !found {
				t.Errorf("%s: no file %q at %+v", layout, tailName, at)
			}
			if _, err := (Root{At: root.At, Joliet: root.Joliet, Shift: root.Shift, Data: data}).withFile(at); !errors.Is(err, ErrCustomised) {
				t.Errorf("%s: a second time: %v", layout, err)
			}
		}
	}
}

func TestTail(t *testing.T) {
	if tail(nil, nil) != nil {
		t.Error("there is a tail without anything in it")
	}
	small, large := tail([]byte("a"), nil), tail(make([]byte, 70_000), []byte("b"))
	if len(small) != tailStep || len(large) != 2*tailStep {
		t.Errorf("%d and %d bytes", len(small), len(large))
	}
	if !bytes.HasPrefix(large, []byte("070701")) {
		t.Error("not an archive of the kind newc")
	}
	for _, want := range []string{"ks.cfg\x00", "TRAILER!!!\x00", "etc/pki/ca-trust\x00", trustPath + "\x00"} {
		if !bytes.Contains(large, []byte(want)) {
			t.Errorf("no %q in the archive", want)
		}
	}
}

func TestOptions(t *testing.T) {
	address := func(prefix, gateway string) *Address {
		return &Address{Address: netip.MustParsePrefix(prefix), Gateway: netip.MustParseAddr(gateway)}
	}
	full := address("192.0.2.7/24", "192.0.2.1")
	full.DNS, full.Interface = netip.MustParseAddr("192.0.2.2"), "eno1"
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, ""},
		{Options{Console: "ttyS1"}, "console=tty0 console=ttyS1,115200"},
		{Options{Console: "ttyS0,9600n8", FIPS: true, Text: true}, "console=tty0 console=ttyS0,9600n8 fips=1 inst.text"},
		{Options{Console: "hvc0"}, "console=tty0 console=hvc0"},
		{Options{IP: full}, "ip=192.0.2.7::192.0.2.1:255.255.255.0::eno1:none nameserver=192.0.2.2"},
		{Options{IP: address("2001:db8::7/64", "2001:db8::1")}, "ip=[2001:db8::7]::[2001:db8::1]:64:::none"},
		{Options{IP: address("10.0.0.1/0", "10.0.0.2"), Add: []string{"a.b=c", "d"}}, "ip=10.0.0.1::10.0.0.2:0.0.0.0:::none a.b=c d"},
	} {
		if err := c.o.Check(); err != nil {
			t.Errorf("%+v: %v", c.o, err)
		}
		if got := strings.Join(c.o.arguments(), " "); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
	for _, o := range []Options{
		{Console: "ttyS0 init=/bin/sh"}, {Console: "tty"}, {Add: []string{"inst.ks=http://x"}}, {Add: []string{"a b"}}, {Add: []string{"a='b"}},
		{Add: []string{"a=$(x)"}}, {Add: []string{"a;b"}}, {Add: []string{"a={"}}, {Add: []string{""}}, {Add: []string{"a\nb"}}, {Add: []string{"a=\\x"}}, {Remove: []string{"inst.stage2"}},
		{Remove: []string{""}}, {Add: make([]string, 65)}, {IP: &Address{}}, {IP: address("192.0.2.7/24", "192.0.3.1")}, {IP: address("192.0.2.7/24", "192.0.2.7")},
		{IP: &Address{Address: netip.MustParsePrefix("192.0.2.7/24"), Gateway: netip.MustParseAddr("192.0.2.1"), Interface: "a b"}},
	} {
		if err := o.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, id := range []string{"", ".", "..", "a/b", "-a", "a-", "a b", strings.Repeat("a", 65), "ä"} {
		if err := CheckDevice(id); !errors.Is(err, ErrInvalid) {
			t.Errorf("device %q: %v", id, err)
		}
	}
	if err := CheckDevice("edge-7.example"); err != nil {
		t.Error(err)
	}
}

// Names of bases come from files, whatever those are called.
func TestBaseName(t *testing.T) {
	for file, want := range map[string]string{"rhel-9.6-x86_64-boot.iso": "rhel-9.6-x86_64-boot", "A B.ISO": "A-B", "..iso": "", "ö.iso": ""} {
		if got := baseName(file); got != want {
			t.Errorf("%q: %q, not %q", file, got, want)
		}
	}
	if got := baseName(strings.Repeat("a", 63) + ".b"); checkName("base", got) != nil {
		t.Errorf("%q", got)
	}
}
