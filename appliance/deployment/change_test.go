package deployment

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const (
	helpNew = "Builtin \"admin\" Commands:\n  set-default        Make deployment INDEX the default\n"
	helpOld = "Builtin \"admin\" Commands:\n  set-origin         Set Origin\n"
)

// plainText is what "ostree admin status" says where the deployments have these numbers and marks.
func plainText(lines ...string) string {
	text := ""
	for _, line := range lines {
		mark := "  "
		if line[0] == '*' {
			mark, line = "* ", line[1:]
		}
		n := line[0] - '0'
		if line[0] == 'p' {
			n = 0xaa
		}
		text += mark + "rhel " + commit(n) + ".0" + line[1:] + "\n"
	}
	return text
}

func TestDropStaged(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind Kind
		says map[string][]string
		want []string
	}{
		{"rpm-ostree", RPMOSTree, map[string][]string{"rpm-ostree status --json": {sample(t, "rpm-ostree-staged.json")}}, []string{"rpm-ostree cleanup --pending"}},
		{"nothing with rpm-ostree", RPMOSTree, map[string][]string{"rpm-ostree status --json": {sample(t, "rpm-ostree-fallback.json")}}, nil},
		{"bootc", Bootc, map[string][]string{"ostree admin status": {plainText("2 (staged)", "*1")}}, []string{"ostree admin undeploy 0"}},
		{"ostree", OSTree, map[string][]string{"ostree admin status": {plainText("2 (staged)", "*1")}}, []string{"ostree admin undeploy 0"}},
		{"locked", OSTree, map[string][]string{"ostree admin status": {plainText("2 (finalization locked)", "*1")}}, []string{"ostree admin undeploy 0"}},
		{"pending", OSTree, map[string][]string{"ostree admin status": {plainText("2 (pending)", "*1")}}, nil},
	} {
		s, a := machine(t, tt.kind)
		a.says = tt.says
		for _, line := range tt.want {
			a.says[line] = []string{""}
		}
		if err := s.DropStaged(t.Context()); err != nil || !slices.Equal(a.changed(), tt.want) {
			t.Errorf("%s: %v, ran %q, want %q", tt.name, err, a.changed(), tt.want)
		}
	}
}

func TestRollback(t *testing.T) {
	fallback, staged := sample(t, "rpm-ostree-fallback.json"), sample(t, "rpm-ostree-staged.json")
	bad := sample(t, "rpm-ostree-trial.json")
	for _, tt := range []struct {
		name string
		kind Kind
		says map[string][]string
		want []string
	}{
		{"from the bad one", RPMOSTree, map[string][]string{"rpm-ostree status --json": {bad}}, []string{"rpm-ostree rollback"}},
		{"after a fallback, with a third one pinned", RPMOSTree, map[string][]string{
			"rpm-ostree status --json": {fallback}, "ostree admin status": {plainText("2", "*1", "p")}, "ostree admin --help": {helpNew},
		}, []string{"ostree admin set-default 1"}},
		{"the same with an old ostree", RPMOSTree, map[string][]string{
			"rpm-ostree status --json": {fallback}, "ostree admin --help": {helpOld},
		}, []string{"rpm-ostree cleanup --pending"}},
		{"with something staged", RPMOSTree, map[string][]string{"rpm-ostree status --json": {staged, bad}}, []string{"rpm-ostree cleanup --pending", "rpm-ostree rollback"}},
		{"an image, after a fallback", Bootc, map[string][]string{
			"bootc status --json": {sample(t, "bootc-fallback.json")}, "ostree admin status": {plainText("2", "*1")},
		}, []string{"bootc rollback"}},
		{"plain, after a fallback", OSTree, map[string][]string{
			"ostree admin status": {plainText("2", "*1"), plainText("2", "*1"), plainText("2", "*1"), plainText("2", "*1"), plainText("*1")}, "ostree admin --help": {helpOld},
		}, []string{"ostree admin undeploy 0"}},
		{"plain, after a fallback past two", OSTree, map[string][]string{
			"ostree admin status": {plainText("3", "2", "*1"), plainText("3", "2", "*1"), plainText("3", "2", "*1"), plainText("3", "2", "*1"), plainText("2", "*1"), plainText("2", "*1"), plainText("*1")}, "ostree admin --help": {helpOld},
		}, []string{"ostree admin undeploy 0", "ostree admin undeploy 0"}},
		{"plain, from the bad one", OSTree, map[string][]string{
			"ostree admin status": {plainText("*2", "1", "p")}, "ostree admin --help": {helpOld},
		}, []string{"ostree admin deploy --os=rhel --origin-file=/ostree/deploy/rhel/deploy/" + commit(1) + ".0.origin " + commit(1)}},
		{"plain, newer", OSTree, map[string][]string{
			"ostree admin status": {plainText("*2", "1")}, "ostree admin --help": {helpNew},
		}, []string{"ostree admin set-default 1"}},
	} {
		s, a := machine(t, tt.kind)
		a.says = tt.says
		for _, line := range tt.want {
			a.says[line] = []string{""}
		}
		if err := s.Rollback(t.Context()); err != nil || !slices.Equal(a.changed(), tt.want) {
			t.Errorf("%s: %v, ran %q, want %q", tt.name, err, a.changed(), tt.want)
		}
	}
}

