package deployment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/appliance/command"
	"edge/appliance/report"
)

func TestDeployments(t *testing.T) {
	for _, tt := range []struct {
		kind   Kind
		status string
		want   []string // commit version flags
	}{
		{RPMOSTree, "rpm-ostree-staged.json", []string{"0202 0.0.2 2024-01-02 staged", "0101 0.0.1 2024-01-01 booted rollback", "aaaa 0.0.0 2023-12-31 pinned"}},
		{RPMOSTree, "rpm-ostree-fallback.json", []string{"0202 0.0.2 2024-01-02", "0101 0.0.1 2024-01-01 booted rollback", "aaaa 0.0.0 2023-12-31 pinned"}},
		{RPMOSTree, "rpm-ostree-layered.json", []string{"0101 0.0.1 2024-01-01 booted", "0606 41.20250101.0 2025-01-01 rollback"}},
		{Bootc, "bootc-staged.json", []string{"sha256:1212 0.0.2 2024-01-02 staged", "sha256:1111 0.0.1 2024-01-01 booted rollback", "sha256:1010 0.0.0 2023-12-31 pinned"}},
		{Bootc, "bootc-fallback.json", []string{"sha256:1212 0.0.2 2024-01-02", "sha256:1111 0.0.1 2024-01-01 booted rollback"}},
		{Bootc, "bootc-downloaded.json", []string{"sha256:1111 0.0.1 2024-01-01 booted", "sha256:1212 0.0.2 2024-01-02 rollback"}},
		{Bootc, "bootc-null.json", nil},
		{OSTree, "ostree-2022.txt", []string{"0202 0.0.2 0001-01-01 staged", "0101 0.0.1 2024-01-01 booted pinned rollback", "aaaa 0.0.0 0001-01-01"}},
		{OSTree, "ostree-2026.txt", []string{"0101 0.0.1 2024-01-01 booted", "0303  0001-01-01 rollback", "0202 0.0.2 0001-01-01"}},
		{OSTree, "ostree-none.txt", nil},
	} {
		t.Run(tt.status, func(t *testing.T) {
			s, a := machine(t, tt.kind, tt.status)
			a.says["ostree show "+commit(1)] = []string{"commit " + commit(1) + "\nContentChecksum:  x\nDate:  2024-01-01 10:00:00 +0000\nVersion: 0.0.1\n(no subject)\n"}
			list, err := s.Deployments(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				got = append(got, tell(d))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("Deployments =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func tell(d report.Deployment) string {
	hash, n := d.Commit, 4
	if strings.HasPrefix(hash, "sha256:") {
		n = 11
	}
	text := fmt.Sprintf("%s %s %s", hash[:n], d.Version, d.Time.Format("2006-01-02"))
	for word, is := range map[string]bool{" staged": d.Staged, " booted": d.Booted} {
		if is {
			text += word
		}
	}
	if d.Pinned {
		text += " pinned"
	}
	if d.Rollback {
		text += " rollback"
	}
	return text
}

func TestRefs(t *testing.T) {
	for kind, status := range map[Kind]string{RPMOSTree: "rpm-ostree-fallback.json", Bootc: "bootc-fallback.json", OSTree: "ostree-2022.txt"} {
		s, _ := machine(t, kind, status)
		d, err := s.Booted(t.Context())
		want := map[Kind]string{RPMOSTree: "edge:rhel/9/x86_64/edge", Bootc: "quay.io/example/edge:prod", OSTree: "edge:debian/12/x86_64/edge"}[kind]
		if err != nil || d.Ref != want || !d.Booted {
			t.Errorf("Booted with %s = %+v, %v, want %s", kind, d, err, want)
		}
	}
}

func TestDetect(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	plain := &answers{T: t, says: map[string][]string{"ostree --version": {"2022.7"}}}
	if _, err := Detect(t.Context(), root, plain); !errors.Is(err, ErrNone) {
		t.Errorf("without the marker: %v, want ErrNone", err)
	}
	if err := os.WriteFile(filepath.Join(root, marker), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		says map[string][]string
		want Kind
	}{
		{"plain", map[string][]string{"ostree --version": {""}}, OSTree},
		{"rpm-ostree", map[string][]string{"ostree --version": {""}, "rpm-ostree --version": {""}}, RPMOSTree},
		{"an image", map[string][]string{"ostree --version": {""}, "rpm-ostree --version": {""}, "bootc status --json": {sample(t, "bootc-staged.json")}}, Bootc},
		{"bootc beside a commit", map[string][]string{"rpm-ostree --version": {""}, "bootc status --json": {sample(t, "bootc-null.json")}}, RPMOSTree},
		{"layered packages", map[string][]string{"rpm-ostree --version": {""}, "bootc status --json": {sample(t, "bootc-layered.json")}}, RPMOSTree},
		{"broken bootc", map[string][]string{"ostree --version": {""}, "bootc status --json": {"exit 1"}}, OSTree},
		{"nothing", nil, ""},
	} {
		s, err := Detect(t.Context(), root, &answers{T: t, says: tt.says})
		switch {
		case tt.want == "" && !errors.Is(err, ErrNone):
			t.Errorf("%s: %v, want ErrNone", tt.name, err)
		case tt.want != "" && (err != nil || s.Kind() != tt.want):
			t.Errorf("%s: %v, %v, want %s", tt.name, s, err, tt.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Detect(ended, root, plain); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// The list survives a commit whose signature cannot be checked any more.
func TestStatusWithoutSignatures(t *testing.T) {
	s, a := machine(t, OSTree)
	a.says["ostree admin status"] = []string{"exit 1"}
	a.says["ostree admin status --skip-signatures"] = []string{sample(t, "ostree-2026.txt")}
	if list, err := s.Deployments(t.Context()); err != nil || len(list) != 3 {
		t.Errorf("Deployments = %v, %v", list, err)
	}
	delete(a.says, "ostree admin status --skip-signatures")
	var failed *command.Error
	if _, err := s.Deployments(t.Context()); !errors.As(err, &failed) {
		t.Errorf("error = %v, want that of the program", err)
	}
}
