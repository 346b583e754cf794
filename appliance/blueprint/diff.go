package blueprint

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Difference between two versions, of one blueprint or of two.
type Difference struct {
	From    string          `json:"from"` // NAME@VERSION
	To      string          `json:"to"`
	Added   []Package       `json:"added"`
	Removed []Package       `json:"removed"`
	Changed []PackageChange `json:"changed"` // in their versions
	Text    string          `json:"text"`    // unified, as diff -u writes it; "" where the texts are the same
}

// PackageChange is a package that is wanted in another version.
type PackageChange struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Diff tells what changed from one version to another.
func (r *Repository) Diff(ctx context.Context, from, to ID) (Difference, error) {
	a, err := r.Show(ctx, from.Blueprint, from.Version)
	if err != nil {
		return Difference{}, err
	}
	b, err := r.Show(ctx, to.Blueprint, to.Version)
	if err != nil {
		return Difference{}, err
	}
	d := Difference{From: from.String(), To: to.String(), Added: []Package{}, Removed: []Package{}, Changed: []PackageChange{}}
	before, after := wanted(a.Document), wanted(b.Document)
	for _, p := range after {
		i := slices.IndexFunc(before, func(q Package) bool { return q.Name == p.Name })
		if i < 0 {
			d.Added = append(d.Added, p)
		} else if before[i].Version != p.Version {
			d.Changed = append(d.Changed, PackageChange{p.Name, before[i].Version, p.Version})
		}
	}
	for _, p := range before {
		if !slices.ContainsFunc(after, func(q Package) bool { return q.Name == p.Name }) {
			d.Removed = append(d.Removed, p)
		}
	}
	d.Text = unified(d.From, d.To, a.Text, b.Text)
	return d, nil
}

// wanted are packages, and groups as dnf calls them, by name.
func wanted(d Document) []Package {
	all := slices.Clone(d.Packages)
	for _, g := range d.Groups {
		all = append(all, Package{Name: "@" + g})
	}
	slices.SortFunc(all, func(p, q Package) int { return strings.Compare(p.Name, q.Name) })
	return slices.CompactFunc(all, func(p, q Package) bool { return p.Name == q.Name })
}

// around is how many lines that are the same stand beside those that are not.
const around = 3

// maxCompared bounds the table of the comparison; larger texts are told as replaced.
const maxCompared = 4 << 20

type edit struct {
	sign byte // ' ', '-' or '+'
	line string
}

// unified is the difference of two texts by lines.
func unified(from, to, a, b string) string {
	if a == b {
		return ""
	}
	edits := compareLines(lines(a), lines(b))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	shown := make([]bool, len(edits))
	for i, e := range edits {
		for j := max(i-around, 0); e.sign != ' ' && j < min(i+around+1, len(edits)); j++ {
			shown[j] = true
		}
	}
	x, y := 1, 1
	for i := 0; i < len(edits); {
		if !shown[i] {
			x, y, i = x+1, y+1, i+1
			continue
		}
		end := i
		for end < len(edits) && shown[end] {
			end++
		}
		hunk := edits[i:end]
		m, n := count(hunk, '+'), count(hunk, '-')
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", x, m, y, n)
		for _, e := range hunk {
			fmt.Fprintf(&out, "%c%s\n", e.sign, e.line)
		}
		x, y, i = x+m, y+n, end
	}
	return out.String()
}

// count is how many lines of a hunk are not of a sign.
func count(hunk []edit, but byte) int {
	n := 0
	for _, e := range hunk {
		if e.sign != but {
			n++
		}
	}
	return n
}

func lines(s string) []string {
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// compareLines finds the longest common part by the table of its lengths.
func compareLines(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head, a, b = append(head, edit{' ', a[0]}), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail, a, b = append(tail, edit{' ', a[len(a)-1]}), a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	width := len(b) + 1
	var length []int32
	if len(a)*len(b) <= maxCompared {
		length = make([]int32, (len(a)+1)*width)
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1]); a[i] == b[j] {
					length[i*width+j] = length[(i+1)*width+j+1] + 1
				}
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case length != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			head = append(head, edit{' ', a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || length == nil || length[(i+1)*width+j] >= length[i*width+j+1]):
			head = append(head, edit{'-', a[i]})
			i++
		default:
			head = append(head, edit{'+', b[j]})
			j++
		}
	}
	return append(head, tail...)
}
