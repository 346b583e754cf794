package server

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// otherArch is an architecture that this program is not for.
func otherArch() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}

func downloads(t *testing.T) (*scene, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "download")
	d, err := OpenDownloads(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return newScene(t, func(o *Options) { o.Downloads = d }), dir
}

func hexSum(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

func TestDownloadOfThisProgram(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no device has this architecture")
	}
	s, _ := downloads(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	url := "/download/appliance-linux-" + runtime.GOARCH
	w := s.do("GET", url, "")
	etag := w.Header().Get("Etag")
	if w.Code != 200 || w.Body.String() != string(program) || etag != `"`+hexSum(string(program))+`"` || w.Header().Get("Content-Type") != binary {
		t.Fatalf("GET = %d, %d bytes of %d, %v", w.Code, w.Body.Len(), len(program), w.Header())
	}
	if w := s.do("GET", url+".sha256", ""); w.Body.String() != hexSum(string(program))+"  appliance-linux-"+runtime.GOARCH+"\n" {
		t.Errorf("GET of the sum = %d %s", w.Code, w.Body)
	}
	if w := s.do("HEAD", url, ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD = %d %v", w.Code, w.Header())
	}
	if w := s.do("GET", url, "", "Range", "bytes=1-3", "If-Range", etag); w.Code != 206 || w.Body.String() != string(program[1:4]) {
		t.Errorf("GET of three bytes = %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := s.do("GET", url, "", "If-None-Match", etag); w.Code != 304 {
		t.Errorf("GET of what is known = %d", w.Code)
	}
	if w := newScene(t).do("GET", url, ""); w.Code != 404 {
		t.Errorf("GET where nothing is handed out = %d", w.Code)
	}
}

func TestDownloadForOthers(t *testing.T) {
	s, dir := downloads(t)
	name := "appliance-linux-" + otherArch()
	url, file := "/download/"+name, filepath.Join(dir, name)
	if w := s.do("GET", url, ""); w.Code != 404 || !strings.Contains(w.Body.String(), "make release") || strings.Contains(w.Body.String(), dir) {
		t.Fatalf("GET of what is not there = %d %s", w.Code, w.Body)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"one program", "another one of another size", "yet another, of the size 27"} {
		next := file + ".new"
		if err := os.WriteFile(next, []byte(program), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, file); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			w, sum := s.do("GET", url, ""), s.do("GET", url+".sha256", "")
			if w.Code != 200 || w.Body.String() != program || w.Header().Get("Etag") != `"`+hexSum(program)+`"` || !strings.HasPrefix(sum.Body.String(), hexSum(program)+"  ") {
				t.Errorf("GET = %d %s %v, sum %s", w.Code, w.Body, w.Header(), sum.Body)
			}
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", file); err != nil {
		t.Fatal(err)
	}
	if w := s.do("GET", url, ""); w.Code != 404 || strings.Contains(w.Body.String(), "root:") {
		t.Errorf("GET of a link = %d %s", w.Code, w.Body)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Fatal(err)
	}
	if w := s.do("GET", url, ""); w.Code != 404 {
		t.Errorf("GET of a folder = %d %s", w.Code, w.Body)
	}
}

func TestDownloadRefusals(t *testing.T) {
	s, dir := downloads(t)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "token"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"/download", "/download/", "/download/appliance-linux-", "/download/appliance-linux-s390x", "/download/appliance-linux-..%2F..%2Ftoken",
		"/download/..%2Ftoken", "/download/../token", "/download/appliance-linux-amd64.sha256.sha256", "/download/appliance-linux-amd64/", "/download/appliance-linux%2Damd64%2F"} {
		if w := s.do("GET", url, ""); w.Code != 404 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("GET %s = %d %.100s", url, w.Code, w.Body)
		}
	}
	if w := s.do("PUT", "/download/appliance-linux-amd64", "x", withToken...); w.Code != 405 {
		t.Errorf("PUT = %d", w.Code)
	}
}
