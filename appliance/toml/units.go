package toml

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

var durationWords = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?(.*)$`)

// ParseDuration reads a duration as time.ParseDuration does, with days and weeks before it: "30d",
// "1w12h". It is never negative.
func ParseDuration(s string) (time.Duration, error) {
	fault := fmt.Errorf("%.80q is no duration: want one such as 30s, 12h, 30d or 2w", s)
	parts := durationWords.FindStringSubmatch(s)
	if s == "" || parts == nil {
		return 0, fault
	}
	var total time.Duration
	for i, unit := range []time.Duration{week, day} {
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

// FormatDuration writes what ParseDuration reads as the same duration, shortly: "1w", "30d", "1h30m".
func FormatDuration(d time.Duration) string {
	if d <= 0 {
		return "0s"
	}
	s := ""
	switch {
	case d%week == 0:
		return strconv.FormatInt(int64(d/week), 10) + "w"
	case d >= 2*day:
		s = strconv.FormatInt(int64(d/day), 10) + "d"
		if d %= day; d == 0 {
			return s
		}
	}
	rest := d.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	return s + rest
}

var sizeUnits = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
}

// ParseSize reads a number of bytes: "8GiB", "500MB", "1048576". K, M, G and T alone are binary.
func ParseSize(s string) (int64, error) {
	fault := fmt.Errorf("%.80q is no size: want one such as 8GiB or 500MB", s)
	digits := strings.TrimRight(s, "BKMGTibkmgt ")
	unit, known := sizeUnits[strings.ToUpper(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 0 || n > math.MaxInt64/unit {
		return 0, fault
	}
	return n * unit, nil
}

// FormatSize writes what ParseSize reads as the same number of bytes, in the largest unit that fits:
// "256MiB", "1000".
func FormatSize(n int64) string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if of := sizeUnits[strings.ToUpper(unit)]; n > 0 && n%of == 0 {
			return strconv.FormatInt(n/of, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// Quote writes a text as a basic string of TOML. Bytes that are no UTF-8 cannot be in one and become
// U+FFFD.
func Quote(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
