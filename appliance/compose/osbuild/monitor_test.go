//go:build containers_image_openpgp

package osbuild

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func scanned(chunks ...[]byte) (*scanner, []string) {
	var lines []string
	s := &scanner{packages: map[string]int{"os": 3}, log: func(l string) { lines = append(lines, l) }, progress: func(string, int, int) {}}
	for _, c := range chunks {
		_, _ = s.Write(c)
	}
	return s, lines
}

func stream(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestScannerKeepsPasswords: everybody may read the log, and why a build failed.
func TestScannerKeepsPasswords(t *testing.T) {
	const said = "curl: cannot fetch https://me:s3cret@mirror.example/a.rpm"
	s, lines := scanned([]byte(`{"message":"` + said + `","context":{"id":"1"}}` + "\n" + `{"message":"end","context":{"id":"1"},"result":{"name":"x","success":false,"output":"` + said + `"}}` + "\n"))
	if text := strings.Join(lines, "\n") + s.fault("exit code 1", nil).Error(); strings.Contains(text, "s3cret") || strings.Count(text, "https://mirror.example/a.rpm") != 2 {
		t.Error(text)
	}
}

// TestScannerChunks reads the same however the stream is cut.
func TestScannerChunks(t *testing.T) {
	data := stream(t, "centos-9.jsonseq")
	whole, want := scanned(data)
	if want[len(want)-1] != "manifest - finished successfully" || whole.failed != "" || whole.stage != "commit-archive: org.osbuild.tar" || whole.far != units {
		t.Errorf("last %q, failed %q, stage %q, %d", want[len(want)-1], whole.failed, whole.stage, whole.far)
	}
	for _, size := range []int{1, 7, 1000} {
		var chunks [][]byte
		for c := range slices.Chunk(data, size) {
			chunks = append(chunks, c)
		}
		if _, got := scanned(chunks...); !slices.Equal(got, want) {
			t.Errorf("in pieces of %d bytes it reads otherwise", size)
		}
	}
}

// TestScannerProgress wants what takes long to move, and each stage under its own pipeline.
func TestScannerProgress(t *testing.T) {
	steps := map[string]map[int]bool{}
	s := &scanner{packages: map[string]int{"build": 13, "os": 97}, log: func(string) {}, progress: func(stage string, done, _ int) {
		if steps[stage] == nil {
			steps[stage] = map[int]bool{}
		}
		steps[stage][done] = true
	}}
	_, _ = s.Write(stream(t, "centos-9.jsonseq"))
	for stage, least := range map[string]int{"source org.osbuild.librepo": 10, "build: org.osbuild.rpm": 2, "os: org.osbuild.rpm": 10, "os": 1, "ostree-commit": 1, "commit-archive": 1} {
		if len(steps[stage]) < least {
			t.Errorf("%s stands at %v", stage, steps[stage])
		}
	}
	for stage := range steps {
		if stage == "" || strings.HasPrefix(stage, "ostree-commit: ") && !strings.HasPrefix(stage, "ostree-commit: org.osbuild.ostree.") {
			t.Errorf("a stage %q", stage)
		}
	}
}

// TestScannerNoise: every stage repeats what is wrong with the host's own tmpfiles.d.
func TestScannerNoise(t *testing.T) {
	s, lines := scanned([]byte(`{"message":"/usr/lib/tmpfiles.d/x.conf:26: Failed to replace specifiers\nthe fault\n","context":{"origin":"stages/org.osbuild.rpm"}}` + "\n"))
	if !slices.Equal(lines, []string{"the fault"}) || !slices.Equal(s.lines, lines) {
		t.Errorf("%q, %q", lines, s.lines)
	}
}

// TestScannerWithoutResults is a failure as osbuild before 138 tells it.
func TestScannerWithoutResults(t *testing.T) {
	s, _ := scanned([]byte(`{"message":"Starting module org.osbuild.users","context":{"id":"1","origin":"osbuild.monitor","pipeline":{"name":"os","stage":{"name":"org.osbuild.users"}}}}
{"message":"chroot: failed to run command 'useradd'\n","context":{"id":"2","origin":"org.osbuild.users","pipeline":{"name":"os","stage":{"name":"org.osbuild.users"}}}}
{"message":"Finished module org.osbuild.users","context":{"id":"1"}}
{"message":"Finished pipeline os","context":{"id":"1"}}
{"message":"manifest - failed\n","context":{"id":"3","origin":"osbuild.main_cli","pipeline":{"name":"os","stage":{"name":"org.osbuild.users"}}}}
`))
	err := s.fault("exit code 1", []string{"Failed"}).Error()
	if !strings.Contains(err, "in os: org.osbuild.users (exit code 1)") || !strings.Contains(err, "chroot: failed to run command") || !strings.HasSuffix(err, "\nFailed") {
		t.Error(err)
	}
}

func TestScannerBounds(t *testing.T) {
	long := []byte("\x1e{\"message\":\"" + strings.Repeat("x", maxRecord) + "\"}\n{\"message\":\"after\"}\nnot json\n")
	s, lines := scanned(long)
	if !slices.Equal(lines, []string{"after"}) || len(s.rest) != 0 {
		t.Errorf("%d lines", len(lines))
	}
	if _, lines := scanned([]byte(`{"message":"` + strings.Repeat("y", 5000) + "\"}\n")); len(lines) != 1 || len(lines[0]) > maxWidth+10 {
		t.Errorf("%d lines", len(lines))
	}
}

func FuzzScanner(f *testing.F) {
	f.Add(stream(f, "centos-9.jsonseq")[:4000])
	f.Add(stream(f, "failing.jsonseq"))
	f.Add([]byte(`{"progress":{"done":-5,"total":9223372036854775807,"progress":{"done":3,"total":-1}}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &scanner{packages: map[string]int{"os": 2}, log: func(l string) {
			if strings.ContainsAny(l, "\n\r") && strings.Contains(l, "\n") {
				t.Fatalf("a line of several: %q", l)
			}
		}, progress: func(_ string, done, total int) {
			if done < 0 || done > total {
				t.Fatalf("%d of %d", done, total)
			}
		}}
		_, _ = s.Write(data)
		if len(s.lines) > lastLines || len(s.rest) > maxRecord {
			t.Fatal("too much is kept")
		}
	})
}
