package event

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// at makes a Log whose first ID is first.
func at(keep int, first uint64) *Log {
	start := time.UnixMicro(int64(first)).UTC()
	return newLog(keep, func() time.Time { return start })
}

func ids(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%d%s", e.ID, e.Kind))
	}
	return strings.Join(out, " ")
}

func TestSince(t *testing.T) {
	for _, tt := range []struct {
		name          string
		keep, written int
		after         uint64
		want          string
	}{
		{"nothing written", 4, 0, 0, ""},
		{"all from the beginning", 4, 3, 0, "101 102 103"},
		{"exactly full", 4, 4, 0, "101 102 103 104"},
		{"some forgotten", 4, 6, 0, "102gap 103 104 105 106"},
		{"wrapped twice", 4, 9, 0, "105gap 106 107 108 109"},
		{"in the middle", 4, 6, 104, "105 106"},
		{"at the edge of memory", 4, 6, 102, "103 104 105 106"},
		{"just over the edge", 4, 6, 101, "102gap 103 104 105 106"},
		{"up to date", 4, 6, 106, ""},
		{"of an earlier process", 4, 2, 42, "100gap 101 102"},
		{"of an earlier process, nothing written", 4, 0, 42, "100gap"},
		{"after that gap", 4, 2, 100, "101 102"},
		{"of a clock that ran ahead", 4, 2, 999, "100gap 101 102"},
		{"of a clock that ran ahead, nothing written", 4, 0, 999, "100gap"},
		{"a memory of one", 1, 3, 0, "102gap 103"},
		{"a memory of none is one", 0, 1, 0, "101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := at(tt.keep, 101)
			for range tt.written {
				l.Append(Event{})
			}
			if got := ids(l.Since(tt.after)); got != tt.want {
				t.Errorf("Since(%d) = %q, want %q", tt.after, got, tt.want)
			}
		})
	}
}

func TestIDsRiseAcrossProcesses(t *testing.T) {
	first := NewLog(4)
	for range 100 {
		first.Append(Event{})
	}
	time.Sleep(time.Millisecond)
	if second := NewLog(4).Append(Event{}); second.ID <= first.Last() {
		t.Errorf("the second process begins at %d, the first ended at %d", second.ID, first.Last())
	}
}

func TestFollowReplaysThenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := at(4, 1)
		for range 6 {
			l.Append(Event{})
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got []Event
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range l.Follow(ctx, 0) {
				got = append(got, e)
			}
		}()
		synctest.Wait()
		l.Append(Event{})
		synctest.Wait()
		cancel()
		<-done
		if s, want := ids(got), "2gap 3 4 5 6 7"; s != want {
			t.Errorf("Follow(0) = %s, want %s", s, want)
		}
	})
}

func TestFollowerThatFallsBehindSeesOneGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := at(4, 1)
		l.Append(Event{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []Event
		slow := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range l.Follow(ctx, 0) {
				got = append(got, e)
				if e.ID == 1 {
					<-slow
				}
				if e.ID == 10 {
					return
				}
			}
		}()
		synctest.Wait()
		for range 9 {
			l.Append(Event{})
		}
		close(slow)
		<-done
		if s, want := ids(got), "1 6gap 7 8 9 10"; s != want {
			t.Errorf("a slow follower saw %s, want %s", s, want)
		}
	})
}

func TestFollowGoesThroughMoreThanABatch(t *testing.T) {
	l := at(1000, 1)
	for range 500 {
		l.Append(Event{})
	}
	next := uint64(1)
	for e := range l.Follow(t.Context(), 0) {
		if e.ID != next {
			t.Fatalf("Follow yields %d, want %d", e.ID, next)
		}
		if next++; next > 500 {
			break
		}
	}
	if events, _ := l.after(0, batch); len(events) != batch {
		t.Errorf("a standing reader holds %d events, want %d", len(events), batch)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	l := at(4, 1)
	l.Append(Event{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for e := range l.Follow(ctx, 0) {
		t.Errorf("Follow yields %d after its context ended", e.ID)
	}
}

func BenchmarkAppend(b *testing.B) {
	l := NewLog(1000)
	for b.Loop() {
		l.Append(Event{Kind: "release.importing", Subject: "demo@0.0.1"})
	}
}
