package blueprint

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

const (
	one  = "1111111111111111111111111111111111111111"
	zero = "0000000000000000000000000000000000000000"
)

// wire makes lines; "" is a flush.
func wire(t testing.TB, lines ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := pktline.NewEncoder(&out).EncodeString(lines...); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAdvertisement(t *testing.T) {
	r := newTest(t)
	for _, pushed := range []bool{false, true} {
		if pushed {
			push(t, r, demo, PushOptions{})
		}
		var out bytes.Buffer
		if err := r.Advertise(UploadPack, &out); err != nil {
			t.Fatal(err)
		}
		refs, err := readAdvertisement(out.Bytes())
		tip := r.now().tip
		if err != nil || refs[branch] != tip || refs["HEAD"] != tip || refs["refs/tags/demo/0.0.1"] != tip {
			t.Errorf("%v, %v", refs, err)
		}
		if pushed != strings.Contains(out.String(), "symref=HEAD:refs/heads/main") {
			t.Errorf("%q", out.String())
		}
	}
	service := wire(t, "# service=git-upload-pack\n", "")
	if refs, err := readAdvertisement([]byte(service + wire(t, one+" HEAD\x00shallow\n", one+" refs/heads/main\n", "shallow "+one+"\n", ""))); err != nil || refs[branch] != plumbing.NewHash(one) {
		t.Errorf("%v, %v", refs, err)
	}
	for _, bad := range []string{"", "<!doctype html>", service, wire(t, "# service=git-receive-pack\n", ""), service + wire(t, "ERR no\n", ""),
		service + wire(t, "123 HEAD\x00\n", ""), service + wire(t, one+" HEAD\x00\n", "xx refs/heads/a\n", ""), service + wire(t, one+" HEAD\x00\n"),
		service + wire(t, one+" HEAD\x00\n", "shallow "+one+"\n", "x", ""), service + wire(t, one+" HEAD\x00\n", "shallow "+one+"\n", one+" refs/heads/a\n", "")} {
		if refs, err := readAdvertisement([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v, %v", bad, refs, err)
		}
	}
}

func TestWish(t *testing.T) {
	w, err := readWish(strings.NewReader(wire(t, "want "+one+" multi_ack_detailed agent=git/2\n", "", "have "+one+"\n", "", "done\n")))
	if err != nil || len(w.wants) != 1 || len(w.haves) != 1 || !w.multi || !w.done {
		t.Errorf("%+v, %v", w, err)
	}
	for _, nothing := range []string{"", "0000"} {
		if w, err := readWish(strings.NewReader(nothing)); err != nil || len(w.wants) > 0 {
			t.Errorf("%q: %+v, %v", nothing, w, err)
		}
	}
	for _, bad := range []string{"zzzz", "0003", "fff5", "0010want", "0008what", wire(t, "want "+one+"\n", "deepen 1\n", ""), wire(t, "want "+one+"\n", "shallow "+one+"\n", ""),
		wire(t, "want "+one+"\n", "filter blob:none\n", ""), wire(t, "want "+one+"\n", "", "have x\n"), wire(t, "want "+one+"\n", "", "what\n")} {
		if w, err := readWish(strings.NewReader(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v, %v", bad, w, err)
		}
	}
	many := strings.Repeat(wire(t, "want "+one+"\n"), maxWants+1) + "0000"
	if _, err := readWish(strings.NewReader(many)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestUpdates(t *testing.T) {
	const change = zero + " " + one + " refs/heads/main"
	u, pack, err := readUpdates([]byte(wire(t, change+"\x00 report-status side-band-64k", "") + "PACK"))
	if err != nil || len(u.Commands) != 1 || u.Commands[0].Name != branch || !u.Commands[0].Old.IsZero() || u.Commands[0].New != plumbing.NewHash(one) ||
		!u.Capabilities.Supports(capability.Sideband64k) || !u.Capabilities.Supports(capability.ReportStatus) || string(pack) != "PACK" {
		t.Errorf("%+v, %q, %v", u, pack, err)
	}
	for _, bad := range []string{"zzzz", "0003", "fff5", "0010want", "0008what", wire(t, change, ""), wire(t, change+"\x00"), wire(t, change+" x\x00", ""), wire(t, change+"\x00", change+" x", ""),
		wire(t, zero+" "+strings.Repeat("A", 40)+" refs/heads/main\x00", ""), wire(t, zero+" "+zero+" refs/heads/main\x00", ""), wire(t, "shallow "+one, change+"\x00", "")} {
		if u, _, err := readUpdates([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v, %v", bad, u, err)
		}
	}
	if _, _, err := readUpdates([]byte(strings.Repeat(wire(t, change+"\x00"), maxUpdates+1) + "0000")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// A refusal of any length reaches the person who pushes.
func TestReportIsLong(t *testing.T) {
	u, _, err := readUpdates([]byte(wire(t, zero+" "+one+" refs/heads/main\x00report-status side-band-64k", "")))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report(&out, u, errors.New(strings.Repeat("no\x1b ", 50_000))); err != nil {
		t.Fatal(err)
	}
	lines, rest, err := linesUntilFlush(out.Bytes(), 1000)
	if err != nil || len(rest) > 0 || len(lines) < 30 || strings.Contains(out.String(), "\x1b") || !strings.Contains(lines[len(lines)-1], "ng refs/heads/main no? ") {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func FuzzWire(f *testing.F) {
	f.Add([]byte(wire(f, "want "+one+"\n", "", "have "+one+"\n", "done\n")))
	f.Add([]byte(wire(f, "# service=git-upload-pack\n", "", one+" HEAD\x00shallow\n", one+" refs/heads/main\n", "shallow "+one+"\n", "")))
	f.Add([]byte(wire(f, zero+" "+one+" refs/heads/main\x00report-status", "") + "PACK"))
	f.Add([]byte(wire(f, "shallow "+one, "", "NAK\n") + "PACK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		known := func(err error) {
			if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%v", err)
			}
		}
		_, err := readWish(bytes.NewReader(data))
		known(err)
		u, pack, err := readUpdates(data)
		known(err)
		if err == nil && len(u.Commands) > maxUpdates || len(pack) > len(data) {
			t.Errorf("%d commands, %d bytes", len(u.Commands), len(pack))
		}
		_, err = readAdvertisement(data)
		known(err)
		_, err = readShallowAnswer(data)
		known(err)
	})
}
