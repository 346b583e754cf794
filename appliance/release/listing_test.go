package release

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
)

func TestUnknown(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	ctx, missing := t.Context(), demo("7.0.0")
	for name, ask := range map[string]func(blueprint.ID) error{
		"get":      func(id blueprint.ID) error { _, err := s.Get(ctx, id); return err },
		"packages": func(id blueprint.ID) error { _, err := s.Packages(ctx, id); return err },
		"diff":     func(id blueprint.ID) error { _, err := s.Diff(ctx, demo("0.0.1"), id); return err },
		"export":   func(id blueprint.ID) error { return s.Export(ctx, id, &bytes.Buffer{}) },
		"publish":  func(id blueprint.ID) error { _, err := s.Publish(ctx, id, PublishOptions{}); return err },
		"delete":   func(id blueprint.ID) error { return s.Delete(ctx, id) },
		"pin":      func(id blueprint.ID) error { _, err := s.Pin(ctx, id, true); return err },
		"delta":    func(id blueprint.ID) error { _, err := s.MakeDelta(ctx, blueprint.ID{}, id); return err },
		"withdraw": func(id blueprint.ID) error { return s.WithdrawDelta(ctx, blueprint.ID{}, id) },
		"sign":     func(id blueprint.ID) error { _, err := s.Sign(ctx, id, "key", ""); return err },
	} {
		if err := ask(missing); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNoBlueprint) {
			t.Errorf("%s of an unknown version: %v", name, err)
		}
		nowhere := blueprint.ID{Blueprint: "nowhere", Version: "0.0.1"}
		if err := ask(nowhere); !errors.Is(err, ErrUnknown) || !errors.Is(err, ErrNoBlueprint) {
			t.Errorf("%s of an unknown blueprint: %v", name, err)
		}
	}
	if _, err := s.Prune(ctx, "nowhere", PruneOptions{}); !errors.Is(err, ErrNoBlueprint) {
		t.Errorf("pruning an unknown blueprint: %v", err)
	}
}

func TestBlueprint(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	all, err := s.Blueprints(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	b := all[0]
	if b.Name != compose.SampleBlueprint || b.Ref != ref || b.Published != "0.0.1" || b.Commit != s.get(demo("0.0.1")).Commit || b.Releases != 3 {
		t.Errorf("%+v", b)
	}
	if b.Size == 0 || b.Objects < 300 || b.PublicKey != s.signer.PublicKey() {
		t.Errorf("%+v", b)
	}
	s.importing(blueprint.ID{Blueprint: "another", Version: "0.0.1"}, plain(s.clock()))
	if b, err = s.Blueprint(t.Context(), "another"); err != nil || b.Published != "" || b.Commit != "" || b.Ref != ref || b.Releases != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	list, err := s.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.ID().String())
	}
	if want := []string{"another@0.0.1", "demo_upgrade@0.0.3", "demo_upgrade@0.0.2", "demo_upgrade@0.0.1"}; !slices.Equal(names, want) {
		t.Errorf("listed %v", names)
	}
}
