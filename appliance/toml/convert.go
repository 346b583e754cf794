package toml

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Text wants a string.
func Text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []any:
		return "", errors.New("want text in quotes, not a list")
	case map[string]any:
		return "", errors.New("want text in quotes, not a table")
	}
	return "", fmt.Errorf("want text in quotes, not %v", v)
}

// Bool wants true or false.
func Bool(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, errors.New("want true or false")
	}
	return b, nil
}

// Number wants one from low to high.
func Number(low, high int) func(any) (int, error) {
	return func(v any) (int, error) {
		n, ok := v.(int64)
		if !ok || n < int64(low) || n > int64(high) {
			return 0, fmt.Errorf("want a number from %d to %d", low, high)
		}
		return int(n), nil
	}
}

// Count wants a number that is not negative.
func Count(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || n < 0 || n > 1e6 {
		return 0, errors.New("want a number, 0 or more")
	}
	return int(n), nil
}

// Port wants a number of a TCP port.
func Port(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || n < 1 || n > 65535 {
		return 0, errors.New("want a port, 1 to 65535")
	}
	return int(n), nil
}

// Parsed wants a text that parse understands.
func Parsed[T any](parse func(string) (T, error)) func(any) (T, error) {
	return func(v any) (T, error) {
		s, err := Text(v)
		if err != nil {
			var zero T
			return zero, err
		}
		return parse(s)
	}
}

// Checked wants a text that check finds nothing wrong with.
func Checked(check func(string) error) func(any) (string, error) {
	return Parsed(func(s string) (string, error) { return s, check(s) })
}

// Duration wants a text as ParseDuration reads it, from low to high.
func Duration(low, high time.Duration) func(any) (time.Duration, error) {
	return Parsed(func(s string) (time.Duration, error) {
		d, err := ParseDuration(s)
		if err == nil && (d < low || d > high) {
			err = fmt.Errorf("%q is not from %s to %s", s, FormatDuration(low), FormatDuration(high))
		}
		return d, err
	})
}

// Size wants a text as ParseSize reads it, from low to high bytes.
func Size(low, high int64) func(any) (int64, error) {
	return Parsed(func(s string) (int64, error) {
		n, err := ParseSize(s)
		if err == nil && (n < low || n > high) {
			err = fmt.Errorf("%q is not from %s to %s", s, FormatSize(low), FormatSize(high))
		}
		return n, err
	})
}

// OneOf wants one of these words.
func OneOf[T ~string](words ...T) func(any) (T, error) {
	return Parsed(func(s string) (T, error) {
		if slices.Contains(words, T(s)) {
			return T(s), nil
		}
		var all []string
		for _, w := range words {
			all = append(all, strconv.Quote(string(w)))
		}
		return "", fmt.Errorf("want one of %s, not %.80q", strings.Join(all, ", "), s)
	})
}

// Texts wants a list of texts that are not empty, each of which passes a check; nil checks nothing. An
// empty list is not nil.
func Texts(check func(string) error) func(any) ([]string, error) {
	return func(v any) ([]string, error) {
		list, ok := v.([]any)
		if !ok {
			return nil, errors.New(`want a list of texts, such as ["one", "two"]`)
		}
		texts := []string{}
		for _, item := range list {
			s, err := Text(item)
			if err == nil && s == "" {
				err = errors.New("an empty text is nothing")
			}
			if err == nil && check != nil {
				err = check(s)
			}
			if err != nil {
				return nil, err
			}
			texts = append(texts, s)
		}
		return texts, nil
	}
}
