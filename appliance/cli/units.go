package cli

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var ageWords = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?(.*)$`)

// parseAge reads a duration as time.ParseDuration does, with days and weeks before it: "30d",
// "1w12h".
func parseAge(s string) (time.Duration, error) {
	fault := fmt.Errorf("%q is no duration: want one such as 720h, 30d or 2w", s)
	parts := ageWords.FindStringSubmatch(s)
	if s == "" || parts == nil {
		return 0, fault
	}
	var total time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-total)/unit) {
			return 0, fault
		}
		total += time.Duration(n) * unit
	}
	if parts[3] != "" {
		d, err := time.ParseDuration(parts[3])
		if err != nil || d < 0 || d > math.MaxInt64-total {
			return 0, fault
		}
		total += d
	}
	return total, nil
}

var sizeUnits = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
}

// parseSize reads a number of bytes: "8GiB", "500MB", "1048576". K, M, G and T alone are binary.
func parseSize(s string) (int64, error) {
	fault := fmt.Errorf("%q is no size: want one such as 8GiB or 500MB", s)
	digits := strings.TrimRight(s, "BKMGTibkmgt ")
	unit, known := sizeUnits[strings.ToUpper(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 0 || n > math.MaxInt64/unit {
		return 0, fault
	}
	return n * unit, nil
}

// formatSize is a number of bytes as the server's own tables have it: "1.5 kB", "12.3 MB".
func formatSize(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.95 && unit < 5 { // rounds to four digits
		value /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTPE"[unit])
}

// formatCount puts thin groups into a number: "30 000".
func formatCount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// formatClock is minutes and seconds, hours before them where there are any.
func formatClock(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
