package registry

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"edge/appliance/workbench"
)

const childEnv = "APPLIANCE_TEST_REGISTRY"

// TestMain lets this very binary be the registry that TestKilled kills.
func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(workbench.Run(m))
	}
	s, err := Open(Options{Dir: dir, Token: password, Immutable: []string{}})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	_ = http.Serve(listener, s)
}

// kill -9 in the middle of pushes and retags: every tag that was acknowledged is there afterwards.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	pictures := []picture{load(t, open(t, Options{Dir: dir}), "2048", "v0", "zero"), load(t, open(t, Options{Dir: dir}), "2048", "v1", "one")}
	acknowledged, asked := map[string]Digest{}, map[string]Digest{}
	for round := range 4 {
		process := exec.CommandContext(t.Context(), os.Args[0])
		process.Env = append(os.Environ(), childEnv+"="+dir)
		out, err := process.StdoutPipe()
		if err == nil {
			err = process.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		address, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		enough := make(chan struct{})
		go func() {
			<-enough
			time.Sleep(time.Duration(round) * 700 * time.Microsecond) // at a different moment of a push in every round
			_ = process.Process.Kill()
		}()
		for i := range 1000 {
			if i == 5+3*round {
				close(enough)
			}
			tag := fmt.Sprintf("t%d", i%7)
			m := pictures[(i+round)%2].index
			r, err := http.NewRequest("PUT", "http://"+strings.TrimSpace(address)+"/v2/2048/manifests/"+tag, strings.NewReader(string(m.Raw)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", m.MediaType)
			r.SetBasicAuth("x", password)
			asked[tag] = m.Digest
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				break // it is dead
			}
			_ = answer.Body.Close()
			if answer.StatusCode != 201 {
				t.Fatalf("PUT = %d", answer.StatusCode)
			}
			acknowledged[tag] = m.Digest
		}
		_ = process.Wait()
		s := open(t, Options{Dir: dir})
		for tag, want := range acknowledged {
			m, err := s.Get(t.Context(), "2048", tag)
			if err != nil || m.Digest != want && m.Digest != asked[tag] {
				t.Errorf("round %d: %s is %s, %v, want %s", round, tag, m.Digest, err, want)
			}
			acknowledged[tag] = m.Digest
		}
		s.Close()
	}
	if len(acknowledged) < 3 {
		t.Errorf("only %d tags were acknowledged", len(acknowledged))
	}
}
