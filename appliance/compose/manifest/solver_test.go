//go:build containers_image_openpgp

package manifest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/osbuild/images/pkg/rhsm"
	"github.com/osbuild/images/pkg/rpmmd"

	"edge/appliance/command"
)

// program is a fake osbuild-depsolve-dnf.
type program func(question string) (answer string, err error)

func (p program) Run(_ context.Context, s command.Spec) ([]byte, error) {
	answer, err := p(string(s.Stdin))
	_, _ = s.Stdout.Write([]byte(answer))
	return nil, err
}

func sets() []rpmmd.PackageSet {
	yes := true
	base := rpmmd.RepoConfig{Name: "baseos", BaseURLs: []string{"https://mirror.example/baseos"}, GPGKeys: []string{"KEY"}, CheckGPG: &yes}
	extra := rpmmd.RepoConfig{Name: "extra", Metalink: "https://mirror.example/extra"}
	return []rpmmd.PackageSet{
		{Include: []string{"kernel"}, Repositories: []rpmmd.RepoConfig{base}, InstallWeakDeps: true},
		{Include: []string{"git"}, Exclude: []string{"vim"}, EnabledModules: []string{"a:1"}, Repositories: []rpmmd.RepoConfig{base, extra}},
	}
}

const answer1 = `{"solver":"dnf","packages":[{"name":"kernel","epoch":0,"version":"5","release":"1","arch":"x86_64","repo_id":"ID","path":"k.rpm","remote_location":"https://mirror.example/k.rpm","checksum":"sha256:aa"}],"repos":{"ID":{"id":"ID","gpgkeys":["KEY"],"gpgcheck":true,"sslclientkey":"/k"}},"modules":{},"sbom":{"a":1}}`
const answer2 = `{"solver":"dnf5","transactions":[[{"name":"kernel","epoch":0,"version":"5","release":"1","arch":"x86_64","repo_id":"ID","location":"k.rpm","remote_locations":["https://mirror.example/k.rpm"],"checksum":{"algorithm":"sha256","value":"aa"},"install_size":7}],[]],"repos":{"ID":{"id":"ID","gpgkey":["KEY"],"gpgcheck":true,"sslclientkey":"/k"}},"modules":{"a":{"module-file":{"path":"/p","data":{"name":"a","stream":"1","profiles":[],"state":"enabled"}},"failsafe-file":{"path":"/f","data":"d"}}},"sbom":null}`

func TestSolverProtocols(t *testing.T) {
	for _, f := range []struct {
		protocol   Protocol
		answer     string
		want, none []string
		lists      int
	}{
		{Protocol1, answer1, []string{`"gpgkeys":["KEY"]`, `"exclude-specs":[]`, `"optional-metadata":["filelists"]`, `"sbom":{"type":"spdx"}`}, []string{"api_version", "null", `"gpgkey":`, `"module-enable-specs":[]`}, 1},
		{Protocol2, answer2, []string{`"api_version":2`, `"gpgkey":["KEY"]`, `"module_platform_id":"platform:el9"`, `"releasever":"9"`}, []string{"gpgkeys", "null"}, 2},
	} {
		s := &Solver{Program: "x", Protocol: f.protocol, Cache: "/cache", Run: program(func(q string) (string, error) {
			for _, w := range f.want {
				if !strings.Contains(q, w) {
					t.Errorf("protocol %d: no %s in %s", f.protocol, w, q)
				}
			}
			for _, w := range f.none {
				if strings.Contains(q, w) {
					t.Errorf("protocol %d: %s in %s", f.protocol, w, q)
				}
			}
			return f.answer, nil
		})}
		got, err := s.Depsolve(t.Context(), target(t, "centos-9"), sets())
		if err != nil {
			t.Fatal(err)
		}
		p := got.Transactions.AllPackages()[0]
		if len(got.Transactions) != f.lists || p.Checksum.String() != "sha256:aa" || p.RemoteLocations[0] != "https://mirror.example/k.rpm" ||
			!p.CheckGPG || p.Repo.GPGKeys[0] != "KEY" || p.Location != "k.rpm" || p.Secrets != "org.osbuild.mtls" {
			t.Errorf("protocol %d: %+v of %+v", f.protocol, p, p.Repo)
		}
		if (got.SBOM != nil) != (f.protocol == Protocol1) || len(got.Modules) != f.lists-1 {
			t.Errorf("protocol %d: SBOM %v, modules %v", f.protocol, got.SBOM, got.Modules)
		}
	}
}

