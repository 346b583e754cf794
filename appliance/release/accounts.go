package release

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// maxAccounts is the size of a passwd or group file that is looked at.
const maxAccounts = 1 << 20

// drift lists the names of a passwd or group file that have another number in after than in before,
// sorted. A name that comes or goes is none of them.
func drift(before, after []byte) []string {
	old := numbers(before)
	var moved []string
	for name, number := range numbers(after) {
		if was, known := old[name]; known && was != number {
			moved = append(moved, fmt.Sprintf("%s %s -> %s", name, was, number))
		}
	}
	slices.Sort(moved)
	return moved
}

// numbers reads NAME:PASSWORD:NUMBER:… lines. The first line of a name counts, as for getpwnam.
func numbers(file []byte) map[string]string {
	found := map[string]string{}
	for line := range bytes.Lines(file) {
		fields := strings.SplitN(strings.TrimRight(string(line), "\r\n"), ":", 4)
		if len(fields) < 3 || fields[0] == "" {
			continue
		}
		if _, twice := found[fields[0]]; !twice {
			found[fields[0]] = fields[2]
		}
	}
	return found
}

// abridge joins the first n of all.
func abridge(all []string, n int) string {
	if len(all) <= n {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:n], ", "), len(all)-n)
}
