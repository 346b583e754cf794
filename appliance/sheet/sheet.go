// Package sheet makes pages for a terminal: lines, fields and aligned tables. What goes into a page may come
// from strangers; it is cleaned here, so that no text can steer the terminal.
//
// It knows nothing of what the pages are about.
package sheet

import (
	"bytes"
	"fmt"
	"strings"
)

// Sheet is a page in the making. The zero value is an empty one.
type Sheet struct{ bytes.Buffer }

// Line writes one line.
func (s *Sheet) Line(format string, args ...any) {
	s.WriteString(Clean(fmt.Sprintf(format, args...)))
	s.WriteByte('\n')
}

// Blank writes an empty line.
func (s *Sheet) Blank() { s.WriteByte('\n') }

// Table writes rows under titles, columns two spaces apart. A title that begins with ">" stands over a
// column of numbers, which are set to the right.
func (s *Sheet) Table(titles []string, rows [][]string) {
	titles = append([]string(nil), titles...)
	right := make([]bool, len(titles))
	for i, t := range titles {
		titles[i], right[i] = strings.CutPrefix(t, ">")
	}
	s.columns(append([][]string{titles}, rows...), right)
}

// Row writes one line of cells two spaces apart.
func (s *Sheet) Row(cells ...string) { s.columns([][]string{cells}, nil) }

// Rows writes rows without titles.
func (s *Sheet) Rows(rows [][]string) { s.columns(rows, nil) }

// Part writes a table after an empty line, or nothing where it has no rows.
func (s *Sheet) Part(titles []string, rows [][]string) {
	if len(rows) > 0 {
		s.Blank()
		s.Table(titles, rows)
	}
}

// Fields writes names and values; those without a value are left out.
func (s *Sheet) Fields(pairs ...[2]string) {
	var rows [][]string
	for _, p := range pairs {
		if p[1] != "" {
			rows = append(rows, []string{p[0] + ":", p[1]})
		}
	}
	s.columns(rows, nil)
}

func (s *Sheet) columns(rows [][]string, right []bool) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			row[i] = Clean(cell)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(row[i]))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-Width(cell))
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
