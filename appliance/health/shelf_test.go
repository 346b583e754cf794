package health

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/report"
)

func boot(n int, commit string, v report.Verdict) record {
	return record{Boot: report.Boot{ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", n), Verdict: v}, Commit: commit, Time: time.Unix(int64(n), 0).UTC()}
}

func put(t *testing.T, s shelf, r record) {
	t.Helper()
	if err := s.update(t.Context(), r, func(kept *record) { kept.Verdict = r.Verdict }); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, s shelf) string {
	t.Helper()
	all, err := s.records()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, r := range all {
		words = append(words, strings.TrimLeft(r.ID[:8], "0")+string(r.Verdict))
	}
	return strings.Join(words, " ")
}

// The order is that of writing, whatever the clock and the names of boots say.
func TestShelfKeepsOrder(t *testing.T) {
	t.Parallel()
	s := shelf{filepath.Join(t.TempDir(), "health")}
	if got := ids(t, s); got != "" {
		t.Errorf("a shelf that is not there has %q", got)
	}
	for _, n := range []int{9, 3, 7} {
		put(t, s, boot(n, v1, report.Running))
	}
	put(t, s, boot(3, v1, report.Green))
	if got := ids(t, s); got != "9running 3green 7running" {
		t.Errorf("shelf has %q", got)
	}
}

func TestShelfIsBounded(t *testing.T) {
	t.Parallel()
	s := shelf{t.TempDir()}
	put(t, s, boot(1, v1, report.Green))
	for n := 2; n < keptBoots+20; n++ {
		put(t, s, boot(n, v2, report.Red))
	}
	names, err := s.names()
	if err != nil || len(names) != keptBoots+1 {
		t.Fatalf("%d records, %v", len(names), err)
	}
	if got := ids(t, s); !strings.HasPrefix(got, "1green 14red") || !strings.HasSuffix(got, " 45red") {
		t.Errorf("shelf has %q", got)
	}
}

// What a power cut or a stranger left does not stop anything.
func TestShelfToleratesDamage(t *testing.T) {
	t.Parallel()
	s := shelf{t.TempDir()}
	put(t, s, boot(1, v1, report.Green))
	put(t, s, boot(2, v1, report.Red))
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	name := "000002-00000002-0000-4000-8000-000000000000.json"
	write(name, `{"id":"0000`)
	write(".tmp-12", "half")
	write("readme", "hello")
	write("000003-"+strings.Repeat("f", 36)+".json", strings.Repeat(" ", maxRecord+1))
	write(rollbackFile, `{"from":`)
	write(expectedFile, "")
	if err := os.Symlink("/etc/passwd", filepath.Join(s.dir, "000004-"+strings.Repeat("e", 36)+".json")); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, s); got != "1green" {
		t.Errorf("shelf has %q", got)
	}
	if last, err := s.lastRollback(); err != nil || last.From != "" {
		t.Errorf("lastRollback = %+v, %v", last, err)
	}
	if e := s.expectation(); e.Commit != "" {
		t.Errorf("expectation = %+v", e)
	}
	put(t, s, boot(2, v1, report.Running))
	put(t, s, boot(5, v1, report.Green))
	if got := ids(t, s); got != "1green 2running 5green" {
		t.Errorf("shelf has %q", got)
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".tmp-12")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the torn file is still there")
	}
}

// The script of required checks and that of wanted ones may overlap: nothing is lost.
func TestShelfIsShared(t *testing.T) {
	t.Parallel()
	s := shelf{t.TempDir()}
	var g sync.WaitGroup
	for i := range 10 {
		g.Go(func() {
			err := s.update(t.Context(), boot(1, v1, report.Running), func(r *record) {
				r.merge([]report.Result{{Name: fmt.Sprint(i)}})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	all, err := s.records()
	if err != nil || len(all) != 1 || len(all[0].Checks) != 10 {
		t.Errorf("%d records, %v: %+v", len(all), err, all)
	}
}

func TestShelfRefusesANamelessBoot(t *testing.T) {
	t.Parallel()
	s := shelf{t.TempDir()}
	for _, id := range []string{"", "../../../../etc/passwd", strings.Repeat("f", 36)} {
		r := record{Boot: report.Boot{ID: id}}
		if err := s.update(t.Context(), r, func(*record) {}); err == nil {
			t.Errorf("a record was written for the boot %q", id)
		}
	}
}