func TestSolverFaults(t *testing.T) {
	failed := &command.Error{Argv: []string{"x"}, Exit: 1, Stderr: "trace"}
	hash := sets()[0].Repositories[0].Hash()
	for name, f := range map[string]struct {
		answer string
		err    error
		cause  error
		words  string
	}{
		"missing":    {`{"kind":"MarkingErrors","reason":"missing packages: nope"}`, failed, ErrPackages, "missing packages: nope (MarkingErrors)"},
		"repository": {`{"kind":"RepoError","reason":"There was a problem reading a repository: '` + hash + `'"}`, failed, ErrPackages, "baseos (https://mirror.example/baseos)"},
		"password":   {`{"kind":"RepoError","reason":"Cannot download https://me:secret@mirror.example/x"}`, failed, ErrPackages, "download https://mirror.example/x (RepoError)"},
		"crash":      {`Traceback`, failed, nil, "trace"},
		"nothing":    {``, nil, nil, "reading the depsolver's answer"},
		"array":      {`[{"name":"kernel"}]`, nil, nil, "reading the depsolver's answer"},
		"empty":      {`{"packages":[]}`, nil, ErrPackages, "no package"},
		"no repo":    {strings.ReplaceAll(answer1, `"repo_id":"ID"`, `"repo_id":"x"`), nil, nil, "unknown repository"},
		"no sum":     {strings.ReplaceAll(answer1, `"sha256:aa"`, `null`), nil, nil, "checksum"},
		"endless":    {strings.Repeat("x", maxAnswer+1), nil, nil, "reading the depsolver's answer"},
	} {
		s := &Solver{Program: "x", Protocol: Protocol1, Run: program(func(string) (string, error) { return f.answer, f.err })}
		_, err := s.Depsolve(t.Context(), target(t, "centos-9"), sets())
		if err == nil || f.cause != nil && !errors.Is(err, f.cause) || !strings.Contains(err.Error(), f.words) {
			t.Errorf("%s: %v, want %q", name, err, f.words)
		}
	}
}

func TestSolverSubscription(t *testing.T) {
	rhel := sets()
	rhel[0].Repositories[0].RHSM = true
	s := &Solver{Program: "x", Protocol: Protocol1, Run: program(func(string) (string, error) {
		t.Error("asked without a subscription")
		return "", nil
	}), Subscriptions: func() (*rhsm.Subscriptions, error) { return nil, errors.New("no matching key") }}
	if _, err := s.Depsolve(t.Context(), target(t, "rhel-9.6"), rhel); !errors.Is(err, ErrSubscription) || !strings.Contains(err.Error(), "subscription-manager register") {
		t.Error(err)
	}
	id := rhel[0].Repositories[0].Hash()
	got, err := parseAnswer([]byte(strings.ReplaceAll(answer1, `"ID"`, `"`+id+`"`)), map[string]bool{id: true})
	if err != nil || got.Transactions.AllPackages()[0].Secrets != "org.osbuild.rhsm" {
		t.Errorf("%+v, %v", got.Transactions, err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(answer1))
	f.Add([]byte(answer2))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseAnswer(data, nil)
		if err != nil {
			return
		}
		for _, p := range got.Transactions.AllPackages() {
			if p.Repo == nil || p.Name == "" || p.Checksum.Value == "" {
				t.Fatalf("%+v", p)
			}
		}
		if got.SBOM != nil && !json.Valid(got.SBOM.Document) {
			t.Fatal("an SBOM that is no JSON")
		}
	})
}