func TestRollbackToNothing(t *testing.T) {
	s, a := machine(t, OSTree)
	a.says["ostree admin status"] = []string{plainText("*1")}
	if err := s.Rollback(t.Context()); !errors.Is(err, ErrNoOther) {
		t.Errorf("error = %v, want ErrNoOther", err)
	}
	a.says["ostree admin status"] = []string{plainText("1")}
	if err := s.Rollback(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("where nothing is booted: %v, want ErrNone", err)
	}
}

// Unlike Rollback it may be called twice.
func TestMakeDefault(t *testing.T) {
	s, a := machine(t, OSTree)
	a.says["ostree admin status"] = []string{plainText("1", "*2")}
	if err := s.MakeDefault(t.Context(), commit(1)); err != nil || len(a.changed()) != 0 {
		t.Errorf("MakeDefault of the default: %v, ran %q", err, a.changed())
	}
	if err := s.MakeDefault(t.Context(), commit(9)); !errors.Is(err, ErrNotKnown) {
		t.Errorf("MakeDefault of another: %v, want ErrNotKnown", err)
	}
	old, b := machine(t, RPMOSTree, "rpm-ostree-trial.json")
	b.says["ostree admin --help"] = []string{helpOld}
	if err := old.MakeDefault(t.Context(), commit(0xaa)); err == nil || len(b.changed()) != 0 {
		t.Errorf("what an old rpm-ostree cannot: %v, ran %q", err, b.changed())
	}
}

func TestPin(t *testing.T) {
	s, a := machine(t, Bootc, "bootc-staged.json")
	a.says["ostree admin status"] = []string{strings.ReplaceAll(plainText("2 (staged)", "*1", "p\n    Pinned: yes"), "rhel", "default")}
	a.says["ostree admin pin 1"] = []string{""}
	a.says["ostree admin pin --unpin 2"] = []string{""}
	for _, step := range []struct {
		commit string
		keep   bool
	}{{digest(0x11), true}, {digest(0x11), false}, {digest(0x10), true}, {digest(0x10), false}} {
		if err := s.Pin(t.Context(), step.commit, step.keep); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"ostree admin pin 1", "ostree admin pin --unpin 2"}; !slices.Equal(a.changed(), want) {
		t.Errorf("ran %q, want %q", a.changed(), want)
	}
	if err := s.Pin(t.Context(), digest(0x99), true); !errors.Is(err, ErrNotKnown) {
		t.Errorf("Pin of nothing: %v", err)
	}
}
