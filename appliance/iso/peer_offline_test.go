package iso

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/command"
)

const commitOfTest = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"

// exported writes a repository with names as long as those of OSTree.
func exported(_ context.Context, _ string, w io.Writer) (string, error) {
	t := tar.NewWriter(w)
	for i := range 600 {
		data := fmt.Appendf(nil, "object %d\n", i)
		name := fmt.Sprintf("repo/objects/%02x/%062x.filez", i%256, i)
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return "", err
		}
		if _, err := t.Write(data); err != nil {
			return "", err
		}
	}
	if err := t.WriteHeader(&tar.Header{Name: "repo/config", Mode: 0o644}); err != nil {
		return "", err
	}
	return commitOfTest, t.Close()
}

// An offline image is the stock one with one folder more: it passes its check, boots as before, and gives the
// repository to who mounts it, from the whole disk and from its first partition.
func TestOfflineWithXorriso(t *testing.T) {
	needPeers(t, append([]string{"checkisomd5", "isoinfo"}, stockTools...)...)
	for _, layout := range layouts {
		t.Run(layout, func(t *testing.T) {
			s, _ := newShelf(t, func(o *ShelfOptions) { o.Export = exported })
			if _, err := s.Add(t.Context(), Adding{From: stockISO(t, layout, "", "", "2"), Name: "stock"}); err != nil {
				t.Fatal(err)
			}
			made, err := s.Build(t.Context(), "demo", Building{Mode: ModeOffline})
			if err != nil {
				t.Fatal(err)
			}
			if made.Commit != commitOfTest || made.Product == "" || len(s.Bases()) != 1 {
				t.Errorf("%+v", made)
			}
			image := filepath.Join(t.TempDir(), "offline.iso")
			write(t, s, "boot", "", image)
			if out := run(t, "checkisomd5", image); !strings.Contains(out, "PASS") {
				t.Errorf("checkisomd5: %s", out)
			}
			out := filepath.Join(t.TempDir(), "object")
			run(t, "xorriso", "-report_about", "SORRY", "-osirrox", "on", "-indev", image, "-extract", fmt.Sprintf("/ostree/repo/objects/01/%062x.filez", 257), out)
			if got, err := os.ReadFile(out); err != nil || string(got) != "object 257\n" {
				t.Errorf("an object on the medium is %q, %v", got, err)
			}
			data, err := os.ReadFile(image)
			if err != nil {
				t.Fatal(err)
			}
			checkOffline(t, layout, data)
			if err := s.Remove(t.Context(), "demo", "boot", ""); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(filepath.Join(s.basesPath(), "*.iso")); len(left) != 0 {
				t.Errorf("%q is left when no image needs it", left)
			}
		})
	}
}

func checkOffline(t *testing.T, layout string, data []byte) {
	t.Helper()
	f := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(f, data, 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := os.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	r, err := Inspect(t.Context(), own, int64(len(data)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range r.Starts {
		if start.Via == "" || start.Differ || !strings.Contains(start.Command, "inst.ks=file:/ks.cfg") {
			t.Errorf("%+v", start)
		}
	}
	s := survey{w: window{own, int64(len(data))}, base: &Base{}, curious: true}
	b, err := s.run()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"rhel9": 2, "rhel10": 4, "aarch64": 2}[layout]
	if len(b.Roots) != want {
		t.Errorf("%d trees, not %d", len(b.Roots), want)
	}
	for _, root := range b.Roots {
		v := volume{joliet: root.Joliet, shift: root.Shift, root: root.At}
		files, err := v.files(s.w)
		if err != nil {
			t.Fatal(err)
		}
		objects := 0
		for _, f := range files {
			if strings.HasPrefix(f.path, "ostree/repo/objects/") {
				objects++
			}
		}
		if objects != 600 {
			t.Errorf("the tree with Joliet %v and shift %d has %d objects, not 600", root.Joliet, root.Shift, objects)
		}
	}
}

// Without xorriso the other modes go on.
func TestOfflineWithoutXorriso(t *testing.T) {
	s, _ := newShelf(t, func(o *ShelfOptions) {
		o.Export = exported
		o.Run = runner(func(command.Spec) ([]byte, error) { return nil, fmt.Errorf("xorriso: %w", command.ErrNotFound) })
	})
	if _, err := s.Add(t.Context(), Adding{From: stockFile(t, "rhel9")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Build(t.Context(), "demo", Building{Mode: ModeOffline}); !errors.Is(err, ErrNoProgram) {
		t.Error(err)
	}
	s.o.Export = func(context.Context, string, io.Writer) (string, error) {
		return "", errors.New("nothing is published")
	}
	if _, err := s.Build(t.Context(), "demo", Building{Mode: ModeOffline}); err == nil || !strings.Contains(err.Error(), "nothing is published") {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.basesPath(), ".*")); len(left) != 0 {
		t.Errorf("%q was left", left)
	}
}

type runner func(command.Spec) ([]byte, error)

func (r runner) Run(_ context.Context, s command.Spec) ([]byte, error) { return r(s) }
