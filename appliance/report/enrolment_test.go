package report

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestEnrolmentProvesItsKey(t *testing.T) {
	good := NewEnrolment("token", "edge 1", keyOf("a"))
	if err := good.Check(); err != nil || good.Name != "edge-1" {
		t.Fatalf("Check of %+v = %v", good, err)
	}
	data, err := json.Marshal(good)
	var back Enrolment
	if err != nil || json.Unmarshal(data, &back) != nil || back.Check() != nil {
		t.Errorf("%s does not come back: %v", data, err)
	}
	for _, tt := range []struct {
		name   string
		change func(*Enrolment)
		want   error
	}{
		{"another token", func(e *Enrolment) { e.Token = "other" }, ErrSignature},
		{"another name", func(e *Enrolment) { e.Name = "edge-2" }, ErrSignature},
		{"the key of another", func(e *Enrolment) { e.Key = public(keyOf("b")) }, ErrSignature},
		{"no proof", func(e *Enrolment) { e.Proof = nil }, ErrSignature},
		{"half a key", func(e *Enrolment) { e.Key = e.Key[:16] }, ErrInvalid},
		{"no key", func(e *Enrolment) { e.Key = nil }, ErrInvalid},
		{"a name of two lines", func(e *Enrolment) { e.Name = "a\nb" }, ErrInvalid},
		{"no name", func(e *Enrolment) { e.Name = "" }, ErrInvalid},
	} {
		e := good
		tt.change(&e)
		if err := e.Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: Check = %v, want %v", tt.name, err, tt.want)
		}
	}
}
