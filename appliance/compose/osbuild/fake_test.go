//go:build containers_image_openpgp

package osbuild

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/appliance/workbench"
)

// TestMain lets this program be the fake peers, too: scripts on PATH call it with FAKE_AS set.
func TestMain(m *testing.M) {
	switch os.Getenv("FAKE_AS") {
	case "osbuild":
		os.Exit(fakeOSBuild(os.Args[1:]))
	case "depsolve":
		os.Exit(fakeDepsolve())
	}
	os.Exit(workbench.Run(m))
}

// fakePeers puts osbuild and osbuild-depsolve-dnf on PATH. What they do is steered by FAKE_VERSION (what
// osbuild says of itself), FAKE_STREAM (the file it tells its progress from), FAKE_TAR (an archive of what it makes),
// FAKE_EXIT, FAKE_HANG (a file: it waits while that is there), FAKE_DEAF (it does not hear SIGINT, or not the first),
// FAKE_INSPECT (what it says to a manifest it does not know) FAKE_MISSING (a package nobody has), FAKE_MUTE (what is
// never answered: --version, --inspect, depsolve) and FAKE_MOUNT (it mounts something in the store, as the real one does).
func fakePeers(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, as := range map[string]string{"osbuild": "osbuild", "osbuild-depsolve-dnf": "depsolve"} {
		text := fmt.Sprintf("#!/bin/sh\nFAKE_AS=%s exec %s \"$@\"\n", as, self)
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("FAKE_VERSION", "190")
}

func fakeOSBuild(args []string) int {
	at := func(flag string) string {
		for i, a := range args[:max(len(args)-1, 0)] {
			if a == flag {
				return args[i+1]
			}
		}
		return ""
	}
	if q := os.Getenv("FAKE_MUTE"); q != "" && len(args) > 0 && args[0] == q {
		time.Sleep(time.Minute)
	}
	switch {
	case len(args) == 1 && args[0] == "--version":
		fmt.Println("osbuild " + os.Getenv("FAKE_VERSION"))
		return 0
	case len(args) > 0 && args[0] == "--inspect":
		if fault := os.Getenv("FAKE_INSPECT"); fault != "" {
			fmt.Println(fault)
			return 2
		}
		fmt.Println("{}")
		return 0
	}
	if _, err := io.ReadAll(os.Stdin); err != nil {
		return 9
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt)
	left := filepath.Join(at("--store"), "tmp", "buildroot-tmp-1")
	if err := os.MkdirAll(left, 0o755); err != nil {
		return 9
	}
	if os.Getenv("FAKE_MOUNT") != "" {
		if err := syscall.Mount("none", left, "tmpfs", 0, ""); err != nil {
			return 8
		}
		defer syscall.Unmount(left, syscall.MNT_DETACH)
	}
	stream, err := os.ReadFile(os.Getenv("FAKE_STREAM"))
	if err != nil {
		return 9
	}
	monitor := os.NewFile(3, "monitor")
	half := len(stream) / 2
	monitor.Write(stream[:half])
	heard := 0
	for hang := os.Getenv("FAKE_HANG"); hang != ""; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(hang); err != nil {
			break
		}
		select {
		case <-stopped:
			heard++
			if deaf := os.Getenv("FAKE_DEAF"); deaf == "" || deaf == "once" && heard > 1 {
				os.RemoveAll(left)
				return 130
			}
		default:
		}
	}
	monitor.Write(stream[half:])
	if code, _ := strconv.Atoi(os.Getenv("FAKE_EXIT")); code != 0 {
		fmt.Fprintln(os.Stderr, "Traceback: it crashed")
		return code
	}
	os.RemoveAll(left)
	archive := os.Getenv("FAKE_TAR")
	if _, err := os.Stat(archive); err != nil {
		return 0 // it ends well and makes nothing
	}
	out := filepath.Join(at("--output-directory"), at("--export"))
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 9
	}
	if err := exec.Command("tar", "-xf", archive, "-C", out).Run(); err != nil {
		return 9
	}
	return 0
}

// fakeDepsolve finds one package for each that is asked for, in the words of either protocol.
func fakeDepsolve() int {
	if os.Getenv("FAKE_MUTE") == "depsolve" {
		time.Sleep(time.Minute)
	}
	var q struct {
		Version   int `json:"api_version"`
		Arguments struct {
			Repos []struct {
				ID      string   `json:"id"`
				BaseURL []string `json:"baseurl"`
				Keys1   []string `json:"gpgkeys"`
				Keys2   []string `json:"gpgkey"`
			} `json:"repos"`
			Transactions []struct {
				Packages []string  `json:"package-specs"`
				Exclude  []string  `json:"exclude-specs"`
				Modules  *[]string `json:"module-enable-specs"`
			} `json:"transactions"`
		} `json:"arguments"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil || len(q.Arguments.Repos) == 0 || q.Arguments.Transactions[0].Exclude == nil {
		fmt.Printf(`{"kind":"InvalidRequest","reason":"bad question: %v"}`, err)
		return 1
	}
	repo := q.Arguments.Repos[0]
	if (q.Version == 2) != (len(repo.Keys2) > 0) || (q.Version == 2) == (len(repo.Keys1) > 0) {
		fmt.Print(`{"kind":"InvalidRequest","reason":"keys of the other protocol"}`)
		return 1
	}
	var flat []map[string]any
	var all [][]map[string]any
	seen := map[string]bool{}
	for _, t := range q.Arguments.Transactions {
		one := []map[string]any{}
		for _, name := range t.Packages {
			if name == os.Getenv("FAKE_MISSING") {
				fmt.Printf(`{"kind":"MarkingErrors","reason":"Error occurred when marking packages for installation: Problems in request: missing packages: %s"}`, name)
				return 1
			}
			name, _, _ = strings.Cut(strings.TrimPrefix(name, "@"), " ")
			if seen[name] {
				continue
			}
			seen[name] = true
			sum := fmt.Sprintf("%064x", len(seen))
			p := map[string]any{"name": name, "epoch": 0, "version": "1.0", "release": "1.el9", "arch": "x86_64", "repo_id": repo.ID}
			if q.Version == 2 {
				p["checksum"] = map[string]string{"algorithm": "sha256", "value": sum}
				p["remote_locations"], p["location"] = []string{"https://mirror.example/" + name + ".rpm"}, name+".rpm"
				p["download_size"], p["install_size"] = 1<<20, 3<<20
			} else {
				p["checksum"], p["remote_location"], p["path"] = "sha256:"+sum, "https://mirror.example/"+name+".rpm", name+".rpm"
			}
			one, flat = append(one, p), append(flat, p)
		}
		all = append(all, one)
	}
	known := map[string]any{"id": repo.ID, "baseurl": []string{"https://mirror.example/"}, "gpgcheck": false}
	answer := map[string]any{"solver": "dnf", "repos": map[string]any{repo.ID: known}, "modules": map[string]any{}, "sbom": map[string]string{"spdxVersion": "SPDX-2.3"}}
	if q.Version == 2 {
		answer["transactions"] = all
	} else {
		answer["packages"] = flat
	}
	json.NewEncoder(os.Stdout).Encode(answer)
	return 0
}
