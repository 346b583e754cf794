package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edge/appliance/event"
)

// run runs a program of a peer and gives what it said on stdout.
func run(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	auth := filepath.Join(t.TempDir(), "auth.json")
	if err := os.WriteFile(auth, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Env = append(os.Environ(), "REGISTRY_AUTH_FILE="+auth)
	if err := c.Run(); err != nil {
		return out.String(), errors.New(program + " " + strings.Join(args, " ") + ": " + err.Error() + "\n" + said.String())
	}
	return strings.TrimSpace(out.String()), nil
}

func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := run(t, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSkopeo(t *testing.T) {
	peers(t)
	l := event.NewLog(100)
	s := open(t, Options{Events: l})
	p, two := load(t, s, "2048", "v1", "one"), load(t, s, "2048", "v2", "two")
	image := "docker://" + serving(t, s) + "/2048"
	creds := "--dest-creds=any:" + password

	if out := must(t, "skopeo", "inspect", "--tls-verify=false", "--raw", image+":v1"); out != string(p.index.Raw) {
		t.Errorf("inspect --raw = %s", out)
	}
	var tags struct{ Tags []string }
	if err := json.Unmarshal([]byte(must(t, "skopeo", "list-tags", "--tls-verify=false", image)), &tags); err != nil || !slices.Equal(tags.Tags, []string{"v1", "v2"}) {
		t.Errorf("list-tags = %v, %v", tags, err)
	}

	// Out, with all platforms, and back into another repository: the same digests.
	layout := "oci:" + filepath.Join(t.TempDir(), "layout") + ":v1"
	must(t, "skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", image+":v1", layout)
	must(t, "skopeo", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", creds, layout, image+"-copy:v1")
	must(t, "skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", creds, image+":v1", image+":prod")
	if names(t, s, "2048-copy", "v1") != p.index.Digest || names(t, s, "2048", "prod") != p.index.Digest {
		t.Error("a copy has another digest")
	}
	moved := "2048:prod none -> " + string(p.index.Digest) + " 127.0.0.1 skopeo/"
	if lines := record(l, "tag.moved"); !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, moved) }) {
		t.Errorf("no %q in %q", moved, lines)
	}

	// What is refused says why.
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"tag v1 is immutable", []string{"copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", creds, image + ":v2", image + ":v1"}},
		{"unauthorized", []string{"copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "--dest-creds=any:guess", image + ":v2", image + ":new"}},
		{"unauthorized", []string{"copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", image + ":v2", image + ":new"}},
		{"DENIED", []string{"delete", "--tls-verify=false", "--creds=any:" + password, image + ":v1"}},
	} {
		if _, err := run(t, "skopeo", tt.args...); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.want)) {
			t.Errorf("skopeo %s: %v, want %q", tt.args[0], err, tt.want)
		}
	}
	if names(t, s, "2048", "v1") != p.index.Digest || names(t, s, "2048", "v2") != two.index.Digest {
		t.Error("an immutable tag moved")
	}
}

func TestPodman(t *testing.T) {
	peers(t)
	s := open(t, Options{})
	p := load(t, s, "2048", "prod", "one")
	host := serving(t, s)
	store := t.TempDir()
	podman := func(args ...string) (string, error) {
		return run(t, "podman", append([]string{"--root", filepath.Join(store, "root"), "--runroot", filepath.Join(store, "run"), "--storage-driver=vfs"}, args...)...)
	}
	need := func(args ...string) string {
		t.Helper()
		out, err := podman(args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	need("pull", "--tls-verify=false", "--arch=arm64", host+"/2048:prod")
	if digests := need("image", "inspect", "--format", "{{.RepoDigests}} {{.Architecture}}", host+"/2048:prod"); !strings.Contains(digests, string(p.index.Digest)) || !strings.Contains(digests, "arm64") {
		t.Errorf("podman has %s, want %s", digests, p.index.Digest)
	}
	if _, err := podman("push", "--tls-verify=false", host+"/2048:prod", host+"/2048:pushed"); err == nil {
		t.Error("pushing without credentials succeeds")
	}
	need("push", "--tls-verify=false", "--creds=any:"+password, host+"/2048:prod", host+"/2048:pushed")
	need("login", "--tls-verify=false", "-u", "any", "-p", password, host)
	if _, err := podman("login", "--tls-verify=false", "-u", "any", "-p", "guess", host); err == nil {
		t.Error("logging in with a wrong password succeeds")
	}
	m, err := s.Get(t.Context(), "2048", "pushed")
	if err != nil || !isImage(m.MediaType) {
		t.Errorf("what podman pushed: %s, %v", m.MediaType, err)
	}
	need("rmi", host+"/2048:prod")
	need("pull", "--tls-verify=false", host+"/2048@"+string(m.Digest))
}
