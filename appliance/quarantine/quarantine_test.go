package quarantine

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/appliance/report"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

const bad = "sha256:6545cc093cc35009e5d8dd0c71428ab8b61bddd3d784ed2582c3e1dc423436f7"

func memory(t *testing.T) *Memory { return Open(filepath.Join(t.TempDir(), "quarantine.json")) }

func remember(t *testing.T, m *Memory, b report.Bad) {
	t.Helper()
	if err := m.Add(b); err != nil {
		t.Fatal(err)
	}
}

// Each failure makes the wait longer, up to a limit; the first one is remembered as the beginning.
func TestWaitGrows(t *testing.T) {
	hours := func(h ...int) (all []time.Duration) {
		for _, n := range h {
			all = append(all, time.Duration(n)*time.Hour)
		}
		return all
	}
	for kind, waits := range map[string][]time.Duration{
		App: hours(1, 2, 4, 8, 16, 24, 24, 24),
		OS:  hours(7*24, 14*24, 28*24, 0, 0),
	} {
		m, now := memory(t), noon
		for i, wait := range waits {
			remember(t, m, report.Bad{Kind: kind, What: bad, Name: "2048", Since: now, Reason: "no answer"})
			b, has := m.Has(bad, now)
			if !has || b.Times != i+1 || !b.Since.Equal(noon) || b.Reason != "no answer" || b.Name != "2048" {
				t.Fatalf("%s: failure %d is remembered as %+v, %v", kind, i+1, b, has)
			}
			if wait == 0 {
				if _, has := m.Has(bad, now.AddDate(20, 0, 0)); !has || !b.Until.IsZero() {
					t.Errorf("%s: failure %d ends by itself at %v", kind, i+1, b.Until)
				}
				continue
			}
			if _, has := m.Has(bad, now.Add(wait-time.Second)); !has {
				t.Errorf("%s: failure %d is forgotten before %v", kind, i+1, wait)
			}
			now = now.Add(wait)
			if b, has := m.Has(bad, now); has {
				t.Errorf("%s: failure %d still waits after %v: %+v", kind, i+1, wait, b)
			}
		}
		if list, err := m.List(); err != nil || len(list) != 1 {
			t.Errorf("%s: List = %+v, %v; want the one that failed often", kind, list, err)
		}
	}
}

func TestGivenUntilIsKept(t *testing.T) {
	m := memory(t)
	end := noon.AddDate(0, 0, 3)
	remember(t, m, report.Bad{Kind: App, What: bad, Since: noon, Until: end, Times: 5})
	if b, has := m.Has(bad, noon); !has || !b.Until.Equal(end) || b.Times != 5 {
		t.Errorf("Has = %+v, %v", b, has)
	}
}

func TestAddRefuses(t *testing.T) {
	m := memory(t)
	for _, b := range []report.Bad{{Kind: "app"}, {Kind: "image", What: bad}, {}} {
		if err := m.Add(b); err == nil {
			t.Errorf("Add(%+v) succeeded", b)
		}
	}
}

func TestOldestIsForgotten(t *testing.T) {
	m := memory(t)
	for i := range maxEntries + 3 {
		remember(t, m, report.Bad{Kind: App, What: fmt.Sprintf("sha256:%064d", i), Since: noon.Add(time.Duration(i) * time.Second)})
	}
	list, err := m.List()
	if err != nil || len(list) != maxEntries || list[0].What != fmt.Sprintf("sha256:%064d", 3) {
		t.Errorf("%d entries from %q on, %v", len(list), list[0].What, err)
	}
}

func TestClear(t *testing.T) {
	for _, tt := range []struct {
		what string
		want int // how many of the three are left
		fail bool
	}{
		{what: bad, want: 2},
		{what: bad[:20], want: 2},
		{what: strings.TrimPrefix(bad, "sha256:")[:12], want: 2},
		{what: bad[:10], want: 3, fail: true}, // "sha256:654": too short to mean one thing
		{what: "httpd", want: 1},              // two images of one app
		{what: "all", want: 0},
		{what: "nothing", want: 3, fail: true},
		{what: "", want: 3, fail: true},
	} {
		m := memory(t)
		remember(t, m, report.Bad{Kind: App, What: bad, Name: "2048", Since: noon})
		remember(t, m, report.Bad{Kind: App, What: "sha256:" + strings.Repeat("a", 64), Name: "httpd", Since: noon})
		remember(t, m, report.Bad{Kind: App, What: "sha256:" + strings.Repeat("b", 64), Name: "httpd", Since: noon})
		n, err := m.Clear(tt.what)
		list, _ := m.List()
		if tt.fail != errors.Is(err, ErrNothing) || len(list) != tt.want || n != 3-tt.want {
			t.Errorf("Clear(%q) = %d, %v and leaves %d; want %d left", tt.what, n, err, len(list), tt.want)
		}
	}
	if n, err := memory(t).Clear("all"); n != 0 || !errors.Is(err, ErrNothing) {
		t.Errorf("clearing an empty memory = %d, %v", n, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	m := memory(t)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := Open(m.path).Add(report.Bad{Kind: App, What: fmt.Sprintf("sha256:%064d", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if list, err := m.List(); err != nil || len(list) != 20 {
		t.Errorf("%d of 20 remembered, %v", len(list), err)
	}
}
