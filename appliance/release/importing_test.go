package release

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/ostree"
)

func TestImportExists(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	before := s.get(demo("0.0.2"))
	_, err := s.Import(t.Context(), demo("0.0.2"), bytes.NewReader(plain(s.clock()).archive(t)), ImportOptions{})
	if !errors.Is(err, ErrExists) {
		t.Fatal(err)
	}
	if after := s.get(demo("0.0.2")); after.Commit != before.Commit {
		t.Errorf("it became %+v", after)
	}
}

func TestImportInvalidID(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, id := range []blueprint.ID{{}, {Blueprint: "../x", Version: "0.0.1"}, {Blueprint: "x", Version: "../../1"}, {Blueprint: "api", Version: "0.0.1"}} {
		if _, err := s.Import(t.Context(), id, bytes.NewReader(nil), ImportOptions{}); !errors.Is(err, blueprint.ErrInvalid) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestImportFails leaves nothing of a blueprint that never had a release, and everything of one that
// has.
func TestImportFails(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := blueprint.ID{Blueprint: "fresh", Version: "0.0.1"}
	whole := plain(s.clock()).archive(t)
	for name, archive := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)/2], "rubbish": bytes.Repeat([]byte("x"), 4096)} {
		if _, err := s.Import(t.Context(), id, bytes.NewReader(archive), ImportOptions{}); err == nil {
			t.Errorf("%s archive is imported", name)
		}
		if _, err := s.Blueprint(t.Context(), "fresh"); !errors.Is(err, ErrNoBlueprint) {
			t.Errorf("%s archive: the blueprint is there: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(s.data, "ostree", "fresh")); !os.IsNotExist(err) {
			t.Errorf("%s archive: the repository is there: %v", name, err)
		}
	}
	if _, err := s.Import(t.Context(), id, bytes.NewReader(whole), ImportOptions{Ref: "other/ref"}); !errors.Is(err, ostree.ErrMismatch) {
		t.Errorf("another ref: %v", err)
	}
	if _, err := s.Import(t.Context(), id, bytes.NewReader(whole), ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	id.Version = "0.0.2"
	if _, err := s.Import(t.Context(), id, bytes.NewReader(whole[:len(whole)/2]), ImportOptions{}); err == nil {
		t.Error("a cut archive is imported")
	}
	if b, err := s.Blueprint(t.Context(), "fresh"); err != nil || b.Releases != 1 {
		t.Errorf("after a later failure: %+v, %v", b, err)
	}
}

// TestImportUnrecorded takes the folder of records away: an import that cannot be recorded must not
// stay.
func TestImportUnrecorded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := os.WriteFile(filepath.Join(s.data, "releases", "fresh"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	id := blueprint.ID{Blueprint: "fresh", Version: "0.0.1"}
	if _, err := s.Import(t.Context(), id, bytes.NewReader(plain(s.clock()).archive(t)), ImportOptions{}); err == nil {
		t.Fatal("imported without a record")
	}
	if _, err := s.Blueprint(t.Context(), "fresh"); !errors.Is(err, ErrNoBlueprint) {
		t.Errorf("the blueprint is there: %v", err)
	}
}

// TestImportBusy begins a second import of a release while the first waits for its bytes.
func TestImportBusy(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	archive := plain(s.clock()).archive(t)
	in, out := io.Pipe()
	first := make(chan error)
	go func() {
		_, err := s.Import(context.WithoutCancel(t.Context()), demo("0.0.1"), in, ImportOptions{})
		first <- err
	}()
	if _, err := out.Write(archive[:512]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), demo("0.0.1"), bytes.NewReader(archive), ImportOptions{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second import at once: %v", err)
	}
	if _, err := s.Import(t.Context(), demo("0.0.2"), bytes.NewReader(archive), ImportOptions{}); err != nil {
		t.Errorf("another release at once: %v", err)
	}
	if _, err := s.Publish(t.Context(), demo("0.0.2"), PublishOptions{}); err != nil {
		t.Errorf("a publication at once: %v", err)
	}
	go func() {
		_, err := out.Write(archive[512:])
		out.CloseWithError(err)
	}()
	if err := <-first; err != nil {
		t.Errorf("the first import: %v", err)
	}
	if r := s.get(demo("0.0.1")); r.State != Published { // the same commit
		t.Errorf("%+v", r)
	}
}

// TestAtOnce imports, publishes, lists and prunes side by side.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	ctx := t.Context()
	var all sync.WaitGroup
	do := func(what string, f func() error) {
		all.Go(func() {
			if err := f(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	for i, v := range []string{"1.0.0", "1.0.1", "1.0.2"} {
		archive := plain(s.clock().Add(time.Duration(i) * time.Second)).archive(t)
		do("importing "+v, func() error {
			_, err := s.Import(ctx, demo(v), bytes.NewReader(archive), ImportOptions{})
			return err
		})
	}
	for _, v := range []string{"0.0.2", "0.0.3", "0.0.1"} {
		do("publishing "+v, func() error { _, err := s.Publish(ctx, demo(v), PublishOptions{}); return err })
	}
	do("pruning", func() error {
		_, err := s.Prune(ctx, compose.SampleBlueprint, PruneOptions{Keep: 10, OlderThan: time.Hour})
		return err
	})
	do("listing", func() error {
		for range 50 {
			if _, err := s.List(ctx, ""); err != nil {
				return err
			}
		}
		return nil
	})
	all.Wait()
	if got := s.states(); len(got) != 6 {
		t.Errorf("%v", got)
	}
	before, err := s.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	published := 0
	for _, r := range before {
		if r.State == Published {
			published++
		}
	}
	if published != 1 {
		t.Errorf("%d are published", published)
	}
	if found, err := s.Verify(ctx, compose.SampleBlueprint); err != nil || len(found.Faults) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
	s.reopen()
	after, err := s.List(ctx, "")
	if err != nil || len(after) != len(before) {
		t.Fatalf("%d releases after, %v", len(after), err)
	}
	for i := range after {
		if after[i].Commit != before[i].Commit || after[i].State != before[i].State {
			t.Errorf("%+v became %+v", before[i], after[i])
		}
	}
}
