package cli

import (
	"compress/gzip"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/appliance/iso"
	"edge/appliance/toml"
)

// testFolder is where tests begin; scripts run elsewhere.
var testFolder = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

func stockISO(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stock LAYOUT FILE")
	}
	f, err := os.Open(testFolder + "/../iso/testdata/" + args[0] + ".iso.gz")
	ts.Check(err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ts.Check(err)
	data, err := io.ReadAll(z)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}

func TestISOConfig(t *testing.T) {
	for text, want := range map[string]isoConfig{
		"": {},
		"[iso]\nbase = \"/isos/rhel.iso\"\nsha256 = \"12\"\nmode = \"kargs\"\nconsole = \"ttyS0\"\nfips = true\ntext = true\nkargs = [\"a=b\"]\nno_kargs = [\"quiet\"]\nca = \"/ca.pem\"\n": {
			base: "/isos/rhel.iso", sha256: "12", mode: iso.ModeKargs, ca: "/ca.pem",
			options: iso.Options{Console: "ttyS0", FIPS: true, Text: true, Add: []string{"a=b"}, Remove: []string{"quiet"}}},
	} {
		r := toml.Decode([]byte(text))
		if got := readISO(r); !reflect.DeepEqual(got, want) || r.Err("x") != nil {
			t.Errorf("%q: %+v, %v", text, got, r.Err("x"))
		}
	}
	r := toml.Decode([]byte("[iso]\nbase = \"rhel.iso\"\nmode = \"x\"\nkargs = [\"a b\"]\nwhat = 1\n"))
	readISO(r)
	err := r.Err("x")
	for _, want := range []string{"2:1: iso.base", "3:1: iso.mode", `"a b"`, `unknown key "iso.what"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func TestStaticAddress(t *testing.T) {
	a, err := parseStatic("192.0.2.7/24", "192.0.2.1", "192.0.2.2", "eno1")
	if err != nil || a.Address.String() != "192.0.2.7/24" || a.Gateway.String() != "192.0.2.1" || a.DNS.String() != "192.0.2.2" || a.Interface != "eno1" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := parseStatic("", "", "", ""); a != nil || err != nil {
		t.Errorf("%+v, %v", a, err)
	}
	for _, bad := range [][4]string{{"x", "192.0.2.1"}, {"192.0.2.7/24"}, {"192.0.2.7/24", "x"}, {"192.0.2.7/24", "192.0.2.1", "x"}, {"", "", "", "eno1"}} {
		if _, err := parseStatic(bad[0], bad[1], bad[2], bad[3]); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
