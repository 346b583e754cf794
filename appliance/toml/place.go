package toml

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// position in a document, from 1.
type position struct{ line, column int }

// places tells where keys, tables and items of lists stand. Those of the second [[app]] are called
// app[1].name and so on.
type places map[string]position

var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Join is the key called name in a table. Names that TOML wants in quotes are in quotes.
func Join(table, name string) string {
	if !bare.MatchString(name) {
		name = strconv.Quote(name)
	}
	if table == "" {
		return name
	}
	return table + "." + name
}

func item(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// surveyor walks over a document. The parser keeps to the grammar only, so that what it finds in a
// document with a key too many is only good for telling so.
type surveyor struct {
	parser unstable.Parser
	starts []int // of lines
	found  places
	lists  map[string]int // items of [[list]] so far
	keys   int
	fault  *Fault
	spans  map[string][2]int // of values, in bytes; nil: not wanted
}

// findPlaces returns a fault only where the document is beyond a limit. What is no TOML ends it early
// and is left for the decoder to tell.
func findPlaces(data []byte) (places, *Fault) {
	s := surveyor{found: places{}, lists: map[string]int{}}
	s.walk(data)
	return s.found, s.fault
}

func (s *surveyor) walk(data []byte) {
	s.starts = []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		s.starts = append(s.starts, i)
	}
	s.parser.Reset(data)
	table := ""
	for s.fault == nil && s.parser.NextExpression() {
		switch e := s.parser.Expression(); e.Kind {
		case unstable.Table:
			table = s.key("", e, false)
		case unstable.ArrayTable:
			table = s.key("", e, true)
		case unstable.KeyValue:
			s.keyValue(table, e)
		}
	}
}

// key notes the parts of e's key below a table, and returns the whole. One that names a list means the
// last item of it, or a new one where list is set.
func (s *surveyor) key(path string, e *unstable.Node, list bool) string {
	var at position
	parts := 0
	for it := e.Key(); it.Next(); parts++ {
		part := it.Node()
		if parts == 0 {
			at = s.position(part)
		}
		if path = Join(path, string(part.Data)); e.Kind != unstable.KeyValue && s.lists[path] > 0 && (!list || part.Next().Valid()) {
			path = item(path, s.lists[path]-1)
		}
		s.note(path, at)
		if parts == maxDeep {
			s.fault = &Fault{at.line, at.column, fmt.Sprintf("the key has more than %d parts", maxDeep)}
			return path
		}
	}
	if s.keys++; s.keys > maxKeys {
		s.fault = &Fault{at.line, at.column, fmt.Sprintf("the document has more than %d keys", maxKeys)}
	}
	if list {
		s.lists[path]++
		path = item(path, s.lists[path]-1)
		s.found[path] = at
	} else if e.Kind == unstable.Table {
		s.found[path] = at
	}
	return path
}

func (s *surveyor) keyValue(table string, e *unstable.Node) {
	if path := s.key(table, e, false); s.fault == nil {
		if raw := e.Value().Raw; s.spans != nil && raw.Length > 0 {
			s.spans[path] = [2]int{int(raw.Offset), int(raw.Offset + raw.Length)}
		}
		s.value(path, e.Value())
	}
}

func (s *surveyor) value(path string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); s.fault == nil && it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				s.keyValue(path, it.Node())
			}
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); s.fault == nil && it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			if it.Node().Raw.Length > 0 {
				s.note(item(path, i), s.position(it.Node()))
			}
			s.value(item(path, i), it.Node())
			i++
		}
	}
}

// note keeps the first place of a key: a table may be spoken of again.
func (s *surveyor) note(path string, at position) {
	if _, known := s.found[path]; !known {
		s.found[path] = at
	}
}

func (s *surveyor) position(n *unstable.Node) position {
	offset := int(n.Raw.Offset)
	line, exact := slices.BinarySearch(s.starts, offset)
	if !exact {
		line--
	}
	return position{line + 1, offset - s.starts[line] + 1}
}

// of is the place of a key, or of the nearest table around it.
func (p places) of(key string) position {
	for key != "" {
		if at, known := p[key]; known {
			return at
		}
		key = around(key)
	}
	return position{1, 1}
}

// around is the table or list that a key is in.
func around(key string) string { return key[:max(strings.LastIndexAny(key, ".["), 0)] }
