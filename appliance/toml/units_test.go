package toml

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"720h": 720 * time.Hour, "30d": 30 * day, "2w": 14 * day, "1w2d3h": 9*day + 3*time.Hour, "1d12h": 36 * time.Hour,
		"90m": 90 * time.Minute, "0s": 0, "0d": 0, "1.5h": 90 * time.Minute,
	} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "30", "d", "-30d", "-1h", "30 d", "1d2w", "30days", "1h30d", "106752d", "99999999999999999999d", "15250w48h", "106751d24h", "x"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", s, got)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "30s": 30 * time.Second, "15m": 15 * time.Minute, "1h": time.Hour, "1h30m": 90 * time.Minute, "36h": 36 * time.Hour,
		"24h": day, "2d": 2 * day, "30d": 30 * day, "1w": week, "2w": 2 * week, "8d1h": 8*day + time.Hour, "500ms": 500 * time.Millisecond, "1h0m1s": time.Hour + time.Second,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "8GiB": 8 << 30, "8G": 8 << 30, "500MB": 500e6, "1 KiB": 1024, "10kb": 10_000, "3B": 3,
	} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "1.5G", "1X", "1 G B", "99999999T", "0x10", "K8"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("ParseSize(%q) = %v, want an error", s, got)
		}
	}
}

// What is written is read as the same.
func FuzzFormat(f *testing.F) {
	f.Add(int64(0), "")
	f.Add(int64(90*time.Minute), "a\"b\\c\n\x00\x7f\u2028é")
	f.Add(int64(256<<20), `\`)
	f.Fuzz(func(t *testing.T, n int64, s string) {
		if n = n & (1<<63 - 1); n >= 0 {
			if d, err := ParseDuration(FormatDuration(time.Duration(n))); err != nil || d != time.Duration(n) {
				t.Errorf("%v is read as %v, %v", time.Duration(n), d, err)
			}
			if size, err := ParseSize(FormatSize(n)); err != nil || size != n {
				t.Errorf("%d is read as %d, %v", n, size, err)
			}
		}
		want := string([]rune(s)) // U+FFFD for what is no UTF-8
		r := Decode([]byte("a = " + Quote(s)))
		if got := Read(r, "a", Text); r.Err("x") != nil || got != want {
			t.Errorf("%q is read as %q, %v", s, got, r.Err("x"))
		}
	})
}
