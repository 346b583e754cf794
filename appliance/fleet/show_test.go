package fleet

import (
	"strings"
	"testing"
)

func TestDevicesAreNamed(t *testing.T) {
	s := newScene(t)
	one, twin1, twin2 := s.enrolled(t, "edge-1"), s.enrolled(t, "twin"), newMachine("another key")
	twin2.status.Name = "twin"
	s.enrolAs(t, twin2, "twin")
	liar := newMachine("liar")
	s.enrolAs(t, liar, one.id()[:6]) // calls itself as the beginning of another's ID

	for which, want := range map[string]string{one.id(): one.id(), "edge-1": one.id(), one.id()[:7]: one.id(), twin1.id()[:5]: twin1.id(), liar.id(): liar.id()} {
		if d, err := s.Show(t.Context(), which); err != nil || d.ID != want {
			t.Errorf("Show(%q) = %s, %v, want %s", which, d.ID, err, want)
		}
	}
	for which, want := range map[string]error{
		"twin": ErrAmbiguous, one.id()[:6]: ErrAmbiguous, "nobody": ErrUnknown, "": ErrUnknown, one.id()[:3]: ErrUnknown, "../fleet": ErrUnknown, strings.ToUpper(one.id()): ErrUnknown,
	} {
		if strings.ToUpper(one.id()) == which && which == one.id() {
			continue // without a letter in it
		}
		_, err := s.Show(t.Context(), which)
		wants(t, err, want)
		_, err = s.Forget(t.Context(), which)
		wants(t, err, want)
	}
	rows, err := s.List(t.Context())
	if err != nil || len(rows) != 4 || rows[1].Name > rows[2].Name {
		t.Errorf("List = %+v, %v", rows, err)
	}
}
