package client

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"edge/appliance/event"
)

// maxLine bounds a line of an event stream.
const maxLine = 1 << 20

// readEvents reads a text/event-stream (WHATWG HTML, 9.2) whose data are events in JSON, and
// yields io.EOF or another error at its end. alive is called for each line, comments included.
func readEvents(r io.Reader, alive func()) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		var m message
		for lines.Scan() {
			alive()
			if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
				m.take(line)
				continue
			}
			e, ok, err := m.event()
			m = message{}
			if err != nil {
				yield(e, err)
				return
			}
			if ok && !yield(e, nil) {
				return
			}
		}
		err := lines.Err()
		if err == nil {
			err = io.EOF // an event that the end cut off does not count
		}
		yield(event.Event{}, err)
	}
}

// message gathers the fields of one event.
type message struct {
	id   string
	data []string
}

func (m *message) take(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		m.id = value
	case "data":
		m.data = append(m.data, value)
	}
}

// event reports false for a message without data, such as a heartbeat.
func (m *message) event() (event.Event, bool, error) {
	var e event.Event
	if len(m.data) == 0 {
		return e, false, nil
	}
	if err := json.Unmarshal([]byte(strings.Join(m.data, "\n")), &e); err != nil {
		return e, false, fmt.Errorf("reading event %q: %w", m.id, err)
	}
	if id, err := strconv.ParseUint(m.id, 10, 64); err == nil {
		e.ID = id
	}
	return e, true, nil
}
