package registry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/event"
)

// What a power cut leaves of an unfinished change is undone; what was acknowledged stays.
func TestMend(t *testing.T) {
	one, two := paint("one"), paint("two")
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, l *layout)
		prod   Digest // afterwards
		said   string
	}{
		{"nothing", func(*testing.T, *layout) {}, two.index.Digest, ""},
		{"an empty index", func(t *testing.T, l *layout) { replace(t, l, "") }, two.index.Digest, "not finished"},
		{"half an index", func(t *testing.T, l *layout) { replace(t, l, `{"schemaVersion":2,"manif`) }, two.index.Digest, "not finished"},
		{"an index that leads out of the folder", func(t *testing.T, l *layout) {
			replace(t, l, `{"manifests":[{"digest":"sha256:../../x"}]}`)
		}, two.index.Digest, "not finished"},
		{"an index with a manifest that is not there", func(t *testing.T, l *layout) {
			replace(t, l, strings.Replace(read(t, l), string(two.index.Digest), "sha256:"+someDigits, 1))
		}, two.index.Digest, "not finished"},
		{"a manifest that is empty", func(t *testing.T, l *layout) {
			replace(t, l, strings.Replace(read(t, l), string(two.index.Digest), "sha256:"+someDigits[:63]+"0", 1))
			if err := os.WriteFile(l.blob("sha256:"+Digest(someDigits[:63]+"0")), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, two.index.Digest, "not finished"},
		{"a change that was whole", func(t *testing.T, l *layout) {
			swap := strings.NewReplacer(string(two.index.Digest), string(one.index.Digest), string(one.index.Digest), string(two.index.Digest))
			replace(t, l, swap.Replace(read(t, l)))
		}, one.index.Digest, ""},
		{"no oci-layout", func(t *testing.T, l *layout) {
			if err := os.WriteFile(filepath.Join(l.dir, layoutFile), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, two.index.Digest, ""},
		{"files of a killed process", func(t *testing.T, l *layout) {
			for _, name := range []string{"_uploads/upload.1", "index.json.123", "_index.json.new"} {
				name = filepath.Join(l.dir, name)
				_ = os.Mkdir(filepath.Dir(name), 0o755)
				if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}, two.index.Digest, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, log := t.TempDir(), event.NewLog(10)
			s := open(t, Options{Dir: dir})
			load(t, s, "a/2048", "one", "one")
			load(t, s, "a/2048", "prod", "two")
			l, err := s.find("a/2048")
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			tt.damage(t, l)
			s = open(t, Options{Dir: dir, Events: log})
			if m, err := s.Get(t.Context(), "a/2048", "prod"); err != nil || m.Digest != tt.prod {
				t.Errorf("prod is %s, %v, want %s", m.Digest, err, tt.prod)
			}
			said := record(log, "registry.mended")
			if (len(said) == 0) != (tt.said == "") || len(said) > 0 && !strings.Contains(said[0], tt.said) {
				t.Errorf("Open said %q, want %q", said, tt.said)
			}
			for _, name := range []string{"_uploads", "index.json.123"} {
				if _, err := os.Stat(filepath.Join(l.dir, name)); err == nil {
					t.Errorf("%s is left", name)
				}
			}
			if err := s.Put(t.Context(), "a/2048", "prod", one.index, nil); err != nil {
				t.Errorf("Put after it: %v", err)
			}
		})
	}
}

// A layout from elsewhere is served as it is, even a broken one.
func TestForeignLayouts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	load(t, s, "good", "v1", "one")
	for name, index := range map[string]string{"bad": "no JSON", "empty": `{"schemaVersion":2,"manifests":[]}`} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(at, "blobs"), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, content := range map[string]string{"index.json": index, "oci-layout": layoutContent} {
			if err := os.WriteFile(filepath.Join(at, file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "good", goodFile)); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	names(t, s, "good", "v1")
	if _, err := os.Stat(filepath.Join(dir, "bad", "index.json.broken")); err != nil {
		t.Error(err)
	}
	if tags, err := s.Tags(t.Context(), "empty"); err != nil || len(tags) != 0 {
		t.Errorf("Tags = %v, %v", tags, err)
	}
	load(t, s, "bad", "v1", "one")
}

// A failed write must leave no trace: not in index.json and not in what olareg remembers.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Immutable: []string{}})
	one, two := load(t, s, "2048", "prod", "one"), load(t, s, "2048", "v2", "two")
	l, err := s.find("2048")
	if err != nil {
		t.Fatal(err)
	}
	// A folder with content in the place of index.json lets olareg's rename fail.
	index := filepath.Join(l.dir, indexFile)
	if err := os.Rename(index, index+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(index, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.writing.Lock()
	_, failed := s.carryOut(t.Context(), l, nil, writing{repository: "2048", reference: "prod", tags: []string{"prod"}, manifest: two.index})
	l.writing.Unlock()
	if failed == nil {
		t.Fatal("the write did not fail")
	}
	if err := os.RemoveAll(index); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(index+"-away", index); err != nil {
		t.Fatal(err)
	}
	l.forget()
	if now := names(t, s, "2048", "prod"); now != one.index.Digest {
		t.Errorf("prod is %s after a write that failed, want %s", now, one.index.Digest)
	}
}

func replace(t *testing.T, l *layout, content string) {
	t.Helper()
	temp := filepath.Join(l.dir, "index.json.9")
	if err := os.WriteFile(temp, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(l.dir, indexFile)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, l *layout) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.dir, indexFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
