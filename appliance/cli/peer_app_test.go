package cli_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/app"
)

// inspected is the digest that skopeo sees behind a tag, as a device would.
func (h *house) inspected(image string) string {
	h.t.Helper()
	out := run(h.t, "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://"+strings.TrimPrefix(h.url, "http://")+"/"+image)
	file := filepath.Join(h.t.(*testing.T).TempDir(), "manifest")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return run(h.t, "skopeo", "manifest-digest", file)
}

func (h *house) moves(name string) []app.Move {
	h.t.Helper()
	var moves []app.Move
	if err := json.Unmarshal([]byte(h.must("app", "history", name, "-o", "json")), &moves); err != nil {
		h.t.Fatal(err)
	}
	return moves
}

// The demonstration with a real client: what devices see moves with the tag, and back.
func TestPeerRetag(t *testing.T) {
	needPeers(t, "skopeo")
	h := newHouse(t, "--sample")
	v1, v2 := h.inspected("2048:v1"), h.inspected("2048:v2")
	if got := h.inspected("2048:prod"); got != v1 || v1 == v2 {
		t.Fatalf("prod = %s, want v1, %s; v2 = %s", got, v1, v2)
	}
	h.must("app", "retag", "2048", "v2")
	if got := h.inspected("2048:prod"); got != v2 {
		t.Errorf("prod = %s after a retag, want v2, %s", got, v2)
	}
	h.must("app", "undo", "2048")
	if got := h.inspected("2048:prod"); got != v1 {
		t.Errorf("prod = %s after an undo, want v1, %s", got, v1)
	}
	moves := h.moves("2048")
	if len(moves) != 2 || moves[0].Kind != app.Undone || string(moves[1].Before) != v1 || string(moves[1].After) != v2 || !strings.Contains(moves[1].Actor, "appliance/") {
		t.Errorf("history = %+v", moves)
	}
}

