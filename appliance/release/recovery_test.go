package release

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"edge/appliance/compose"
	"edge/appliance/ostree"
)

func (s *scene) recordFile(v string) string {
	return filepath.Join(s.data, "releases", string(compose.SampleBlueprint), v+".json")
}

// repository of the samples as another process sees it.
func (s *scene) repository() *ostree.Repo {
	s.t.Helper()
	repo, err := ostree.Open(filepath.Join(s.data, "ostree", string(compose.SampleBlueprint)), ostree.Options{Signer: s.signer})
	if err != nil {
		s.t.Fatal(err)
	}
	return repo
}

// TestRecoverRecord loses records in every way: killed after the import, cut off by a full disk,
// that of another release.
func TestRecoverRecord(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"missing":  os.Remove,
		"empty":    func(file string) error { return os.WriteFile(file, nil, 0o644) },
		"cut":      func(file string) error { return os.Truncate(file, 40) },
		"of other": func(file string) error { return os.WriteFile(file, []byte(`{"version":"8.0.0"}`), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocked(t)
			want := s.get(demo("0.0.2"))
			if err := damage(s.recordFile("0.0.2")); err != nil {
				t.Fatal(err)
			}
			s.wait(time.Hour)
			s.reopen()
			got := s.get(demo("0.0.2"))
			want.Origin, want.Added, want.Objects, want.Size, want.New = Recovered, s.clock(), 0, 0, 0
			if !reflect.DeepEqual(got, want) {
				t.Errorf("recovered %+v, want %+v", got, want)
			}
			if kinds := s.kinds(); kinds[len(kinds)-1] != "release.imported" {
				t.Errorf("events %v", kinds)
			}
			events := len(s.kinds())
			s.reopen()
			if again := s.get(demo("0.0.2")); !reflect.DeepEqual(again, got) || len(s.kinds()) != events {
				t.Errorf("reopened again: %+v, %v", again, s.kinds())
			}
		})
	}
}

// TestRecoverDeletion was killed between hold and record, or while it wrote another record.
func TestRecoverDeletion(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	if err := s.repository().Drop(hold("0.0.3")); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(filepath.Dir(s.recordFile("0")), tempPrefix+"123")
	if err := os.WriteFile(torn, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if _, there := s.states()["0.0.3"]; there {
		t.Error("0.0.3 is there")
	}
	for _, file := range []string{s.recordFile("0.0.3"), torn} {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", file, err)
		}
	}
}

// TestRecoverPublication was killed after the ref moved and before that was recorded.
func TestRecoverPublication(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	second := s.get(demo("0.0.2"))
	if _, err := s.repository().Point(t.Context(), ostree.Pointing{Ref: ref, Commit: second.Commit}); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if got := s.states(); got["0.0.1"] != Superseded || got["0.0.2"] != Published {
		t.Errorf("%v", got)
	}
	if r := s.get(demo("0.0.2")); r.PublishedAt == nil {
		t.Error("no time of publication")
	}
	s.publish(demo("0.0.3"), PublishOptions{})
	if got := s.states(); got["0.0.2"] != Superseded {
		t.Errorf("%v", got)
	}
}

// TestRecoverRestamp was killed in the publication of a re-stamp, before or after the ref moved.
func TestRecoverRestamp(t *testing.T) {
	for _, moved := range []bool{false, true} {
		s := stocked(t)
		s.publish(demo("0.0.2"), PublishOptions{})
		first, second := s.get(demo("0.0.1")), s.get(demo("0.0.2"))
		repo := s.repository()
		stamped, err := repo.Restamp(t.Context(), first.Commit, publishingPrefix+"0.0.1", "", second.Commit, s.clock())
		if err != nil {
			t.Fatal(err)
		}
		want := first.Commit
		if moved {
			if _, err := repo.Point(t.Context(), ostree.Pointing{Ref: ref, Commit: stamped}); err != nil {
				t.Fatal(err)
			}
			want = stamped
		}
		s.reopen()
		r := s.get(demo("0.0.1"))
		if r.Commit != want || r.Source != first.Commit || (r.State == Published) != moved {
			t.Errorf("moved %v: %+v", moved, r)
		}
		if moved && (!r.Time.Equal(s.clock()) || r.Parent != second.Commit) {
			t.Errorf("moved: %+v", r)
		}
		holds, err := repo.Holds()
		if _, left := holds[publishingPrefix+"0.0.1"]; left || err != nil {
			t.Errorf("moved %v: holds %v, %v", moved, holds, err)
		}
	}
}

// TestOpenForeign finds things in the data directory that are none of its own.
func TestOpenForeign(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for _, dir := range []string{"ostree/lost+found", "ostree/.cache", "ostree/unfinished", "releases/gone"} {
		if err := os.MkdirAll(filepath.Join(s.data, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.data, "ostree", "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.repository().Hold(t.Context(), "release/notaversion", s.get(demo("0.0.1")).Commit); err != nil {
		t.Fatal(err)
	}
	before := s.kinds()
	s.reopen()
	all, err := s.Blueprints(t.Context())
	if err != nil || len(all) != 1 || all[0].Releases != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if !slices.Equal(s.kinds(), before) {
		t.Errorf("events %v", s.kinds())
	}
}
