package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"edge/appliance/registry"
)

// maxHistory is how many bytes from its end are read of a history, and maxMoves how many moves are
// remembered. What is older stays in the file.
const (
	maxHistory = 8 << 20
	maxMoves   = 20_000
)

// history is the file of moves, one JSON document a line, only ever appended to.
type history struct {
	mu    sync.Mutex
	file  *os.File
	torn  bool // the last line has no end: a crash or a full disk cut it off
	moves []Move
}

func openHistory(name string) (*history, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the history: %w", err)
	}
	h := &history{file: f}
	err = h.read()
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the history %q: %w", name, errors.Join(err, f.Close()))
	}
	return h, nil
}

// read takes in the end of the file. A line that a crash cut off is passed over.
func (h *history) read() error {
	end, err := h.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	from := max(0, end-maxHistory)
	data, err := io.ReadAll(io.NewSectionReader(h.file, from, end-from))
	if err != nil {
		return err
	}
	h.torn = len(data) > 0 && data[len(data)-1] != '\n'
	if from > 0 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	for line := range bytes.Lines(data) {
		var m Move
		if json.Unmarshal(line, &m) == nil && m.App != "" && m.To != "" && m.After != "" {
			h.moves = append(h.moves, m)
		}
	}
	h.trim()
	return nil
}

func (h *history) trim() {
	if len(h.moves) > maxMoves {
		h.moves = slices.Clone(h.moves[len(h.moves)-maxMoves*3/4:])
	}
}

// add appends a move and returns when it is durable.
func (h *history) add(m Move) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.moves = append(h.moves, m)
	h.trim()
	if h.torn {
		line = append([]byte("\n"), line...)
	}
	line = append(line, '\n')
	n, err := h.file.Write(line)
	if n > 0 {
		h.torn = n < len(line)
	}
	if err == nil {
		err = h.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// of are an app's moves of one tag, or of all where tag is "", oldest first.
func (h *history) of(app, tag string) []Move {
	h.mu.Lock()
	defer h.mu.Unlock()
	var moves []Move
	for _, m := range h.moves {
		if m.App == app && (tag == "" || m.To == tag) {
			moves = append(moves, m)
		}
	}
	return moves
}

// last is the newest move of a tag.
func (h *history) last(app, tag string) (Move, bool) {
	moves := h.of(app, tag)
	if len(moves) == 0 {
		return Move{}, false
	}
	return moves[len(moves)-1], true
}

func (h *history) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.file.Close()
}

// undoable is the newest of moves that no undo has taken back.
func undoable(moves []Move) (Move, bool) {
	var standing []Move
	for _, m := range moves {
		if m.Kind != Undone {
			standing = append(standing, m)
		} else if n := len(standing); n > 0 {
			standing = standing[:n-1]
		}
	}
	if len(standing) == 0 {
		return Move{}, false
	}
	return standing[len(standing)-1], true
}

// History is an app's moves, newest first.
func (s *Shelf) History(_ context.Context, app string) ([]Move, error) {
	a, err := s.find(app)
	if err != nil {
		return nil, err
	}
	moves := s.history.of(a.Name, "")
	slices.Reverse(moves)
	return moves, nil
}

// at is what a tag named after its newest move, or, where it has none, when the shelf was opened.
func (s *Shelf) at(a App, tag string) (registry.Digest, bool) {
	if m, ok := s.history.last(a.Name, tag); ok {
		return m.After, true
	}
	if d := s.standing.first(a.Name); tag == a.Tag && d != "" {
		return d, true
	}
	return "", false
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
