package command

import (
	"fmt"
	"strconv"
	"strings"
)

// Error reports a program that ran and failed.
type Error struct {
	Argv   []string
	Exit   int    // -1 when a signal ended it
	Stderr string // trimmed; its last 4 KiB
}

func (e *Error) Error() string {
	how := fmt.Sprintf("exit status %d", e.Exit)
	if e.Exit < 0 {
		how = "ended by a signal"
	}
	if e.Stderr == "" {
		return fmt.Sprintf("running %s: %s", line(e.Argv), how)
	}
	return fmt.Sprintf("running %s: %s: %s", line(e.Argv), how, e.Stderr)
}

// line is argv as a person would type it, cut where it gets long.
func line(argv []string) string {
	const most = 12
	var words []string
	for i, word := range argv {
		if i == most {
			words = append(words, "…")
			break
		}
		if word == "" || strings.ContainsAny(word, " \t\n\"'\\$`*?&|;<>()") {
			word = strconv.Quote(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// censor hides the values of those variables of env that carry secrets: a program may repeat them
// in its last words.
func censor(text string, env []string) string {
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && secret(name) {
			text = strings.ReplaceAll(text, value, "[hidden]")
		}
	}
	return text
}

func secret(name string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"TOKEN", "PASS", "SECRET", "KEY", "CREDENTIAL"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
