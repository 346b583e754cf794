package cli

import (
	"strings"
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	half := view{label: "demo@0.0.2", amount: formatSize, done: 10e6, total: 20e6, took: 2 * time.Second}
	unknown := view{label: "demo@0.0.2", amount: formatSize, done: 10e6, took: 2 * time.Second}
	for _, tt := range []struct {
		name  string
		v     view
		width int
		want  string
	}{
		{"wide", half, 120, "demo@0.0.2  ####################....................   50 %  10.0 MB of 20.0 MB  5.0 MB/s  0:02 left"},
		{"80 columns", half, 79, "demo@0.0.2  #########..........   50 %  10.0 MB of 20.0 MB  5.0 MB/s  0:02 left"},
		{"no room for the time left", half, 65, "demo@0.0.2  ########........   50 %  10.0 MB of 20.0 MB  5.0 MB/s"},
		{"no room for the rate", half, 55, "demo@0.0.2  ########........   50 %  10.0 MB of 20.0 MB"},
		{"narrow", half, 32, "demo@0.0.2  ######.......   50 %"},
		{"too narrow for a bar", half, 20, "demo@0.0.2   50 %"},
		{"nothing fits", half, 5, "demo@"},
		{"no room", half, 0, ""},
		{"unknown total", unknown, 80, "demo@0.0.2  10.0 MB  5.0 MB/s"},
		{"unknown total, narrow", unknown, 24, "demo@0.0.2  10.0 MB"},
		{"begun", view{label: "x", amount: formatCount, total: 4}, 40, "x  ......................    0 %  0 of 4"},
		{"done", view{label: "x", amount: formatCount, done: 4, total: 4, took: time.Minute}, 40, "x  ######################  100 %  4 of 4"},
		{"more than all", view{label: "x", amount: formatCount, done: 9, total: 4, took: time.Millisecond}, 36, "x  ##################  100 %  9 of 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.v.bar(tt.width, false)
			if got != tt.want {
				t.Errorf("bar(%d) =\n%q, want\n%q", tt.width, got, tt.want)
			}
			if len(got) > tt.width {
				t.Errorf("%d columns of %d", len(got), tt.width)
			}
		})
	}
	unicode := half
	unicode.unicode = true
	if got := unicode.bar(79, true); !strings.Contains(got, cyan+"━━━━━━━━━"+plain+"╌╌╌╌╌╌╌╌╌╌") {
		t.Errorf("painted bar = %q", got)
	}
}

func TestProgressPace(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(1_700_000_000, 0)
	make := func(terminal bool) *progress {
		out.Reset()
		p := &progress{out: &out, label: "demo", amount: formatCount, terminal: terminal, width: func() int { return 60 }, now: func() time.Time { return clock }}
		p.began, p.shown = clock, clock
		return p
	}
	lines := make(false)
	for i := range 50 {
		lines.Set(int64(i), 50)
		clock = clock.Add(100 * time.Millisecond)
	}
	lines.End()
	lines.Set(50, 50)
	if want := "demo: 20 of 50 (40 %)\ndemo: 40 of 50 (80 %)\n"; out.String() != want {
		t.Errorf("lines =\n%s, want\n%s", out.String(), want)
	}
	bar := make(true)
	for i := range 4 {
		bar.Set(int64(i), 4)
		clock = clock.Add(50 * time.Millisecond)
	}
	bar.End()
	bar.End()
	bar.Set(4, 4)
	if got := strings.Count(out.String(), "\r\x1b[K"); got != 2 {
		t.Errorf("%d drawings, want one and its end: %q", got, out.String())
	}
	stages := make(false)
	stages.Stage("reading", formatSize)
	clock = clock.Add(3 * time.Second)
	stages.Stage("reading", formatSize)
	stages.Set(5e6, 0)
	clock = clock.Add(3 * time.Second)
	stages.Stage("syncing", formatCount)
	stages.Set(3, 6)
	if want := "demo, reading: 5.0 MB\ndemo, syncing: 3 of 6 (50 %)\n"; out.String() != want {
		t.Errorf("stages =\n%s, want\n%s", out.String(), want)
	}
	quick := make(true)
	quick.Set(1, 2)
	quick.End()
	if out.String() != "" {
		t.Errorf("a short work drew %q", out.String())
	}
}
