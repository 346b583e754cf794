package cli

import (
	"math"
	"testing"
	"time"
)

func TestParseAge(t *testing.T) {
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"720h": 720 * time.Hour, "30d": 30 * day, "2w": 14 * day, "1w2d3h": 9*day + 3*time.Hour, "1d12h": 36 * time.Hour,
		"90m": 90 * time.Minute, "0s": 0, "0d": 0, "1.5h": 90 * time.Minute,
	} {
		if got, err := parseAge(s); err != nil || got != want {
			t.Errorf("parseAge(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "30", "d", "-30d", "-1h", "30 d", "1d2w", "30days", "1h30d", "106752d", "99999999999999999999d", "15250w48h", "106751d24h", "x"} {
		if got, err := parseAge(s); err == nil {
			t.Errorf("parseAge(%q) = %v, want an error", s, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "8GiB": 8 << 30, "8G": 8 << 30, "500MB": 500e6, "1 KiB": 1024, "10kb": 10_000, "3B": 3,
	} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("parseSize(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "GiB", "-1", "1.5G", "1X", "1 G B", "99999999T", "0x10", "K8"} {
		if got, err := parseSize(s); err == nil {
			t.Errorf("parseSize(%q) = %v, want an error", s, got)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 1550: "1.6 kB", 154_600: "154.6 kB", 999_949: "999.9 kB", 999_950: "1.0 MB",
		27_000_000: "27.0 MB", 5e12: "5.0 TB", math.MaxInt64: "9.2 EB",
	} {
		if got := formatSize(n); got != want {
			t.Errorf("formatSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestFormatCountAndClock(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 30_000: "30 000", 1234567: "1 234 567", -1000: "-1 000"} {
		if got := formatCount(n); got != want {
			t.Errorf("formatCount(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0:00", 12 * time.Second: "0:12", 61 * time.Second: "1:01", 3*time.Hour + 5*time.Second: "3:00:05"} {
		if got := formatClock(d); got != want {
			t.Errorf("formatClock(%v) = %q, want %q", d, got, want)
		}
	}
}
