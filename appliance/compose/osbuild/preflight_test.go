//go:build containers_image_openpgp

package osbuild

import (
	"strings"
	"testing"

	"edge/appliance/compose"
	"edge/appliance/sheet"
)

func verdict(f compose.Fitness, check string) compose.Finding {
	for _, finding := range f.Findings {
		if finding.Check == check {
			return finding
		}
	}
	return compose.Finding{}
}

func TestPreflight(t *testing.T) {
	s := newScene(t)
	f := s.backend.Preflight(t.Context(), "", s.order.Dir)
	for check, want := range map[string]compose.Verdict{"root": compose.Good, "distribution": compose.Good, "osbuild": compose.Good, "depsolver": compose.Good, "selinux": compose.Good, "repositories": compose.Good, "disk": compose.Good} {
		if got := verdict(f, check); got.Verdict != want {
			t.Errorf("%s: %+v", check, got)
		}
	}
	if f.Host != "centos-9" || f.Target != "centos-9 edge-commit x86_64" {
		t.Errorf("%+v", f)
	}
	s.backend.Free = func(string) (int64, error) { return 7 << 30, nil }
	write(t, s.backend.Root+"/sys/fs/selinux/enforce", "1")
	t.Setenv("FAKE_VERSION", "110")
	f = s.backend.Preflight(t.Context(), "rhel-9.6", "")
	for check, want := range map[string]struct {
		verdict compose.Verdict
		cure    string
	}{
		"osbuild": {compose.Bad, "dnf upgrade -y osbuild"}, "selinux": {compose.Bad, "dnf install -y osbuild-selinux"},
		"subscription": {compose.Bad, "subscription-manager register"}, "disk": {compose.Warn, "compose.store"},
	} {
		if got := verdict(f, check); got.Verdict != want.verdict || !strings.Contains(got.Cure, want.cure) {
			t.Errorf("%s: %+v", check, got)
		}
	}
	write(t, s.backend.Root+"/etc/pki/entitlement/1-key.pem", "")
	write(t, s.backend.Root+"/usr/share/selinux/packages/targeted/osbuild.pp.bz2", "")
	f = s.backend.Preflight(t.Context(), "rhel-9.6", "")
	if verdict(f, "subscription").Verdict != compose.Good || verdict(f, "selinux").Verdict != compose.Good || f.Fit {
		t.Errorf("%+v", f)
	}
	if f = s.backend.Preflight(t.Context(), "rhel-10.0", ""); verdict(f, "distribution").Verdict != compose.Bad || f.Fit {
		t.Errorf("%+v", f)
	}
	var page sheet.Sheet
	f.Write(&page)
	if text := string(page.Bytes()); !strings.Contains(text, "cannot compose yet") || !strings.Contains(text, "mend: dnf upgrade -y osbuild") {
		t.Errorf("%s", text)
	}
}