// A push by another client stands in the history, can be undone, and may not touch an immutable tag.
func TestPeerPushIsHistory(t *testing.T) {
	needPeers(t, "skopeo")
	h := newHouse(t, "--sample")
	token, err := os.ReadFile(filepath.Join(h.data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	registry := "docker://" + strings.TrimPrefix(h.url, "http://")
	auth := filepath.Join(t.TempDir(), "auth.json")
	run(t, "bash", "-c", `printf %s "$1" | skopeo login --tls-verify=false --authfile "$2" -u appliance --password-stdin "$3"`, "login",
		strings.TrimSpace(string(token)), auth, strings.TrimPrefix(h.url, "http://"))
	push := func(to string) (string, error) {
		return output("skopeo", "copy", "-q", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "--authfile", auth, registry+"/2048:v3", registry+"/"+to)
	}
	v1, v3 := h.inspected("2048:v1"), h.inspected("2048:v3")
	if out, err := push("2048:prod"); err != nil {
		t.Fatalf("pushing: %v\n%s", err, out)
	}
	if got := h.inspected("2048:prod"); got != v3 {
		t.Errorf("prod = %s after a push, want v3, %s", got, v3)
	}
	h.must("app", "undo", "2048")
	if got := h.inspected("2048:prod"); got != v1 {
		t.Errorf("prod = %s after undoing a push, want v1, %s", got, v1)
	}
	moves := h.moves("2048")
	if len(moves) != 2 || moves[1].Kind != app.Pushed || string(moves[1].After) != v3 || !strings.Contains(moves[1].Actor, "skopeo") {
		t.Errorf("history = %+v", moves)
	}
	if out, err := push("2048:v1"); err == nil || !strings.Contains(out, "immutable") {
		t.Errorf("pushing over v1: %v\n%s", err, out)
	}
}

// What was acknowledged is there after a kill, tag and history alike.
func TestPeerRetagOutlivesAKill(t *testing.T) {
	needPeers(t, "skopeo")
	h := newHouse(t, "--sample")
	for _, v := range []string{"v2", "v3", "v1", "v3"} {
		h.must("app", "retag", "2048", v)
		want := h.inspected("2048:" + v)
		h.kill()
		h.start("--sample")
		if got := h.inspected("2048:prod"); got != want {
			t.Fatalf("prod = %s after a kill, want %s, %s", got, v, want)
		}
		if moves := h.moves("2048"); string(moves[0].After) != want || moves[0].Kind != app.Retagged {
			t.Fatalf("history = %+v, want it to end with %s", moves[0], v)
		}
	}
	h.must("app", "undo", "2048")
	if got := h.inspected("2048:prod"); got != h.inspected("2048:v1") {
		t.Errorf("prod = %s after an undo, want v1", got)
	}
}

// One registry mirrors another: every tag, every platform, the same digests.
func TestPeerMirror(t *testing.T) {
	needPeers(t, "skopeo")
	source := newHouse(t, "--sample")
	host := strings.TrimPrefix(source.url, "http://")
	dir := t.TempDir()
	t.Setenv("CONTAINERS_REGISTRIES_CONF", filepath.Join(dir, "registries.conf"))
	write(t, filepath.Join(dir, "registries.conf"), "[[registry]]\nlocation = \""+host+"\"\ninsecure = true\n")
	config := filepath.Join(dir, "appliance.toml")
	write(t, config, "[[app]]\nname = \"2048\"\nsource = \""+host+"/2048\"\n[registry]\nallow = [\""+host+"\"]\nprivate = true\n")
	h := newHouse(t, "--config", config)
	for _, want := range []string{"5 tags copied", "0 tags copied"} {
		if out := h.must("app", "mirror", "2048"); !strings.Contains(out, want) {
			t.Errorf("mirror says %q, want %q", out, want)
		}
	}
	for _, tag := range []string{"v1", "v2", "v3", "v4-mute", "prod"} {
		if got, want := h.inspected("2048:"+tag), source.inspected("2048:"+tag); got != want {
			t.Errorf("%s = %s, want %s", tag, got, want)
		}
	}
	if moves := h.moves("2048"); len(moves) != 1 || moves[0].Kind != app.Copied {
		t.Errorf("history = %+v", moves)
	}
	if out := h.must("app", "tags", "2048"); strings.Count(out, "linux/amd64, linux/arm64") != 5 {
		t.Errorf("tags:\n%s", out)
	}
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// output runs a peer that may fail.
func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

// A registry of other people: Debian's docker-registry, filled by a mirror and steered from here.
func TestPeerRetagElsewhere(t *testing.T) {
	needPeers(t, "skopeo", "docker-registry")
	source := newHouse(t, "--sample")
	from, dir := strings.TrimPrefix(source.url, "http://"), t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	far := l.Addr().String()
	l.Close()
	write(t, filepath.Join(dir, "registry.yml"), "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: "+dir+"/store\nhttp:\n  addr: "+far+"\n")
	peer := exec.Command("docker-registry", "serve", filepath.Join(dir, "registry.yml"))
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Process.Kill(); peer.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", far); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	conf := filepath.Join(dir, "registries.conf")
	write(t, conf, "[[registry]]\nlocation = \""+from+"\"\ninsecure = true\n[[registry]]\nlocation = \""+far+"\"\ninsecure = true\n")
	t.Setenv("CONTAINERS_REGISTRIES_CONF", conf)
	config := filepath.Join(dir, "appliance.toml")
	write(t, config, "[[app]]\nname = \"shop\"\nimage = \""+far+"/team/shop\"\nsource = \""+from+"/2048\"\n[registry]\nallow = [\""+from+"\", \""+far+"/team\"]\nprivate = true\n")
	h := newHouse(t, "--config", config)
	h.must("app", "mirror", "shop")
	digest := func(tag string) string {
		return run(t, "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+far+"/team/shop:"+tag)
	}
	v1, v2 := digest("v1"), digest("v2")
	if v1 != source.inspected("2048:v1") || digest("prod") != v1 {
		t.Errorf("v1 = %s, prod = %s, want both as at the source", v1, digest("prod"))
	}
	if out := h.must("app", "retag", "shop", "v2", "--expect", v1); !strings.Contains(out, "looked at again") || digest("prod") != v2 || digest("prod.prev") != v1 {
		t.Errorf("retag says %q; prod = %s, want %s", out, digest("prod"), v2)
	}
	if out, err := h.appliance("app", "retag", "shop", "v3", "--expect", v1); err == nil || !strings.Contains(out, "names "+v2) {
		t.Errorf("retag with a wrong expectation says %q", out)
	}
	if out, err := h.appliance("app", "retag", "shop", "v2", "--to", "v1"); err == nil || !strings.Contains(out, "immutable") {
		t.Errorf("retag of an immutable tag says %q", out)
	}
	if h.must("app", "undo", "shop"); digest("prod") != v1 {
		t.Errorf("prod = %s after an undo, want %s", digest("prod"), v1)
	}
	peer.Process.Kill()
	if out, err := h.appliance("app", "retag", "shop", "v2"); err == nil || !strings.Contains(out, "not reachable") {
		t.Errorf("retag without the registry says %q", out)
	}
	if out := h.must("app", "list"); !strings.Contains(out, "shop cannot be told in full") {
		t.Errorf("list without the registry:\n%s", out)
	}
}
