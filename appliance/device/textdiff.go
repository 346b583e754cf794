package device

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// mostCells bounds the table that a difference is found with; beyond it the whole text is shown as replaced.
const mostCells = 4 << 20

// around is how many lines of what is equal are shown beside what is not.
const around = 3

// unified is the difference between two texts as `diff -u` shows it.
func unified(name, old, new string) string {
	if old == new {
		return ""
	}
	if !utf8.ValidString(old) || !utf8.ValidString(new) {
		return "(binary)\n"
	}
	ops := edits(split(old), split(new))
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
	for from := 0; from < len(ops); {
		begin, end := hunk(ops, from)
		if begin == end {
			break
		}
		writeHunk(&b, ops, begin, end)
		from = end
	}
	return b.String()
}

// op is one line: ' ' of both texts, '-' of the old one, '+' of the new one.
type op struct {
	sign byte
	line string
}

// edits finds a shortest way from one text to another, by the longest common subsequence.
func edits(old, new []string) []op {
	var ops []op
	for len(old) > 0 && len(new) > 0 && old[0] == new[0] {
		ops = append(ops, op{' ', old[0]})
		old, new = old[1:], new[1:]
	}
	if len(old)*len(new) > mostCells {
		return append(append(ops, all('-', old)...), all('+', new)...)
	}
	common := make([][]int, len(old)+1) // lengths for the rest of both texts
	for i := range common {
		common[i] = make([]int, len(new)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(old) && j < len(new) {
		switch {
		case old[i] == new[j]:
			ops = append(ops, op{' ', old[i]})
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			ops = append(ops, op{'-', old[i]})
			i++
		default:
			ops = append(ops, op{'+', new[j]})
			j++
		}
	}
	return append(append(ops, all('-', old[i:])...), all('+', new[j:])...)
}

func all(sign byte, lines []string) []op {
	var ops []op
	for _, line := range lines {
		ops = append(ops, op{sign, line})
	}
	return ops
}

// hunk finds the next stretch of ops with changes in it that are close together.
func hunk(ops []op, from int) (begin, end int) {
	first := from
	for first < len(ops) && ops[first].sign == ' ' {
		first++
	}
	if first == len(ops) {
		return from, from
	}
	last := first
	for i := first; i < len(ops) && i-last <= 2*around; i++ {
		if ops[i].sign != ' ' {
			last = i
		}
	}
	return max(from, first-around), min(len(ops), last+1+around)
}

func writeHunk(b *strings.Builder, ops []op, begin, end int) {
	oldAt, newAt := 1, 1
	for _, o := range ops[:begin] {
		oldAt += count(o.sign != '+')
		newAt += count(o.sign != '-')
	}
	oldN, newN := 0, 0
	for _, o := range ops[begin:end] {
		oldN += count(o.sign != '+')
		newN += count(o.sign != '-')
	}
	if oldN == 0 {
		oldAt--
	}
	if newN == 0 {
		newAt--
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", oldAt, oldN, newAt, newN)
	for _, o := range ops[begin:end] {
		line, whole := strings.CutSuffix(o.line, "\n")
		fmt.Fprintf(b, "%c%s\n", o.sign, line)
		if !whole {
			b.WriteString("\\ No newline at end of file\n")
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
