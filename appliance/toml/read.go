package toml

import (
	"errors"
	"fmt"
)

// Read converts the value of a key, or notes what is wrong with it. An absent one is the zero value.
func Read[T any](r *Reader, key string, convert func(any) (T, error)) T {
	var zero T
	return ReadOr(r, key, zero, convert)
}

// ReadOr is Read with another value for what is absent.
func ReadOr[T any](r *Reader, key string, absent T, convert func(any) (T, error)) T {
	r.ask(key)
	value, given := r.values[key]
	if !given {
		return absent
	}
	v, err := convert(value)
	if err != nil {
		r.Note(key, err)
		return absent
	}
	return v
}

// ReadTexts is a table of texts whose names nobody knows beforehand; check looks at each of them. It is
// nil where there is none.
func ReadTexts(r *Reader, key string, check func(name, text string) error) map[string]string {
	r.ask(key)
	value, given := r.values[key]
	if !given {
		return nil
	}
	table, ok := value.(map[string]any)
	if !ok {
		r.Note(key, errWantTable)
		return nil
	}
	var texts map[string]string
	for name, v := range table {
		text, err := Text(v)
		if err == nil {
			err = check(name, text)
		}
		if err != nil {
			r.Note(Join(key, name), err)
			continue
		}
		if texts == nil {
			texts = map[string]string{}
		}
		texts[name] = text
	}
	return texts
}

var errWantTable = errors.New("want a table of keys and values")

// Tables are the keys of the tables in a list such as [[app]]: app[0], app[1], … A single [app] counts
// as a list of one. More than most are a fault, and none then.
func (r *Reader) Tables(key string, most int) []string {
	r.ask(key)
	if list, ok := r.values[key].([]any); ok && len(list) > most {
		r.Note(item(key, most), fmt.Errorf("too many: at most %d", most))
		return nil
	}
	delete(r.asked, key) // what is in it must be asked for
	r.lists[key] = true
	var found []string
	switch v := r.values[key].(type) {
	case map[string]any:
		found = append(found, key)
	case []any:
		for i, inner := range v {
			if _, ok := inner.(map[string]any); ok {
				found = append(found, item(key, i))
			}
		}
	}
	for _, at := range found {
		r.tables[at] = true
	}
	return found
}

// Has tells whether the document has a key.
func (r *Reader) Has(key string) bool {
	_, given := r.values[key]
	return given
}

// Note keeps a fault of a key, at its place or that of the nearest table around it. The text becomes
// "KEY: ERR".
func (r *Reader) Note(key string, err error) {
	if r.broken {
		return
	}
	at := r.places.of(key)
	text := err.Error()
	if key != "" {
		text = key + ": " + text
	}
	r.faults = append(r.faults, Fault{at.line, at.column, text})
}

// ask remembers that somebody knows a key, and so the tables around it.
func (r *Reader) ask(key string) {
	r.asked[key] = true
	for key = around(key); key != ""; key = around(key) {
		r.tables[key] = true
	}
}

// unknown are the faults of keys that nobody asked for, and of what should be a table.
func (r *Reader) unknown(path string, table map[string]any) []Fault {
	var faults []Fault
	note := func(key, text string) {
		at := r.places.of(key)
		faults = append(faults, Fault{at.line, at.column, text})
	}
	for name, value := range table {
		key := Join(path, name)
		inner, isTable := value.(map[string]any)
		list, isList := value.([]any)
		switch {
		case r.asked[key]:
		case isTable && (r.tables[key] || r.lists[key]):
			faults = append(faults, r.unknown(key, inner)...)
		case isList && r.lists[key]:
			for i, v := range list {
				if inner, ok := v.(map[string]any); ok {
					faults = append(faults, r.unknown(item(key, i), inner)...)
				} else {
					note(item(key, i), key+": "+errWantTable.Error())
				}
			}
		case r.lists[key]:
			note(key, key+": want tables, each beginning with [["+key+"]]")
		case r.tables[key]:
			note(key, key+": want one table, ["+key+"]")
		default:
			note(key, fmt.Sprintf("unknown key %q", key))
		}
	}
	return faults
}
