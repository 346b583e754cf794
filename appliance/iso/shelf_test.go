package iso

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// stockFile puts a stock image where it would be after a download.
func stockFile(t testing.TB, layout string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), layout+"-boot.iso")
	if err := os.WriteFile(file, stock(t, layout), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// content is the whole of an image.
func content(t testing.TB, s *Shelf, name, image, device string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), name, image, device)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r.ReadSeeker)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func passes(t testing.TB, data []byte) bool {
	t.Helper()
	r, err := Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Check == Passes
}

func TestShelf(t *testing.T) {
	s, events := newShelf(t, nil)
	if _, err := s.Build(t.Context(), "demo", Building{}); !errors.Is(err, ErrNoBase) {
		t.Errorf("without a base: %v", err)
	}
	file := stockFile(t, "rhel9")
	b, err := s.Add(t.Context(), Adding{From: file})
	if err != nil {
		t.Fatal(err)
	}
	if b.Name != "rhel9-boot" || len(b.SHA256) != 64 || len(s.Bases()) != 1 || s.Bases()[0].Summary().Kickstart == 0 {
		t.Errorf("%+v", b.Summary())
	}
	made, err := s.Build(t.Context(), "demo", Building{})
	if err != nil {
		t.Fatal(err)
	}
	if made.Path != "/demo/images/boot.iso" || made.Mode != ModeKickstart || made.Changed > 8<<10 || made.Size != b.Size || made.Fault != "" || made.ETag == "" {
		t.Errorf("%+v", made)
	}
	boot, edge := content(t, s, "demo", "boot", ""), content(t, s, "demo", "", "edge-7")
	if !bytes.Contains(boot, []byte("# kickstart of demo for \n")) || !bytes.Contains(edge, []byte("# kickstart of demo for edge-7\n")) {
		t.Error("an image does not carry its kickstart")
	}
	if !passes(t, boot) || !passes(t, edge) {
		t.Error("a media check does not pass")
	}
	if _, err := s.Build(t.Context(), "demo", Building{Device: "edge-8", Mode: ModeKargs, Options: &Options{Text: true}}); err != nil {
		t.Fatal(err)
	}
	if own := content(t, s, "demo", "", "edge-8"); !bytes.Contains(own, []byte("inst.ks=http://builder.example:8080/demo/kickstart.ks?device=edge-8")) || !passes(t, own) {
		t.Error("the image of edge-8 does not name its kickstart")
	}
	var names []string
	for _, i := range s.List(t.Context(), "demo") {
		names = append(names, i.Path)
	}
	if !slices.Equal(names, []string{"/demo/images/boot.iso", "/demo/images/by-device/edge-8.iso"}) {
		t.Errorf("%q", names)
	}
	if got := events.kinds(); !slices.Equal(got, []string{"iso.added rhel9-boot", "iso.built demo", "iso.built demo"}) {
		t.Errorf("%q", got)
	}
}

// What was built is served after a restart, the very same bytes, and no base has to be read for it.
func TestShelfRemembers(t *testing.T) {
	s, events := newShelf(t, nil)
	b, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel10")})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []Building{{}, {Name: "lab", Options: &Options{FIPS: true}}, {Device: "edge-7"}} {
		if _, err := s.Build(t.Context(), "demo", a); err != nil {
			t.Fatal(err)
		}
	}
	before := content(t, s, "demo", "lab", "")
	if err := os.WriteFile(filepath.Join(s.basesPath(), ".x.part"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.o.Dir, "demo", "broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := s.o
	again, err := OpenShelf(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.points[b.SHA256]) != 2 {
		t.Errorf("%d checkpoints are remembered, not 2", len(again.points[b.SHA256]))
	}
	if after := content(t, again, "demo", "lab", ""); !bytes.Equal(before, after) {
		t.Error("other bytes after a restart")
	}
	if len(again.List(t.Context(), "demo")) != 3 {
		t.Errorf("%+v", again.List(t.Context(), "demo"))
	}
	if _, err := os.Stat(filepath.Join(s.basesPath(), ".x.part")); err == nil {
		t.Error("what was half-made is still there")
	}
	if !slices.Contains(events.kinds(), "iso.unreadable demo/broken.json") {
		t.Errorf("nobody was told of a broken note: %q", events.kinds())
	}
}

func TestShelfRefusals(t *testing.T) {
	s, _ := newShelf(t, nil)
	file := stockFile(t, "rhel9")
	for name, c := range map[string]struct {
		a     Adding
		cause error
	}{
		"relative path": {Adding{From: "boot.iso"}, ErrInvalid},
		"no file":       {Adding{From: file + ".not"}, ErrInvalid},
		"folder":        {Adding{From: t.TempDir(), Name: "x"}, ErrNotISO},
		"bad name":      {Adding{From: file, Name: "../x"}, ErrInvalid},
		"no digest":     {Adding{From: file, SHA256: "12"}, ErrInvalid},
		"other digest":  {Adding{From: file, SHA256: "sha256:" + strings.Repeat("0", 64)}, ErrMismatch},
		"dead server":   {Adding{From: "http://127.0.0.1:1/x.iso"}, ErrUnreachable},
	} {
		if _, err := s.Add(t.Context(), c.a); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
	damaged := stock(t, "rhel9")
	damaged[645120]++ // in a file that nobody looks into
	other := filepath.Join(t.TempDir(), "rhel9-boot.iso")
	if err := os.WriteFile(other, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), Adding{From: other}); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "media check fails") {
		t.Errorf("damaged: %v", err)
	}
	if len(s.Bases()) != 0 {
		t.Error("a base was kept that was refused")
	}
	if _, err := s.Add(t.Context(), Adding{From: file}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, stock(t, "rhel10"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), Adding{From: other}); !errors.Is(err, ErrExists) {
		t.Errorf("another of that name: %v", err)
	}
	for name, c := range map[string]struct {
		blueprint string
		b         Building
		cause     error
	}{
		"unknown base":       {"demo", Building{Base: "x"}, ErrNoBase},
		"unknown mode":       {"demo", Building{Mode: "x"}, ErrInvalid},
		"bad name":           {"demo", Building{Name: "a/b"}, ErrInvalid},
		"name of a folder":   {"demo", Building{Name: "by-device"}, ErrInvalid},
		"bad blueprint":      {"../x", Building{}, ErrInvalid},
		"bad device":         {"demo", Building{Device: "a/b"}, ErrInvalid},
		"device and name":    {"demo", Building{Device: "a", Name: "b"}, ErrInvalid},
		"bad option":         {"demo", Building{Options: &Options{Console: "x"}}, ErrInvalid},
		"offline, no commit": {"demo", Building{Mode: ModeOffline}, ErrNotReady},
	} {
		if _, err := s.Build(t.Context(), c.blueprint, c.b); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.List(t.Context(), "demo")) != 0 {
		t.Error("an image was kept that was refused")
	}
	for _, image := range []string{"boot", "", "../x"} {
		if _, err := s.Open(t.Context(), "demo", image, ""); !errors.Is(err, ErrUnknown) {
			t.Errorf("opening %q: %v", image, err)
		}
	}
}

