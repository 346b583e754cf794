package event

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func openAudit(t *testing.T, file string) *Log {
	t.Helper()
	l := NewLog(8)
	if err := l.Audit(file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func TestRecordWritesFileAndDiary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openAudit(t, file)
	ctx := WithActor(t.Context(), "10.0.0.7 curl/8.5")
	if err := l.Record(ctx, Event{Kind: "release.published", Subject: "demo@0.0.2", Message: "a \"b\"\nc"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, Event{Kind: "release.deleted", Subject: "demo@0.0.1", Outcome: "refused: published"}); err != nil {
		t.Fatal(err)
	}
	var got auditLine
	all := lines(t, file)
	if len(all) != 2 {
		t.Fatalf("the audit file has %d lines, want 2: %q", len(all), all)
	}
	if err := json.Unmarshal([]byte(all[0]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Time.IsZero() {
		t.Error("the audit line has no time")
	}
	got.Time = auditLine{}.Time
	want := auditLine{Actor: "10.0.0.7 curl/8.5", Kind: "release.published", Subject: "demo@0.0.2", Message: "a \"b\"\nc", Outcome: "done"}
	if got != want {
		t.Errorf("audit line = %+v, want %+v", got, want)
	}
	if !strings.Contains(all[1], `"outcome":"refused: published"`) {
		t.Errorf("second line = %s, want its outcome", all[1])
	}
	if e := l.Since(0)[0]; e.Actor != want.Actor || e.Kind != want.Kind {
		t.Errorf("the diary has %+v", e)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the audit file = %v, %v, want 0600", info.Mode(), err)
	}
}

func TestAuditGoesOnAfterATornLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	whole := `{"kind":"release.imported"}` + "\n"
	if err := os.WriteFile(file, []byte(whole+`{"kind":"release.publ`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second process finds nothing torn any more
		l := openAudit(t, file)
		if err := l.Record(t.Context(), Event{Kind: "release.pinned"}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all := lines(t, file)
	if len(all) != 4 || !strings.Contains(all[2], "release.pinned") || !strings.Contains(all[3], "release.pinned") {
		t.Errorf("audit file = %q, want one torn line and two whole ones after it", all)
	}
}

func TestRecordTellsTheDiaryThoughTheFileFails(t *testing.T) {
	l := openAudit(t, filepath.Join(t.TempDir(), "audit.jsonl"))
	l.audit.file.Close()
	if err := l.Record(t.Context(), Event{Kind: "release.pinned"}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Record = %v, want os.ErrClosed", err)
	}
	if len(l.Since(0)) != 1 {
		t.Error("the diary lacks what happened")
	}
	l.audit.file = nil
}

func TestRecordWithoutAFile(t *testing.T) {
	l := NewLog(2)
	if err := l.Record(t.Context(), Event{}); err != nil {
		t.Errorf("Record = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestRecordIsSafeForManyAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openAudit(t, file)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 10 {
				if err := l.Record(t.Context(), Event{Kind: "release.pinned"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		if !json.Valid(s.Bytes()) {
			t.Errorf("line %d = %q", n, s.Bytes())
		}
	}
	if n != 40 {
		t.Errorf("%d lines, want 40", n)
	}
}
