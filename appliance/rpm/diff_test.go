package rpm

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// list parses packages separated by spaces.
func list(t *testing.T, text string) []Package {
	t.Helper()
	var packages []Package
	for s := range strings.FieldsSeq(text) {
		p, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

// show writes a difference on one line: -removed +added from<to from>to.
func show(d Diff) string {
	var parts []string
	for _, p := range d.Removed {
		parts = append(parts, "-"+p.String())
	}
	for _, p := range d.Added {
		parts = append(parts, "+"+p.String())
	}
	for _, c := range d.Upgraded {
		parts = append(parts, c.From.String()+"<"+c.To.String())
	}
	for _, c := range d.Downgraded {
		parts = append(parts, c.From.String()+">"+c.To.String())
	}
	return strings.Join(parts, " ")
}

func TestCompute(t *testing.T) {
	for _, c := range []struct{ why, from, to, want string }{
		{"nothing", "", "", ""},
		{"the same", "a-1-1.noarch b-1-1.noarch", "b-1-1.noarch a-0:1-1.noarch", ""},
		{"removed and added, sorted", "b-1-1.noarch a-1-1.noarch", "d-1-1.noarch c-1-1.noarch", "-a-1-1.noarch -b-1-1.noarch +c-1-1.noarch +d-1-1.noarch"},
		{"up and down", "a-1-9.noarch b-2-1.noarch", "a-1-10.noarch b-1-1.noarch", "a-1-9.noarch<a-1-10.noarch b-2-1.noarch>b-1-1.noarch"},
		{"epoch", "a-2-1.noarch", "a-1:1-1.noarch", "a-2-1.noarch<a-1:1-1.noarch"},
		{"two architectures", "a-1-1.i686 a-1-1.x86_64", "a-2-1.x86_64 a-2-1.i686", "a-1-1.i686<a-2-1.i686 a-1-1.x86_64<a-2-1.x86_64"},
		{"one architecture leaves", "a-1-1.i686 a-1-1.x86_64", "a-2-1.x86_64", "-a-1-1.i686 a-1-1.x86_64<a-2-1.x86_64"},
		{"one architecture comes", "a-1-1.x86_64", "a-1-1.x86_64 a-1-1.i686", "+a-1-1.i686"},
		{"another architecture, newer", "a-1-1.noarch", "a-2-1.x86_64", "a-1-1.noarch<a-2-1.x86_64"},
		{"another architecture, the same", "a-1-1.noarch", "a-1-1.x86_64", "-a-1-1.noarch +a-1-1.x86_64"},
		{"kernels move on", "k-1-1.x86_64 k-2-1.x86_64 k-3-1.x86_64", "k-4-1.x86_64 k-3-1.x86_64 k-2-1.x86_64", "k-1-1.x86_64<k-4-1.x86_64"},
		{"kernels pair in order", "k-10-1.x86_64 k-9-1.x86_64", "k-11-1.x86_64 k-12-1.x86_64", "k-9-1.x86_64<k-11-1.x86_64 k-10-1.x86_64<k-12-1.x86_64"},
		{"a kernel leaves", "k-1-1.x86_64 k-2-1.x86_64", "k-2-1.x86_64", "-k-1-1.x86_64"},
		{"two kernels become one", "k-1-1.x86_64 k-2-1.x86_64", "k-3-1.x86_64", "-k-1-1.x86_64 -k-2-1.x86_64 +k-3-1.x86_64"},
		{"listed twice", "a-1-1.noarch a-1-1.noarch", "a-1-1.noarch", "-a-1-1.noarch"},
		{"another spelling", "a-1.0-1.noarch", "a-1_0-1.noarch", "-a-1.0-1.noarch +a-1_0-1.noarch"},
	} {
		if got := show(Compute(list(t, c.from), list(t, c.to))); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.why, got, c.want)
		}
	}
}

func TestComputeAnswersListsInJSON(t *testing.T) {
	data, err := json.Marshal(Compute(nil, nil))
	if want := `{"removed":[],"added":[],"upgraded":[],"downgraded":[]}`; err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}

// Whatever the lists, each package is told of as often as it differs, and the
// difference the other way is the mirror image.
func TestComputeBothWays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	random := func() (packages []Package) {
		for range r.IntN(12) {
			packages = append(packages, Package{Name: string(rune('a' + r.IntN(3))), Version: fmt.Sprint(r.IntN(3)), Release: "1",
				Arch: []string{"noarch", "x86_64"}[r.IntN(2)]})
		}
		return packages
	}
	for range 2000 {
		from, to := random(), random()
		there, back := Compute(from, to), Compute(to, from)
		if len(there.Removed) != len(back.Added) || len(there.Added) != len(back.Removed) ||
			len(there.Upgraded) != len(back.Downgraded) || len(there.Downgraded) != len(back.Upgraded) {
			t.Fatalf("%v to %v: %s, back %s", from, to, show(there), show(back))
		}
		if len(there.Added)-len(there.Removed) != len(to)-len(from) {
			t.Fatalf("%v to %v: %s", from, to, show(there))
		}
		if show(there) != show(Compute(from, to)) {
			t.Fatalf("%v to %v: not always the same", from, to)
		}
	}
}
