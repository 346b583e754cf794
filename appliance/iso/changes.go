package iso

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// Changes are what tells an ISO from the one it was made of.
type Changes struct {
	Bytes  int64      `json:"bytes"`  // that differ
	Ranges []Extent   `json:"ranges"` // that they lie in, at most maxRanges
	More   int        `json:"more"`   // ranges beyond
	Menus  []MenuDiff `json:"menus"`
}

// MenuDiff is how one copy of a boot menu changed, as diff -u tells it.
type MenuDiff struct {
	Place string `json:"place"`
	Diff  string `json:"diff"`
}

const (
	maxRanges = 1000
	gap       = 64 // equal bytes that do not end a range
)

// Compare reads two ISOs to their ends. progress may be nil.
func Compare(ctx context.Context, stock, own io.ReaderAt, stockSize, ownSize int64, progress func(int64)) (*Changes, error) {
	c := &Changes{Ranges: []Extent{}, Menus: []MenuDiff{}}
	size := min(stockSize, ownSize)
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(a)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(int64(len(a)), size-at)
		for side, r := range map[*[]byte]io.ReaderAt{&a: stock, &b: own} {
			*side = (*side)[:n]
			if m, err := r.ReadAt(*side, at); m < int(n) {
				return nil, fmt.Errorf("comparing at byte %d: %w", at, err)
			}
		}
		if !bytes.Equal(a, b) {
			c.note(a, b, at)
		}
		if progress != nil {
			progress(at + n)
		}
	}
	if rest := max(stockSize, ownSize) - size; rest > 0 {
		c.add(Extent{size, rest}, rest)
	}
	return c, c.menus(window{stock, stockSize}, window{own, ownSize})
}

func (c *Changes) note(a, b []byte, at int64) {
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] {
			c.add(Extent{at + int64(i), 1}, 1)
		}
	}
}

func (c *Changes) add(e Extent, differ int64) {
	c.Bytes += differ
	last := len(c.Ranges) - 1
	switch {
	case last >= 0 && e.Offset-c.Ranges[last].End() <= gap:
		c.Ranges[last].Length = e.End() - c.Ranges[last].Offset
	case len(c.Ranges) < maxRanges:
		c.Ranges = append(c.Ranges, e)
	default:
		c.More++
	}
}

// menus compares boot menus by their place.
func (c *Changes) menus(stock, own window) error {
	var sides [2]*Base
	for i, w := range []window{stock, own} {
		s := survey{w: w, base: &Base{Format: format, Size: w.size}, curious: true}
		var err error
		if sides[i], err = s.run(); err != nil {
			return err
		}
	}
	for _, m := range sides[1].Menus {
		was := ""
		for _, o := range sides[0].Menus {
			if o.Path == m.Path && (o.ESP != 0) == (m.ESP != 0) {
				was = o.Text
			}
		}
		if d := unified(was, m.Text); d != "" {
			c.Menus = append(c.Menus, MenuDiff{m.Place(), d})
		}
	}
	return nil
}

// unified is a diff of two short texts with two lines around each change. Blank lines and indentation, which mean
// nothing in menus, are not told.
func unified(a, b string) string {
	x, y := said(a), said(b)
	if len(x)*len(y) > 4<<20 {
		return "too long to compare\n"
	}
	longest := make([][]int, len(x)+1)
	for i := range longest {
		longest[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if longest[i][j] = max(longest[i+1][j], longest[i][j+1]); x[i] == y[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(x) || j < len(y); {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			lines = append(lines, " "+x[i])
			i, j = i+1, j+1
		case i < len(x) && (j == len(y) || longest[i+1][j] >= longest[i][j+1]):
			lines = append(lines, "-"+x[i])
			i++
		default:
			lines = append(lines, "+"+y[j])
			j++
		}
	}
	return around(lines, 2)
}

func said(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// around keeps the lines that changed and n on each side; what is left out in between is a line of dots.
func around(lines []string, n int) string {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] != ' ' {
			for k := max(i-n, 0); k < min(i+n+1, len(lines)); k++ {
				keep[k] = true
			}
		}
	}
	var out strings.Builder
	left := false
	for i, l := range lines {
		if !keep[i] {
			left = true
			continue
		}
		if left {
			out.WriteString(" …\n")
			left = false
		}
		out.WriteString(l + "\n")
	}
	return out.String()
}
