package blueprint

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"edge/appliance/toml"
)

// maxItems bounds a list of a blueprint.
const maxItems = 2000

// readStrictly notes unknown keys and values of a wrong form, and returns what is of use of the rest.
func readStrictly(r *toml.Reader) map[string]any {
	root := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		if strings.ContainsAny(key, ".[") {
			continue
		}
		if v := toml.Read(r, key, func(v any) (any, error) { return v, nil }); v != nil {
			root[key] = checkValue(r, key, key, v)
		}
	}
	return root
}

// checkValue looks at a value. at is its key in the document, key the one in the schema. A value that
// is of no use becomes nil.
func checkValue(r *toml.Reader, at, key string, v any) any {
	switch schema[key] {
	case "":
		r.Note(at, errors.New("this key is unknown"))
		return nil
	case formTable:
		if table, ok := v.(map[string]any); ok {
			return checkTable(r, at, key, table)
		}
		r.Note(at, fmt.Errorf("want one table, [%s]", at))
		return nil
	case formList:
		return checkList(r, at, key, v)
	}
	if err := fits(schema[key], v); err != nil {
		if strings.HasSuffix(key, ".password") {
			err = errors.New("want text in quotes") // and not a word of what is there
		}
		r.Note(at, err)
		return nil
	}
	return v
}

func checkTable(r *toml.Reader, at, key string, table map[string]any) map[string]any {
	checked := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		// A name that must be quoted is in no schema, and so never taken for a path.
		if v := checkValue(r, toml.Join(at, name), toml.Join(key, name), table[name]); v != nil {
			checked[name] = v
		}
	}
	return checked
}

func checkList(r *toml.Reader, at, key string, v any) any {
	list, ok := v.([]any)
	if !ok {
		r.Note(at, fmt.Errorf("want tables, each beginning with [[%s]]", at))
		return nil
	}
	if len(list) > maxItems {
		r.Note(at, fmt.Errorf("too many: at most %d", maxItems))
		return nil
	}
	checked := []any{}
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", at, i)
		table, ok := v.(map[string]any)
		if !ok {
			r.Note(at, errors.New("want a table of keys and values"))
			table = map[string]any{}
		}
		checked = append(checked, checkTable(r, at, key+"[]", table)) // in its place, so that places stay right
	}
	return checked
}

// fits tells why a value is not of a form.
func fits(f form, v any) error {
	var err error
	switch f {
	case formText:
		var s string
		if s, err = toml.Text(v); strings.ContainsRune(s, 0) {
			err = errors.New("there is a NUL in the text")
		}
	case formFlag:
		_, err = toml.Bool(v)
	case formNumber:
		_, err = toml.Number(0, 1<<31-1)(v)
	case formTexts:
		_, err = toml.Texts(nil)(v)
	case formSize, formOwner:
		if s, isText := v.(string); isText && s != "" {
			return nil
		}
		if n, isNumber := v.(int64); !isNumber || n < 0 {
			err = errors.New("want a text or a number")
		}
	case formOpen:
		if list, isList := v.([]any); !isList || len(list) > maxItems {
			err = errors.New("want a list")
		}
	}
	return err
}
