package workbench

import (
	"os"
	"testing"
)

// outcome is a test that notes how it ended.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (o *outcome) Helper()               {}
func (o *outcome) Fatalf(string, ...any) { o.failed = true; panic(o) }
func (o *outcome) Skipf(string, ...any)  { o.skipped = true; panic(o) }

func TestLacks(t *testing.T) {
	for ci, fails := range map[string]bool{"": false, "true": true} {
		t.Setenv("CI", ci)
		o := &outcome{}
		func() {
			defer func() { _ = recover() }()
			Lacks(o, "no disk")
		}()
		if o.failed != fails || o.skipped == fails {
			t.Errorf("CI=%q: failed %v, skipped %v", ci, o.failed, o.skipped)
		}
	}
}

func TestUsable(t *testing.T) {
	mine := t.TempDir()
	for dir, want := range map[string]bool{mine: true, "/nowhere": false, "/proc": false} {
		if got := usable(dir); got != want {
			t.Errorf("%s: %v, want %v", dir, got, want)
		}
	}
	if left, _ := os.ReadDir(mine); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
