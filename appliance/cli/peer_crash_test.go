package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// kills is how often the server dies in each of the three operations.
const kills = 15

// The server is killed at random moments of an import, a publish and a prune, again and again on
// one data folder. Each time it starts again, the repository is clean for ostree fsck, and nothing
// that was acknowledged is lost.
func TestPeerKill(t *testing.T) {
	needPeers(t, "ostree")
	h := newHouse(t, "--sample")
	dir := t.TempDir()
	archive := filepath.Join(dir, "crash.tar")
	shell(t, `
		mkdir -p "$1/tree/usr/lib"; for i in $(seq 1500); do head -c $((i * 11)) /dev/urandom >"$1/tree/usr/lib/file-$i"; done
		commit_tree "$1/repo" "$1/tree" crash/ref 1.0.0; edge_commit "$2" "$1/repo" crash/ref`, dir, archive)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := &crash{t: t, h: h, random: rand.New(rand.NewPCG(seed, 1)), acknowledged: map[string]bool{}}
	c.data = readFile(t, archive)
	c.known("demo_upgrade", 3)
	for i := range kills {
		c.during(c.timeImport(i), func() { c.importNext(i) })
		c.during(60*time.Millisecond, func() { c.publishNext(i) })
		c.during(60*time.Millisecond, c.prune)
	}
	t.Logf("killed %d times; %d operations were acknowledged before", c.killed, c.answered)
	if c.answered == 0 || c.answered == c.killed {
		t.Errorf("%d of %d operations were acknowledged: the kills do not hit the middle of anything", c.answered, c.killed)
	}
}

type crash struct {
	t            *testing.T
	h            *house
	random       *rand.Rand
	data         []byte
	took         time.Duration // of one import
	acknowledged map[string]bool
	published    string // version that must be published, "" when unknown
	killed       int
	answered     int
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c *crash) known(blueprint string, releases int) {
	for i := 1; i <= releases; i++ {
		c.acknowledged[fmt.Sprintf("%s@0.0.%d", blueprint, i)] = true
	}
}

// during starts an operation, kills the server up to most later, and looks at what is left.
func (c *crash) during(most time.Duration, operation func()) {
	c.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); operation() }()
	time.Sleep(time.Duration(c.random.Int64N(int64(most))))
	c.h.kill()
	<-done
	c.killed++
	c.h.fsck("demo_upgrade")
	c.h.start()
	c.h.fsck("demo_upgrade")
	c.check()
}

// timeImport is how long an import takes here, measured by the first.
func (c *crash) timeImport(i int) time.Duration {
	if i == 0 {
		start := time.Now()
		if status, body, err := c.h.call("PUT", "/api/v1/releases/demo_upgrade/9.0.0?ref=crash/ref", bytes.NewReader(c.data)); err != nil || status != 201 {
			c.t.Fatalf("import: %d %s %v", status, body, err)
		}
		c.took = time.Since(start) * 5 / 4
		c.acknowledged["demo_upgrade@9.0.0"] = true
		c.forget()
	}
	return c.took
}

// forget deletes the imported releases and their objects, so that the next import brings them anew.
func (c *crash) forget() {
	for id := range c.acknowledged {
		if id[len(id)-5] != '9' {
			continue
		}
		if status, body, err := c.h.call("DELETE", "/api/v1/releases/demo_upgrade/"+id[len(id)-5:], nil); err != nil || status != 204 {
			c.t.Fatalf("delete: %d %s %v", status, body, err)
		}
		delete(c.acknowledged, id)
	}
	if status, body, err := c.h.call("POST", "/api/v1/releases/demo_upgrade/prune", nil); err != nil || status != 200 {
		c.t.Fatalf("prune: %d %s %v", status, body, err)
	}
}

func (c *crash) importNext(i int) {
	version := fmt.Sprintf("9.0.%d", 1+i%9)
	if c.acknowledged["demo_upgrade@"+version] {
		return
	}
	status, _, err := c.h.call("PUT", "/api/v1/releases/demo_upgrade/"+version+"?ref=crash/ref", bytes.NewReader(c.data))
	if err == nil && status == 201 {
		c.acknowledged["demo_upgrade@"+version] = true
		c.answered++
	}
}

func (c *crash) publishNext(i int) {
	version := fmt.Sprintf("0.0.%d", 1+i%3)
	c.published = ""
	status, _, err := c.h.call("POST", "/api/v1/releases/demo_upgrade/"+version+"/publish", nil)
	if err == nil && status == 200 {
		c.published = version
		c.answered++
	}
}

func (c *crash) prune() {
	status, _, err := c.h.call("POST", "/api/v1/releases/demo_upgrade/prune", nil)
	if err == nil && status == 200 {
		c.answered++
	}
}

// check looks at a server that has just started again.
func (c *crash) check() {
	c.t.Helper()
	_, body := c.h.get("/api/v1/releases/demo_upgrade")
	var releases []struct{ Blueprint, Version, State, Commit string }
	if err := json.Unmarshal([]byte(body), &releases); err != nil {
		c.t.Fatalf("%v in %s", err, body)
	}
	there := map[string]bool{}
	published := ""
	for _, r := range releases {
		there[r.Blueprint+"@"+r.Version] = true
		if r.State == "published" {
			published = r.Version
		}
	}
	for id := range c.acknowledged {
		if !there[id] {
			c.t.Errorf("%s was acknowledged and is gone", id)
		}
	}
	if published == "" || c.published != "" && published != c.published {
		c.t.Errorf("%q is published, want %q (empty: any)", published, c.published)
	}
	client := c.h.client("demo_upgrade", "archive")
	if out, err := exec.Command("ostree", "pull", "--repo="+client, "edge", demoRef).CombinedOutput(); err != nil {
		c.t.Errorf("pull after the crash: %v\n%s", err, out)
	}
	for id := range there { // what was not acknowledged but landed may be used again
		c.acknowledged[id] = true
	}
	if len(c.acknowledged) > 5 {
		c.forget()
	}
}
