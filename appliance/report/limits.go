package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// limits bound a document; Sign tries smaller ones until it fits into MaxSigned.
type limits struct {
	items  int // of a list
	reason int // bytes of what a person may have written at length
}

var steps = []limits{{maxItems, maxReason}, {maxItems, 100}, {24, 100}, {12, 60}}

// Limits of what Open takes.
const (
	maxItems  = 64
	maxReason = 400
	maxName   = 64  // bytes of a host's name, as in Linux
	maxWord   = 64  // of a name, a state, a version of the program
	maxLong   = 300 // of an image or a ref
	maxCount  = 1000
	maxEvery  = 365 * 24 * time.Hour
)

// texts calls do for every text of s but those that have a shape of their own, with the bytes that it may have.
func texts(s *Status, reason int, do func(where string, text *string, most int)) {
	do("blueprint", &s.Blueprint, maxWord)
	do("version", &s.Version, maxWord)
	do("boot id", &s.Boot.ID, maxWord)
	do("verdict", (*string)(&s.Boot.Verdict), maxWord)
	do("boot counter", &s.Boot.Counter, maxWord)
	do("engine", &s.Boot.Engine, maxWord)
	for i := range s.Boot.Checks {
		c := &s.Boot.Checks[i]
		do("name of a check", &c.Name, maxWord)
		do("reason of a check", &c.Reason, reason)
	}
	for i := range s.OS {
		d := &s.OS[i]
		do("commit", &d.Commit, 2*maxWord)
		do("version of a deployment", &d.Version, 2*maxWord)
		do("ref", &d.Ref, maxLong)
	}
	for i := range s.Apps {
		appTexts(&s.Apps[i], reason, do)
	}
	if r := s.Rollback; r != nil {
		do("commit of a rollback", &r.From, 2*maxWord)
		do("version of a rollback", &r.FromVersion, 2*maxWord)
		do("commit of a rollback", &r.To, 2*maxWord)
		do("version of a rollback", &r.ToVersion, 2*maxWord)
		do("check of a rollback", &r.Check, maxWord)
		do("reason of a rollback", &r.Reason, reason)
	}
	for i := range s.Quarantine {
		b := &s.Quarantine[i]
		do("kind in quarantine", &b.Kind, maxWord)
		do("commit in quarantine", &b.What, 2*maxWord)
		do("name in quarantine", &b.Name, 2*maxWord)
		do("reason of a quarantine", &b.Reason, reason)
	}
}

func appTexts(a *App, reason int, do func(where string, text *string, most int)) {
	do("name of an app", &a.Name, maxWord)
	do("unit of an app", &a.Unit, maxWord)
	do("image of an app", &a.Image, maxLong)
	do("digest of an app", &a.Digest, 2*maxWord)
	do("state of an app", &a.State, maxWord)
	do("reason of an app", &a.Reason, reason)
	if u := a.Update; u != nil {
		do("digest of an update", &u.From, 2*maxWord)
		do("digest of an update", &u.To, 2*maxWord)
		do("outcome of an update", &u.Outcome, maxWord)
		do("reason of an update", &u.Reason, reason)
	}
}

// numbers calls do for every number of s.
func numbers(s *Status, do func(where string, n *int)) {
	do("attempt", &s.Boot.Attempt)
	do("attempts", &s.Boot.Attempts)
	if s.Rollback != nil {
		do("attempts of a rollback", &s.Rollback.Attempts)
	}
	for i := range s.Quarantine {
		do("times in quarantine", &s.Quarantine[i].Times)
	}
}

// check says what in s is beyond the limits.
func check(s *Status) (err error) {
	refuse := func(format string, args ...any) {
		if err == nil {
			err = fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
		}
	}
	for _, n := range []int{len(s.Boot.Checks), len(s.OS), len(s.Apps), len(s.Quarantine)} {
		if n > maxItems {
			refuse("a list has %d entries, more than %d", n, maxItems)
		}
	}
	if !IsName(s.Name) {
		refuse("%.80q is no host name", s.Name)
	}
	if s.Serial == 0 || s.Serial > math.MaxInt64 {
		refuse("its serial is %d", s.Serial)
	}
	if s.Every < 0 || s.Every > maxEvery {
		refuse("it says that it comes every %v", s.Every)
	}
	texts(s, maxReason, func(where string, text *string, most int) {
		if len(*text) > most || cleaned(*text) != *text {
			refuse("the %s is not a line of at most %d bytes: %.80q", where, most, *text)
		}
	})
	numbers(s, func(where string, n *int) {
		if *n < 0 || *n > maxCount {
			refuse("the number of %s is %d", where, *n)
		}
	})
	return err
}

// IsName tells whether s may be the name of a device: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit.
func IsName(s string) bool {
	return s != "" && len(s) <= maxName && Name(s) == s
}

// Name makes a name of a device from a host name, whatever that is.
func Name(host string) string {
	name := strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '_') {
			return r
		}
		return '-'
	}, host), "._-")
	if name == "" {
		return "unnamed"
	}
	return name[:min(len(name), maxName)]
}

// fit returns s within the limits; it shares nothing that it changes with s.
func fit(s Status, l limits) Status {
	s.Name = Name(s.Name)
	s.Boot.Checks = first(s.Boot.Checks, l.items)
	s.OS = first(s.OS, l.items)
	s.Apps = first(s.Apps, l.items)
	s.Quarantine = first(s.Quarantine, l.items)
	for i := range s.Apps {
		s.Apps[i].Update = own(s.Apps[i].Update)
	}
	s.Rollback = own(s.Rollback)
	s.Every = min(max(s.Every, 0), maxEvery)
	texts(&s, l.reason, func(_ string, text *string, most int) { *text = cut(cleaned(*text), most) })
	numbers(&s, func(_ string, n *int) { *n = min(max(*n, 0), maxCount) })
	return s
}

func own[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// first is a copy of the beginning of a list, never nil.
func first[T any](list []T, n int) []T {
	return append([]T{}, list[:min(len(list), n)]...)
}

// cleaned is s on one line, without what steers a terminal or turns the direction of writing.
func cleaned(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r) && r != utf8.RuneError:
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, s)
}

// cut shortens s to at most so many bytes, and shows that it did.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	const sign = "…"
	end := most - len(sign)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + sign
}
