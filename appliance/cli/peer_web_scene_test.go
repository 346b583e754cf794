package cli_test

import (
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/client"
	"edge/appliance/report"
)

// webConfig is a builder with something on every page. %s is its stock boot ISO.
const webConfig = `[device]
user = "admin"
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f field@example"]
disk = "/dev/sda"

[device.report]
enabled = true

[[app]]
name = "2048"
image = "2048"
unit = "app1"
port = 8081

[[app]]
name = "simple-http"
image = "simple-http"
unit = "httpd"
port = 8080
cold = true

[iso]
base = %q
`

// furnished is a builder with the samples, a boot ISO, and a fleet of two: one is green, one was rolled back.
func furnished(t *testing.T, args ...string) *house {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "appliance.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, webConfig, unpackISO(t, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, append([]string{"--sample", "--config", config}, args...)...)
	good, bad := h.enrol("edge-1"), h.enrol("edge-2")
	good.tell(green("0.0.1"))
	bad.tell(rolledBack("git: not found in the image"))
	return h
}

// unpackISO writes a boot ISO that is laid out as a vendor's and returns its path.
func unpackISO(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.Open("../iso/testdata/rhel9.iso.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "rhel9.iso")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// member is a device of the fleet with a key of its own.
type member struct {
	h      *house
	cl     *client.Client
	name   string
	key    ed25519.PrivateKey
	serial uint64
}

func (m *member) id() string { return report.ID(m.key.Public().(ed25519.PublicKey)) }

// enrol lets a device in, with a token as a kickstart has it.
func (h *house) enrol(name string) *member {
	h.t.Helper()
	cl, err := client.New(client.Options{Server: h.url})
	if err != nil {
		h.t.Fatal(err)
	}
	var token client.NewToken
	if err := json.Unmarshal([]byte(h.must("fleet", "enrol", "--blueprint", "demo_upgrade", "-o", "json")), &token); err != nil {
		h.t.Fatal(err)
	}
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	m := &member{h: h, cl: cl, name: name, key: ed25519.NewKeyFromSeed(seed)}
	if _, err := cl.Enrol(context.Background(), report.NewEnrolment(token.Secret, name, m.key)); err != nil {
		h.t.Fatal(err)
	}
	return m
}

// tell sends a report, signed with the device's key.
func (m *member) tell(s report.Status) {
	m.h.t.Helper()
	now := time.Now()
	m.serial = report.NextSerial(m.serial, now)
	s.Name, s.Time, s.Serial, s.Device, s.Version, s.Every = m.name, now, m.serial, m.id(), "1.0.0", 5*time.Minute
	for i, a := range s.Apps {
		if a.Name == "2048" && a.Digest == "" {
			s.Apps[i].Digest = m.h.digestOf("2048", "v1")
		}
	}
	signed, err := report.Sign(s, m.key)
	if err != nil {
		m.h.t.Fatal(err)
	}
	if err := m.cl.PutStatus(context.Background(), m.id(), signed); err != nil {
		m.h.t.Fatal(err)
	}
}

// green is the report of a device that runs a version and 2048.
func green(version string) report.Status {
	return report.Status{
		Boot: report.Boot{ID: "green " + version, Since: time.Now().Add(-time.Hour), Verdict: report.Green, Engine: "greenboot",
			Checks: []report.Result{{Name: "git", Required: true, OK: true, Took: 12 * time.Millisecond}}},
		OS:   []report.Deployment{{Commit: strings.Repeat("c", 64), Version: version, Booted: true}},
		Apps: []report.App{{Name: "2048", Unit: "app1", Image: "builder/2048:prod", State: "active", Ready: true}},
	}
}

// rolledBack is the report of a device that went back to 0.0.1, and why.
func rolledBack(reason string) report.Status {
	s := green("0.0.1")
	s.Boot.ID = "back"
	s.Rollback = &report.Rollback{Time: time.Now().Add(-time.Minute), From: strings.Repeat("d", 64), FromVersion: "0.0.2", To: strings.Repeat("c", 64),
		ToVersion: "0.0.1", Check: "git", Reason: reason, Attempts: 3}
	s.Quarantine = []report.Bad{{Kind: "os", What: strings.Repeat("d", 64), Reason: reason, Since: time.Now().Add(-time.Minute), Until: time.Now().Add(7 * 24 * time.Hour), Times: 1}}
	return s
}

// machine is an installer with a one-time link.
type machine struct {
	h   *house
	url string
}

// link makes a one-time link for a device.
func (h *house) link(device string) machine {
	h.t.Helper()
	var made struct{ URL string }
	if err := json.Unmarshal([]byte(h.must("kickstart", "link", "demo_upgrade", "--device", device, "-o", "json")), &made); err != nil {
		h.t.Fatal(err)
	}
	return machine{h, made.URL}
}

// fetch takes the kickstart as Anaconda does.
func (m machine) fetch() string { return m.ask(http.MethodGet, m.url, "") }

// says tells how the installation goes.
func (m machine) says(step, log string) { m.ask(http.MethodPost, m.url+"/"+step, log) }

func (m machine) ask(method, url, body string) string {
	m.h.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		m.h.t.Fatal(err)
	}
	req.Header.Set("X-Anaconda-System-Release", "Red Hat Enterprise Linux")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		m.h.t.Fatalf("%s: %s, %v", resp.Status, text, err)
	}
	return string(text)
}

// again starts a house that has ended, at the same address and with the same data.
func (h *house) again(args ...string) {
	h.t.Helper()
	h.dead = make(chan struct{})
	h.cmd = exec.Command(h.bin, append([]string{"serve", "--data", h.data, "--listen", strings.TrimPrefix(h.url, "http://"), "--url", h.url, "--log-level", "warn"}, args...)...)
	h.cmd.Stderr = h.log
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	dead := h.dead
	go func() { h.cmd.Wait(); close(dead) }()
	for range 1000 {
		if resp, err := http.Get(h.url + "/healthz"); err == nil {
			resp.Body.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Fatalf("the server does not answer again: %s", h.log)
}

// secret is the builder's token.
func (h *house) secret() string {
	h.t.Helper()
	token, err := os.ReadFile(filepath.Join(h.data, "token"))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimSpace(string(token))
}