// A base that was written to is not served over, neither under old patches nor under new ones.
func TestShelfNoticesChangedBase(t *testing.T) {
	s, _ := newShelf(t, nil)
	file := stockFile(t, "rhel9")
	if _, err := s.Add(t.Context(), Adding{From: file}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"opening":  func() error { _, err := s.Open(t.Context(), "demo", "boot", ""); return err }(),
		"building": func() error { _, err := s.Build(t.Context(), "demo", Building{Name: "x"}); return err }(),
	} {
		if !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.Add(t.Context(), Adding{From: file}); err != nil {
		t.Fatal("adding it again:", err)
	}
	content(t, s, "demo", "boot", "")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if list := s.List(t.Context(), "demo"); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	if _, err := s.Open(t.Context(), "demo", "boot", ""); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
}

// The image of a device that nobody built one for is made of the blueprint's own and stays as it is while it is read.
func TestDerivedImages(t *testing.T) {
	now, text := time.Now(), "one"
	s, _ := newShelf(t, func(o *ShelfOptions) {
		o.Now = func() time.Time { return now }
	})
	s.o.Kickstart = func(_ context.Context, w Wanted) ([]byte, error) {
		return []byte("# " + text + " " + w.Device + "\n"), nil
	}
	if _, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel9")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "demo", "", "edge-7"); !errors.Is(err, ErrUnknown) {
		t.Errorf("without an image of the blueprint: %v", err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "demo", "", "../7"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	says := func(want string) {
		t.Helper()
		if !bytes.Contains(content(t, s, "demo", "", "edge-7"), []byte("# "+want+" edge-7\n")) {
			t.Errorf("it does not say %q", want)
		}
	}
	says("one")
	text = "two"
	for range 5 { // a firmware that reads slowly
		now = now.Add(rest - time.Second)
		says("one")
	}
	now = now.Add(rest + time.Second)
	says("two")
	if len(s.List(t.Context(), "demo")) != 1 {
		t.Error("a derived image is listed")
	}
	if _, err := s.Build(t.Context(), "demo", Building{Mode: ModeKargs}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "demo", "", "edge-9"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "has to be built") {
		t.Errorf("over an image without a kickstart: %v", err)
	}
}

func TestRemoveImage(t *testing.T) {
	s, _ := newShelf(t, nil)
	if _, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel9")}); err != nil {
		t.Fatal(err)
	}
	for _, b := range []Building{{}, {Device: "edge-7"}} {
		if _, err := s.Build(t.Context(), "demo", b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Remove(t.Context(), "demo", "", "edge-7"); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "demo", "boot", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "demo", "boot", ""); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if again, err := OpenShelf(s.o); err != nil || len(again.List(t.Context(), "demo")) != 0 || len(again.Bases()) != 1 {
		t.Error("what was removed is there after a restart", err)
	}
}

func TestAddFromURL(t *testing.T) {
	data := stock(t, "rhel10")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/isos/RHEL 10.iso" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	defer server.Close()
	s, _ := newShelf(t, nil)
	if _, err := s.Add(t.Context(), Adding{From: server.URL + "/nothing.iso"}); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	b, err := s.Add(t.Context(), Adding{From: server.URL + "/isos/RHEL%2010.iso"})
	if err != nil {
		t.Fatal(err)
	}
	if b.Name != "RHEL-10" || !strings.HasPrefix(b.File, s.basesPath()) {
		t.Errorf("%s in %s", b.Name, b.File)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Error(err)
	}
	parts, _ := filepath.Glob(filepath.Join(s.basesPath(), ".*part"))
	if len(parts) != 0 {
		t.Errorf("%q was left", parts)
	}
}

// A hundred devices that ask at once each get their own.
func TestManyAtOnce(t *testing.T) {
	s, _ := newShelf(t, nil)
	if _, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel9")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			device := "edge-" + string(rune('a'+i%26))
			r, err := s.Open(t.Context(), "demo", "", device)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			b := s.Bases()[0]
			tail := make([]byte, 4096)
			if _, err := r.ReadAt(tail, b.tailAt(tailStep).Offset); err != nil || !bytes.Contains(tail, []byte("for "+device+"\n")) {
				t.Errorf("%s got another's: %v", device, err)
			}
		})
	}
	all.Wait()
}
