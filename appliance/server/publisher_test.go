package server

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/event"
	"edge/appliance/object"
	"edge/appliance/ostree"
	"edge/appliance/release"
)

const testRef = "rhel/9/x86_64/edge"

// archive is an edge-commit of one small and one large file and no package list.
func archive(t *testing.T, text string) (data []byte, commit object.Checksum) {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	write := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	put := func(kind object.Kind, data []byte) object.Checksum {
		sum := object.ChecksumOf(data)
		write("repo/objects/"+object.Name{Checksum: sum, Kind: kind}.Path(), data)
		return sum
	}
	meta := put(object.KindDirMeta, object.Meta{Mode: 0o40755}.Encode())
	var tree object.Tree
	for name, content := range map[string]string{"small": text, "large": strings.Repeat(text, 1<<20/len(text))} {
		var filez bytes.Buffer
		sum, err := object.WriteFile(&filez, object.File{Mode: 0o100644, Size: int64(len(content))}, strings.NewReader(content), 0)
		if err != nil {
			t.Fatal(err)
		}
		write("repo/objects/"+object.Name{Checksum: sum, Kind: object.KindFile}.Path(), filez.Bytes())
		tree.Files = append(tree.Files, object.FileEntry{Name: name, Checksum: sum})
	}
	root := put(object.KindDirTree, object.Tree{Dirs: []object.DirEntry{{Name: "usr", Tree: put(object.KindDirTree, tree.Encode()), Meta: meta}}}.Encode())
	commit = put(object.KindCommit, object.Commit{Subject: text, Time: noon, Tree: root, Meta: meta}.Encode())
	write("repo/refs/heads/"+testRef, []byte(commit+"\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), commit
}

// built is a scene on a real publisher.
func built(t *testing.T) (address string) {
	t.Helper()
	dir := t.TempDir()
	signer, err := ostree.LoadSigner(filepath.Join(dir, "ed25519.key"))
	if err != nil {
		t.Fatal(err)
	}
	events := event.NewLog(100)
	publisher, err := release.Open(t.Context(), release.Options{Data: dir, Signer: signer, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(o *Options) { o.Releases, o.Events, o.Repositories = publisher, events, nil })
	return "http://" + s.listen(t)
}

func request(t *testing.T, method, url string, body []byte, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(withToken[0], withToken[1])
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// TestRelease goes with one release through its life over HTTP.
func TestRelease(t *testing.T) {
	server := built(t)
	data, commit := archive(t, "a release")
	api, repo := server+"/api/v1/releases/demo", server+"/demo/repo/"
	object := repo + "objects/" + object.Name{Checksum: commit, Kind: object.KindCommit}.Path()
	for i, tt := range []struct {
		method, url, body string
		headers           []string
		status            int
		want              string
	}{
		{"GET", repo + "summary", "", nil, 404, "unknown-blueprint"},
		{"PUT", api + "/0.0.1", "rubbish", nil, 422, "invalid-archive"},
		{"PUT", api + "/0.0.1", string(data[:len(data)/2]), nil, 422, "invalid-archive"},
		{"PUT", api + "/0.0.1", strings.Replace(string(data), "a release", "A release", 1), nil, 422, "invalid-archive"},
		{"GET", api, "", nil, 404, "unknown-blueprint"},
		{"PUT", api + "/0.0.1", gzipped(string(data)), []string{"Content-Encoding", "gzip"}, 201, `"state":"staged"`},
		{"PUT", api + "/0.0.1", string(data), nil, 409, "urn:appliance:exists"},
		{"GET", object, "", nil, 404, "not-found"}, // staged
		{"GET", repo + "refs/heads/" + testRef, "", nil, 404, "not-found"},
		{"GET", api + "/0.0.1", "", nil, 200, string(commit)},
		{"POST", api + "/0.0.1/publish", "", nil, 409, `"check":"packages"`},
		{"POST", api + "/0.0.1/publish", `{"force":true}`, []string{"If-Match", "*"}, 412, "precondition-failed"},
		{"POST", api + "/0.0.1/publish", `{"force":true}`, []string{"If-None-Match", "*"}, 200, `"changed":true`},
		{"POST", api + "/0.0.1/publish", `{"force":true}`, []string{"If-None-Match", "*"}, 412, "precondition-failed"},
		{"POST", api + "/0.0.1/publish", `{"force":true}`, []string{"If-Match", string(commit)}, 200, `"changed":false`},
		{"GET", object, "", nil, 200, "a release"},
		{"GET", repo + "refs/heads/" + testRef, "", nil, 200, string(commit) + "\n"},
		{"GET", server + "/demo/ed25519.pub", "", nil, 200, "="},
		{"DELETE", api + "/0.0.1", "", nil, 409, "urn:appliance:published"},
		{"POST", api + "/verify", "", nil, 200, `"faults":[]`},
		{"POST", api + "/prune", `{"dry_run":true}`, nil, 200, `"releases":[]`},
		{"GET", server + "/api/v1/events?follow=0", "", nil, 200, "event: release.published"},
		{"GET", server + "/metrics", "", nil, 200, `appliance_pulls_total{blueprint="demo",version="0.0.1"} 1`},
		{"GET", api + "/0.0.1/archive", "", nil, 200, "repo/objects/"},
	} {
		status, body := request(t, tt.method, tt.url, []byte(tt.body), tt.headers...)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Fatalf("%d: %s %s = %d %.300s, want %d %q", i, tt.method, tt.url, status, body, tt.status, tt.want)
		}
	}
}

// TestPull pulls with the client that devices have.
func TestPull(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	server := built(t)
	data, commit := archive(t, "a release")
	if status, body := request(t, "PUT", server+"/api/v1/releases/demo/0.0.1", data); status != 201 {
		t.Fatalf("PUT = %d %s", status, body)
	}
	if status, body := request(t, "POST", server+"/api/v1/releases/demo/0.0.1/publish", []byte(`{"force":true}`)); status != 200 {
		t.Fatalf("publish = %d %s", status, body)
	}
	for _, options := range [][]string{nil, {"--mirror"}, {"--commit-metadata-only"}, {"--depth=1"}, {"--subpath=/usr"}} {
		t.Run(fmt.Sprint(options), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "repo")
			run := func(args ...string) string {
				t.Helper()
				out, err := exec.CommandContext(t.Context(), "ostree", append([]string{"--repo=" + dir}, args...)...).CombinedOutput()
				if err != nil {
					t.Fatalf("ostree %s: %v: %s", strings.Join(args, " "), err, out)
				}
				return string(out)
			}
			run("init", "--mode=archive")
			run("remote", "add", "--no-gpg-verify", "builder", server+"/demo/repo/")
			begun := time.Now()
			run(append(append([]string{"pull"}, options...), "builder", testRef)...)
			t.Logf("pulled in %v", time.Since(begun))
			if options == nil || options[0] == "--mirror" {
				run("fsck")
			}
			name := "builder:" + testRef
			if options != nil && options[0] == "--mirror" {
				name = testRef
			}
			if got := strings.TrimSpace(run("rev-parse", name)); got != string(commit) {
				t.Errorf("pulled %s, want %s", got, commit)
			}
		})
	}
}
