package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/event"
)

func TestDamagedFilesDoNotKeepABuilderFromStarting(t *testing.T) {
	for _, tt := range []struct {
		name, suffix, text string
		listed             bool
	}{
		{"member cut off", memberSuffix, `{"id":"`, false},
		{"member empty", memberSuffix, "", false},
		{"member of another", memberSuffix, `{"id":"0123456789abcdef","name":"n","key":"AA=="}`, false},
		{"status cut off", statusSuffix, `{"contact":`, true},
		{"status empty", statusSuffix, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			m, other := s.enrolled(t, "edge-1"), s.enrolled(t, "edge-2")
			s.reports(t, m)
			s.reports(t, other)
			if err := os.WriteFile(s.file(m.id(), tt.suffix), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s.open(t)
			rows, err := s.List(t.Context())
			if err != nil || (len(rows) == 2) != tt.listed || s.row(t, other).State != Green {
				t.Errorf("List = %+v, %v", rows, err)
			}
			if !strings.Contains(s.kinds("device."), "lost") {
				t.Errorf("diary: %s", s.kinds("device."))
			}
			if tt.listed {
				s.reports(t, m)
				if s.row(t, m).State != Green {
					t.Errorf("row = %+v", s.row(t, m))
				}
				return
			}
			s.enrolAs(t, m, "edge-1")
		})
	}
	s := newScene(t)
	s.secret(t, TokenRequest{})
	if err := os.WriteFile(filepath.Join(s.options.Dir, tokensFile), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), s.options); err == nil {
		t.Error("tokens that cannot be read were taken for none")
	}
}

func TestHalfMadeFilesAreSwept(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	half := filepath.Join(s.options.Dir, temporary+"123")
	if err := os.WriteFile(half, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.open(t)
	if _, err := os.Stat(half); err == nil {
		t.Error("it is still there")
	}
	for _, name := range []string{m.id() + memberSuffix, tokensFile} {
		if info, err := os.Stat(filepath.Join(s.options.Dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// A disk that cannot be written acknowledges nothing, and nothing is different afterwards.
func TestFailedWrites(t *testing.T) {
	s := newScene(t)
	m := s.enrolled(t, "edge-1")
	s.reports(t, m)
	secret := s.secret(t, TokenRequest{})
	gone := s.options.Dir + ".gone"
	if err := os.Rename(s.options.Dir, gone); err != nil {
		t.Fatal(err)
	}
	e := s.enrolment(secret, "edge-2")
	if _, err := s.Enrol(t.Context(), e); err == nil {
		t.Error("enrolled on no disk")
	}
	s.later(interval)
	if err := s.Report(t.Context(), m.id(), m.signed(t)); err == nil {
		t.Error("reported to no disk")
	}
	if _, _, err := s.CreateToken(t.Context(), TokenRequest{}); err == nil {
		t.Error("a token on no disk")
	}
	if err := os.Rename(gone, s.options.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enrol(t.Context(), e); err != nil {
		t.Errorf("when the disk is back: %v", err)
	}
	m.status.Serial--
	s.reports(t, m)
	if all, _ := s.Tokens(t.Context()); len(all) != 2 {
		t.Errorf("tokens: %+v", all)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte(`{"id":"x"}`), []byte(`{"status":{"serial":1,"apps":[{}]},"history":[{}]}`))
	f.Add([]byte(`null`), []byte(`{"status":null}`))
	s := newScene(f)
	m := s.enrolled(f, "edge-1")
	good, err := os.ReadFile(s.file(m.id(), memberSuffix))
	if err != nil {
		f.Fatal(err)
	}
	s.options.Events = event.NewLog(10)
	f.Fuzz(func(t *testing.T, member, status []byte) {
		for _, text := range [][]byte{good, member} {
			if os.WriteFile(s.file(m.id(), memberSuffix), text, 0o600) != nil || os.WriteFile(s.file(m.id(), statusSuffix), status, 0o600) != nil {
				t.Fatal("writing failed")
			}
			s.open(t)
			_, _ = s.List(t.Context())
			_, _ = s.Show(t.Context(), m.id())
		}
	})
}

func BenchmarkFleet(b *testing.B) {
	s := newScene(b)
	secret := s.secret(b, TokenRequest{Uses: 1000})
	machines := make([]*machine, 1000)
	for i := range machines {
		name := fmt.Sprintf("edge-%d", i)
		machines[i] = newMachine(name)
		if _, err := s.Enrol(b.Context(), s.enrolmentOf(secret, name, machines[i])); err != nil {
			b.Fatal(err)
		}
		s.reports(b, machines[i])
	}
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if rows, _ := s.List(b.Context()); len(rows) != len(machines) {
				b.Fatal(len(rows))
			}
		}
	})
	b.Run("report", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			s.reports(b, machines[i%len(machines)])
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s.open(b)
		}
	})
}
