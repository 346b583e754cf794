package server

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// sheet is a page made for a terminal: lines and aligned tables. What goes
// into it may come from strangers; it is cleaned here.
type sheet struct{ bytes.Buffer }

// line writes one line.
func (s *sheet) line(format string, args ...any) {
	s.WriteString(clean(fmt.Sprintf(format, args...)))
	s.WriteByte('\n')
}

// blank writes an empty line.
func (s *sheet) blank() { s.WriteByte('\n') }

// table writes rows under titles, columns two spaces apart. A title that
// begins with ">" stands over a column of numbers, which are set to the right.
func (s *sheet) table(titles []string, rows [][]string) {
	titles = append([]string(nil), titles...)
	right := make([]bool, len(titles))
	for i, t := range titles {
		titles[i], right[i] = strings.CutPrefix(t, ">")
	}
	s.columns(append([][]string{titles}, rows...), right)
}

// fields writes names and values; those without a value are left out.
func (s *sheet) fields(pairs ...[2]string) {
	var rows [][]string
	for _, p := range pairs {
		if p[1] != "" {
			rows = append(rows, []string{p[0] + ":", p[1]})
		}
	}
	s.columns(rows, nil)
}

func (s *sheet) columns(rows [][]string, right []bool) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			row[i] = clean(cell)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(row[i]))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-width(cell))
			if i < len(right) && right[i] {
				line += space + cell + "  "
			} else {
				line += cell + space + "  "
			}
		}
		s.WriteString(strings.TrimRight(line, " "))
		s.WriteByte('\n')
	}
}

// short is the beginning of a checksum, enough to tell it from others.
func short[S ~string](checksum S) string { return string(checksum[:min(12, len(checksum))]) }

// when is a time to the minute, in UTC.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// size is a number of bytes for people, in powers of 1000 as ostree prints them.
func size(n int64) string {
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

// plural is "1 release" or "2 releases".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
