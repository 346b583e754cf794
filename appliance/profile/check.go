package profile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"edge/appliance/toml"
)

// Bounds of checks.
const (
	maxChecks   = 64
	maxWords    = 64
	maxWordSize = 4096
)

// checkFields are the keys that only some kinds of checks have.
var checkFields = []string{"command", "user", "target", "url", "status", "body", "free", "since"}

// fieldsOf says which of them a kind needs, and which it may have.
var fieldsOf = map[Kind]struct{ needs, may []string }{
	KindCommand:   {[]string{"command"}, []string{"user"}},
	KindBinary:    {[]string{"target"}, nil},
	KindFile:      {[]string{"target"}, nil},
	KindUnit:      {[]string{"target"}, []string{"user"}},
	KindContainer: {[]string{"target"}, nil},
	KindHTTP:      {[]string{"url"}, []string{"status", "body"}},
	KindTCP:       {[]string{"target"}, nil},
	KindSocket:    {[]string{"target"}, nil},
	KindDisk:      {[]string{"target", "free"}, nil},
	KindClock:     {nil, []string{"since"}},
}

// ReadChecks reads every [[check]].
func ReadChecks(r *toml.Reader) []Check {
	var checks []Check
	for _, at := range r.Tables("check", maxChecks) {
		checks = append(checks, readCheck(r, at))
	}
	return checks
}

func readCheck(r *toml.Reader, at string) Check {
	kinds := []Kind{KindCommand, KindBinary, KindFile, KindUnit, KindContainer, KindHTTP, KindTCP, KindSocket, KindDisk, KindClock}
	c := Check{
		Name:     toml.Read(r, at+".name", toml.Checked(checkName)),
		Required: toml.ReadOr(r, at+".required", true, toml.Bool),
		Kind:     toml.Read(r, at+".kind", toml.OneOf(kinds...)),
		Deadline: toml.ReadOr(r, at+".deadline", 30*time.Second, toml.Duration(time.Second, hour)),
		Command:  some(toml.Read(r, at+".command", toml.Texts(func(s string) error { return checkPlain(s, maxWordSize) }))),
		User:     toml.Read(r, at+".user", toml.Bool),
		URL:      toml.Read(r, at+".url", toml.Checked(checkURL)),
		Status:   toml.Read(r, at+".status", toml.Number(100, 599)),
		Body:     toml.Read(r, at+".body", toml.Checked(checkPattern)),
		Free:     toml.Read(r, at+".free", toml.Size(1, 1<<50)),
		Since:    toml.Read(r, at+".since", toml.Parsed(parseDate)),
	}
	c.Target = toml.Read(r, at+".target", toml.Checked(targetOf(c.Kind)))
	fields, known := fieldsOf[c.Kind]
	for _, f := range checkFields {
		switch given := r.Has(at + "." + f); {
		case !known:
		case given && !slices.Contains(fields.needs, f) && !slices.Contains(fields.may, f):
			r.Note(at+"."+f, fmt.Errorf("a check of kind %q has no %s", c.Kind, f))
		}
	}
	noteMissing(r, at, append([]string{"name", "kind"}, fields.needs...)...)
	if r.Has(at + ".command") {
		noteCommand(r, at+".command", c.Command)
	}
	return c
}

func noteCommand(r *toml.Reader, key string, argv []string) {
	switch {
	case len(argv) > maxWords:
		r.Note(key, fmt.Errorf("%d words are too many: at most %d", len(argv), maxWords))
	case len(argv) > 0 && checkProgram(argv[0]) != nil:
		r.Note(key, checkProgram(argv[0]))
	case len(argv) == 0 && key != "":
		r.Note(key, errors.New(`want a program and its arguments, such as ["git", "--help"]`))
	}
}

var (
	programForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$`)
	// Source: systemd.unit(5), "unit name prefix"; without the types that nothing waits for.
	systemdForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,200}\.(?:service|socket|timer|target|path|mount|automount|swap|scope|slice)$`)
)

// checkProgram wants a name to be found on PATH, or an absolute path.
func checkProgram(s string) error {
	if programForm.MatchString(s) {
		return nil
	}
	if err := checkPlace(s); err != nil {
		return fmt.Errorf("%.100q is no program: want a name such as git, or an absolute path", s)
	}
	return nil
}

// targetOf is what the target of a kind has to be.
func targetOf(k Kind) func(string) error {
	switch k {
	case KindBinary:
		return checkProgram
	case KindFile:
		return checkPlace
	case KindDisk:
		return func(s string) error {
			if s == "/" {
				return nil
			}
			return checkPlace(s)
		}
	case KindUnit:
		return form(systemdForm, "unit: want one such as sshd.service")
	case KindContainer, KindSocket:
		return checkName
	case KindTCP:
		return checkEndpoint
	}
	return func(s string) error { return checkPlain(s, 1000) }
}

// checkEndpoint wants HOST:PORT.
func checkEndpoint(s string) error {
	if err := checkHost(s); err != nil || strings.LastIndexByte(s, ':') <= strings.LastIndexByte(s, ']') {
		return fmt.Errorf("%.100q is no HOST:PORT: want one such as 127.0.0.1:22", s)
	}
	return nil
}

// parseDate takes a date, or a date and a time, and returns a date and a time in UTC.
func parseDate(s string) (string, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9999 {
		return "", fmt.Errorf("%.80q is no date: want one such as 2026-01-31 or 2026-01-31T12:00:00Z", s)
	}
	return t.UTC().Format(time.RFC3339), nil
}
