package deployment

import (
	"errors"
	"strings"
	"testing"

	"edge/appliance/command"
)

func shown(n byte, version string) string {
	return "commit " + commit(n) + "\nContentChecksum:  x\nDate:  2024-01-03 10:00:00 +0000\nVersion: " + version + "\n(no subject)\n"
}

// Both engines of commits look through ostree, which misses nothing.
func TestAvailable(t *testing.T) {
	for kind, status := range map[Kind]string{RPMOSTree: "rpm-ostree-fallback.json", OSTree: "ostree-2022.txt"} {
		s, a := machine(t, kind, status)
		ref := map[Kind]string{RPMOSTree: "rhel/9/x86_64/edge", OSTree: "debian/12/x86_64/edge"}[kind]
		a.says["ostree pull --commit-metadata-only edge "+ref] = []string{""}
		a.says["ostree rev-parse edge:"+ref] = []string{commit(3) + "\n"}
		a.says["ostree show "+commit(3)] = []string{shown(3, "0.0.3")}
		d, err := s.Available(t.Context())
		if err != nil || d.Commit != commit(3) || d.Version != "0.0.3" || d.Ref != "edge:"+ref || d.Booted || d.Time.IsZero() {
			t.Errorf("Available with %s = %+v, %v", kind, d, err)
		}
		a.says["ostree rev-parse edge:"+ref] = []string{"--help"}
		if _, err := s.Available(t.Context()); !errors.Is(err, ErrMeaning) {
			t.Errorf("with %s: %v, want ErrMeaning", kind, err)
		}
		a.says["ostree pull --commit-metadata-only edge "+ref] = []string{"exit 1"}
		var failed *command.Error
		if _, err := s.Available(t.Context()); !errors.As(err, &failed) {
			t.Errorf("without a network with %s: %v", kind, err)
		}
	}
}

// Where the ostree program is absent, or an image is followed, rpm-ostree is asked.
func TestAvailableFromRPMOSTree(t *testing.T) {
	s, a := machine(t, RPMOSTree, "rpm-ostree-staged.json")
	a.says["rpm-ostree upgrade --check"] = []string{""}
	d, err := s.Available(t.Context())
	if err != nil || d.Commit != commit(2) || d.Version != "0.0.2" || d.Time.IsZero() {
		t.Errorf("Available = %+v, %v", d, err)
	}
	a.says["rpm-ostree upgrade --check"] = []string{"exit 77"}
	if d, err := s.Available(t.Context()); err != nil || d.Commit != commit(1) || d.Booted {
		t.Errorf("nothing new: %+v, %v", d, err)
	}
	a.says["rpm-ostree upgrade --check"] = []string{"exit 1"}
	if _, err := s.Available(t.Context()); err == nil {
		t.Error("a failed check is no answer")
	}
}

func TestAvailableFromBootc(t *testing.T) {
	for _, tt := range []struct{ name, status, check, commit, version string }{
		{"new", "bootc-downloaded.json", "Update available for: docker://quay.io/example/edge:prod\n  Version: 0.0.3\n  Digest: " + digest(0x13) + "\nTotal new layers: 2\n", digest(0x13), "0.0.3"},
		{"staged already", "bootc-staged.json", "No changes in: docker://quay.io/example/edge:prod\n", digest(0x12), "0.0.2"},
		{"left from before a rollback", "bootc-fallback.json", "No changes in: docker://quay.io/example/edge:prod\n", digest(0x12), "0.0.2"},
	} {
		s, a := machine(t, Bootc, tt.status)
		a.says["bootc upgrade --check"] = []string{tt.check}
		d, err := s.Available(t.Context())
		if err != nil || d.Commit != tt.commit || d.Version != tt.version || d.Staged || d.Booted || d.Time.IsZero() {
			t.Errorf("%s: Available = %+v, %v", tt.name, d, err)
		}
	}
}

func TestAvailableWithoutRemote(t *testing.T) {
	s, a := machine(t, OSTree)
	a.says["ostree admin status"] = []string{"* debian " + commit(1) + ".0\n    origin refspec: " + commit(1) + "\n"}
	if _, err := s.Available(t.Context()); err == nil || !strings.Contains(err.Error(), "ostree admin switch REMOTE:REF") {
		t.Errorf("error = %v, want the cure", err)
	}
}

func TestDifference(t *testing.T) {
	s, a := machine(t, RPMOSTree)
	a.says["rpm-ostree db diff --format=diff "+commit(1)+" "+commit(2)] = []string{"ostree diff commit from: 1\nostree diff commit to:   2\n-git-2.39\n+zsh-5.8\x1b[0m\n", strings.Repeat("+package\n", 5000)}
	if text, err := s.Difference(t.Context(), commit(1), commit(2)); err != nil || text != "-git-2.39\n+zsh-5.8[0m\n" {
		t.Errorf("Difference = %q, %v", text, err)
	}
	if text, err := s.Difference(t.Context(), commit(1), commit(2)); err != nil || len(text) > mostDifference+20 || !strings.HasSuffix(text, "…\n") {
		t.Errorf("a long difference has %d bytes, %v", len(text), err)
	}
	if text, err := s.Difference(t.Context(), "--help", commit(2)); err != nil || text != "" || len(a.ran) != 2 {
		t.Errorf("Difference of no commit = %q, %v, ran %q", text, err, a.ran)
	}
	a.says["rpm-ostree db diff --format=diff "+commit(1)+" "+commit(2)] = []string{"exit 1"}
	if _, err := s.Difference(t.Context(), commit(1), commit(2)); err == nil {
		t.Error("a failed comparison is told")
	}
}

func TestUpgrade(t *testing.T) {
	for kind, want := range map[Kind]string{RPMOSTree: "rpm-ostree upgrade", Bootc: "bootc upgrade --quiet", OSTree: "ostree admin upgrade --stage"} {
		s, a := machine(t, kind)
		a.says[want] = []string{"", "exit 1"}
		if err := s.Upgrade(t.Context()); err != nil || len(a.ran) != 1 {
			t.Errorf("Upgrade with %s: %v, ran %q", kind, err, a.ran)
		}
		if err := s.Upgrade(t.Context()); err == nil {
			t.Errorf("a failed upgrade with %s is no error", kind)
		}
	}
}
