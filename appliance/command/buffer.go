package command

import (
	"bytes"
	"strings"
)

// head keeps the first bytes written to it, calls full when there are more than limit, and
// refuses the rest.
//
// The buffer is not embedded: its ReadFrom would be a way around the limit.
type head struct {
	kept  bytes.Buffer
	limit int
	full  func()
}

func (h *head) Write(p []byte) (int, error) {
	if h.kept.Len()+len(p) > h.limit {
		h.full()
		return 0, errTooMuch
	}
	return h.kept.Write(p)
}

// tail keeps the last bytes written to it.
type tail struct {
	kept  []byte
	limit int
	cut   bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - t.limit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
		t.cut = true
	}
	return len(p), nil
}

// String is what was kept, trimmed; an ellipsis stands for what was not.
func (t *tail) String() string {
	s := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), ""))
	if t.cut {
		s = "…" + s
	}
	return s
}
