package sheet

import (
	"strconv"
	"strings"
	"time"
)

// Dash is s, or "-" where there is nothing.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Short is the beginning of a checksum, enough to tell it from others.
func Short[S ~string](checksum S) string { return string(checksum[:min(12, len(checksum))]) }

// Digest is the beginning of a digest of an image, sha256:…, or of a commit, enough to tell it from others.
func Digest[S ~string](digest S) string {
	algorithm, hex, ok := strings.Cut(string(digest), ":")
	if !ok {
		return Short(digest)
	}
	return algorithm + ":" + Short(hex)
}

// When is a time to the minute, in UTC; "" for the zero time.
func When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// Size is a number of bytes for people, in powers of 1000 as ostree prints them.
func Size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		if f /= 1000; f < 999.95 {
			return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit
		}
	}
	return strconv.FormatFloat(f/1000, 'f', 1, 64) + " PB"
}

// Plural is "1 release" or "2 releases".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
