package cli_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The server is killed at random moments of pushes. Each time the repository is clean for git fsck, what
// was acknowledged is there with its tag, and no version was given twice.
func TestPeerKillDuringPushes(t *testing.T) {
	needPeers(t, "git")
	h := newHouse(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	repo := filepath.Join(h.data, "blueprints.git")
	acknowledged := map[string]bool{}
	pushes := 0
	for range 12 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				pushes++
				status, body, err := h.call(http.MethodPut, "/api/v1/blueprints/crash", strings.NewReader(fmt.Sprintf("name = \"crash\"\ndescription = \"%d\"\n", pushes)))
				var p struct{ Version string }
				if err != nil || status != http.StatusCreated || json.Unmarshal([]byte(body), &p) != nil {
					return // the server is gone
				}
				acknowledged[p.Version] = true
			}
		}()
		time.Sleep(time.Duration(20+random.IntN(150)) * time.Millisecond)
		h.kill()
		<-done
		run(t, "git", "--git-dir="+repo, "-c", "safe.directory=*", "fsck", "--strict", "--no-dangling")
		h.start()
		_, history := h.get("/api/v1/blueprints/crash/history")
		tags := "\n" + run(t, "git", "--git-dir="+repo, "-c", "safe.directory=*", "tag") + "\n"
		for v := range acknowledged {
			if strings.Count(history, `"version":"`+v+`"`) != 1 || !strings.Contains(tags, "\ncrash/"+v+"\n") {
				t.Errorf("%s was acknowledged and is not there once", v)
			}
		}
	}
	t.Logf("%d of %d pushes were acknowledged", len(acknowledged), pushes)
	if len(acknowledged) == 0 || len(acknowledged) == pushes {
		t.Error("the kills do not hit the middle of anything")
	}
}
