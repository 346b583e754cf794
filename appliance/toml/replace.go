package toml

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Replace puts other values, each in TOML as it is, in the places of those that keys have in a document.
// Everything else stays as it was written. Keys must be there with values that are neither lists nor
// tables.
func Replace(data []byte, values map[string]string) ([]byte, error) {
	s := surveyor{found: places{}, lists: map[string]int{}, spans: map[string][2]int{}}
	s.walk(data)
	if s.fault != nil {
		return nil, &Error{"document", []Fault{*s.fault}}
	}
	keys := slices.SortedFunc(maps.Keys(values), func(a, b string) int { return cmp.Compare(s.spans[a][0], s.spans[b][0]) })
	var out []byte
	at := 0
	for _, key := range keys {
		span, found := s.spans[key]
		if !found || span[0] < at {
			return nil, fmt.Errorf("replacing %q: the document has no such single value", key)
		}
		out = append(append(out, data[at:span[0]]...), values[key]...)
		at = span[1]
	}
	return append(out, data[at:]...), nil
}
