package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// position in a file, from 1.
type position struct{ line, column int }

// reader gathers the faults of values and knows where the values stand.
type reader struct {
	places map[string]position
	faults []fault
}

// read converts one value, or notes what is wrong with it. An absent one is the zero value.
func read[T any](r *reader, key string, value any, convert func(any) (T, error)) T {
	var zero T
	if value == nil {
		return zero
	}
	v, err := convert(value)
	if err != nil {
		r.note(key, err)
		return zero
	}
	return v
}

// note keeps a fault of a key, at its place or that of the nearest table around it.
func (r *reader) note(key string, err error) {
	around := key
	at, known := r.places[around]
	for !known && around != "" {
		around = around[:max(strings.LastIndexAny(around, ".["), 0)]
		at, known = r.places[around]
	}
	if !known {
		at = position{1, 1}
	}
	r.faults = append(r.faults, fault{at, key + ": " + err.Error()})
}

func isText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("want text in quotes, not %v", v)
	}
	return s, nil
}

func isBool(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, errors.New("want true or false")
	}
	return b, nil
}

func isCount(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || n < 0 || n > 1e6 {
		return 0, errors.New("want a number, 0 or more")
	}
	return int(n), nil
}

// inText reads a text further.
func inText[T any](parse func(string) (T, error)) func(any) (T, error) {
	return func(v any) (T, error) {
		s, err := isText(v)
		if err != nil {
			var zero T
			return zero, err
		}
		return parse(s)
	}
}

// checked is a text that must pass a check.
func checked(check func(string) error) func(any) (string, error) {
	return inText(func(s string) (string, error) { return s, check(s) })
}

// places finds where the keys of a valid TOML document stand. Those of the second [[app]] are called
// app[1].name and so on.
func places(data []byte) map[string]position {
	found := map[string]position{}
	var p unstable.Parser
	p.Reset(data)
	table, tables := "", map[string]int{}
	for p.NextExpression() {
		e := p.Expression()
		name, at := keyOf(&p, e)
		switch e.Kind {
		case unstable.Table:
			table = name + "."
			found[name] = at
		case unstable.ArrayTable:
			item := fmt.Sprintf("%s[%d]", name, tables[name])
			tables[name]++
			table = item + "."
			found[item] = at
		case unstable.KeyValue:
			found[table+name] = at
		}
	}
	return found
}

func keyOf(p *unstable.Parser, e *unstable.Node) (name string, at position) {
	var parts []string
	for it := e.Key(); it.Next(); {
		part := it.Node()
		if len(parts) == 0 {
			start := p.Shape(part.Raw).Start
			at = position{start.Line, start.Column}
		}
		parts = append(parts, string(part.Data))
	}
	return strings.Join(parts, "."), at
}
