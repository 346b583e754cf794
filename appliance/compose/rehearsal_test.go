package compose

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"edge/appliance/blueprint"
)

// spoken is a log in memory.
type spoken struct{ bytes.Buffer }

func (s *spoken) Size() int64          { return int64(s.Len()) }
func (s *spoken) Cut(size int64) error { s.Truncate(int(size)); return nil }

func rehearsed(t *testing.T, id blueprint.ID, text string) (packages []string, said string, err error) {
	t.Helper()
	log := &spoken{}
	made, err := NewSample(os.DirFS(samples)).Make(t.Context(), Order{Request: Request{ID: id}, Blueprint: []byte(text), Log: log, Report: func(Progress) {}})
	if err != nil {
		return nil, "", err
	}
	defer made.Archive.Close()
	u := unpack(t, made.Archive)
	list, _, err := u.commit.Packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		packages = append(packages, p.String())
	}
	if !made.Sample {
		t.Error("the archive is not called a sample")
	}
	return packages, log.String(), nil
}

// A blueprint that no sample was prepared for gets the base, what there is of its packages, and names for the rest.
func TestRehearsal(t *testing.T) {
	id := blueprint.ID{Blueprint: "till", Version: "2.0.1"}
	packages, said, err := rehearsed(t, id, `name = "till"
version = "2.0.1"
packages = [{name = "zsh"}, {name = "fish", version = "3.*"}, {name = "acl"}, {name = "perl(Carp)"}, {name = "zsh", version = "*"}]
`)
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(packages, "\n") + "\n"
	for _, want := range []string{"\nzsh-5.8-9.el9.x86_64\n", "\nfish-3.0-0.sample.noarch\n", "\nacl-2.3.1-3.el9.x86_64\n"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q is not there once", strings.TrimSpace(want))
		}
	}
	if strings.Contains(all, "\ngit-2") || strings.Contains(all, "acl-0") || strings.Contains(all, "Carp") {
		t.Error("there is what was not asked for")
	}
	if !strings.Contains(said, "fish") {
		t.Errorf("the log says %q, and not what is missing", said)
	}
	if _, _, err := rehearsed(t, id, "name = "); !errors.Is(err, blueprint.ErrDocument) {
		t.Errorf("a broken blueprint: %v", err)
	}
}

// The prepared releases do not depend on the blueprint's text.
func TestRehearsalOfPrepared(t *testing.T) {
	want := composed(t, Request{ID: id("0.0.2")})
	made, err := NewSample(os.DirFS(samples)).Make(t.Context(), Order{Request: Request{ID: id("0.0.2")}, Log: &spoken{}, Report: func(Progress) {}})
	if err != nil {
		t.Fatal(err)
	}
	if got := unpack(t, made.Archive); got.sum != want.sum {
		t.Errorf("commit %s, want %s", got.sum, want.sum)
	}
}
