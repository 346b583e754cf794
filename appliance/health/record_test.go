package health

import (
	"encoding/json"
	"strings"
	"testing"

	"edge/appliance/report"
)

func TestParseRecordRefuses(t *testing.T) {
	t.Parallel()
	good := boot(1, v1, report.Green)
	text, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseRecord(text); err != nil || got.ID != good.ID || got.Commit != v1 || got.Verdict != report.Green {
		t.Fatalf("parseRecord(%s) = %+v, %v", text, got, err)
	}
	// A newer program, which an older one may have to read after, can know more.
	more := strings.Replace(string(text), "{", `{"mood":"fine",`, 1)
	if _, err := parseRecord([]byte(more)); err != nil {
		t.Errorf("parseRecord(%s): %v", more, err)
	}
	for _, bad := range []string{"", "null", "[]", "{}", `{"id":"x"}`,
		strings.Replace(string(text), "green", "blue", 1), strings.Replace(string(text), `"id":"0`, `"id":"Z`, 1)} {
		if r, err := parseRecord([]byte(bad)); err == nil {
			t.Errorf("parseRecord(%s) = %+v", bad, r)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	var r record
	r.merge([]report.Result{{Name: "a"}, {Name: "b"}})
	r.merge([]report.Result{{Name: "b", OK: true}, {Name: "c"}})
	if len(r.Checks) != 3 || !r.Checks[1].OK || r.Checks[2].Name != "c" {
		t.Errorf("%+v", r.Checks)
	}
}

func TestRecall(t *testing.T) {
	t.Parallel()
	g := func(commit string) record { return boot(1, commit, report.Green) }
	trial := func(commit string, v report.Verdict) record { r := boot(2, commit, v); r.Trial = true; return r }
	for _, tt := range []struct {
		name    string
		earlier []record
		booted  string
		want    history
	}{
		{"nothing", nil, v1, history{}},
		{"green", []record{g(v1)}, v1, history{lastGreen: v1, green: true}},
		{"first trial", []record{g(v1)}, v2, history{lastGreen: v1}},
		{"third attempt", []record{g(v1), trial(v2, report.Red), trial(v2, report.Running)}, v2, history{lastGreen: v1, failed: true, tried: 2}},
		{"returned", []record{g(v1), trial(v2, report.Red)}, v1, history{lastGreen: v1, green: true}},
		{"tried again later", []record{g(v1), trial(v2, report.Red), g(v1)}, v2, history{lastGreen: v1, failed: true}},
		{"older one was green", []record{g(v1), trial(v2, report.Green)}, v1, history{lastGreen: v2, green: true}},
		{"red without a trial", []record{g(v1), boot(3, v1, report.Red)}, v1, history{lastGreen: v1, green: true}},
		{"nobody knows what is booted", []record{g(v1), trial("", report.Red)}, "", history{lastGreen: v1}},
	} {
		if got := recall(tt.earlier, record{}, tt.booted); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Whatever lies in the folder, what is read has sane bounds and can be written again.
func FuzzParseRecord(f *testing.F) {
	r := boot(1, v1, report.Red)
	r.Checks = []report.Result{{Name: "git", Required: true, Reason: "gone"}}
	text, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"id":"00000001-0000-4000-8000-000000000000","attempt":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		if len(r.Checks) > maxChecks || !bootID.MatchString(r.ID) || r.Attempt < 0 {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}
