package release

import (
	"errors"
	"os"
	"slices"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/ostree"
)

func TestDelta(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	s := stocked(t)
	ctx := t.Context()
	nothing := blueprint.ID{Blueprint: compose.SampleBlueprint}
	made, err := s.MakeDelta(ctx, demo("0.0.1"), demo("0.0.2"))
	if err != nil || made.From != "0.0.1" || made.To != "0.0.2" || made.Size == 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	whole, err := s.MakeDelta(ctx, nothing, demo("0.0.1"))
	if err != nil || whole.From != "" || whole.To != "0.0.1" {
		t.Fatalf("%+v, %v", whole, err)
	}
	all, err := s.Deltas(ctx, compose.SampleBlueprint)
	if err != nil || len(all) != 2 || !slices.Contains(all, made) || !slices.Contains(all, whole) {
		t.Errorf("%+v, %v", all, err)
	}
	for _, from := range []blueprint.ID{nothing, demo("0.0.2")} {
		if err := s.WithdrawDelta(ctx, from, demo("0.0.1")); (err == nil) != (from == nothing) {
			t.Errorf("withdrawing from %q: %v", from, err)
		}
	}
	if all, err = s.Deltas(ctx, compose.SampleBlueprint); err != nil || !slices.Equal(all, []Delta{made}) {
		t.Errorf("%+v, %v", all, err)
	}
	want := []string{"delta.made", "delta.made", "delta.withdrawn"}
	if got := s.kinds(); !slices.Equal(got[len(got)-3:], want) {
		t.Errorf("events %v", got)
	}
}

// TestNoProgram asks for what only the ostree program can do, where it is missing.
func TestNoProgram(t *testing.T) {
	s := stocked(t)
	t.Setenv("PATH", t.TempDir())
	if _, err := s.MakeDelta(t.Context(), demo("0.0.1"), demo("0.0.2")); !errors.Is(err, ostree.ErrNoProgram) {
		t.Errorf("making a delta: %v", err)
	}
	if _, err := s.Sign(t.Context(), demo("0.0.1"), "key", ""); !errors.Is(err, ostree.ErrNoProgram) {
		t.Errorf("signing: %v", err)
	}
	if _, err := s.MakeDelta(t.Context(), blueprint.ID{Blueprint: "other", Version: "0.0.1"}, demo("0.0.1")); !errors.Is(err, ostree.ErrMismatch) {
		t.Errorf("between blueprints: %v", err)
	}
}
