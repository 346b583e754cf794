package event

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// audit is the file of mutations. The zero value keeps none.
type audit struct {
	mu   sync.Mutex
	file *os.File
	torn bool // the last line has no end: a crash or a full disk cut it off
}

// auditLine is one line of the audit file.
type auditLine struct {
	Time    time.Time `json:"time"`
	Actor   string    `json:"actor"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	Message string    `json:"message"`
	Outcome string    `json:"outcome"` // "done", or what stopped it
}

// Audit attaches a file (JSON lines, appended, 0600) in which Record keeps
// every mutation. A last line that a crash cut off stays as it is; the next
// one starts on a line of its own.
func (l *Log) Audit(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the audit file: %w", err)
	}
	torn, err := isTorn(f)
	if err == nil {
		err = syncDir(filepath.Dir(file))
	}
	if err != nil {
		return fmt.Errorf("opening the audit file %q: %w", file, errors.Join(err, f.Close()))
	}
	l.audit.mu.Lock()
	before := l.audit.file
	l.audit.file, l.audit.torn = f, torn
	l.audit.mu.Unlock()
	if before != nil {
		return before.Close()
	}
	return nil
}

// Record writes a mutation: into the audit file, durably and first, and into
// the diary. The diary gets it even when the audit file cannot be written,
// because what it tells of has happened.
func (l *Log) Record(ctx context.Context, e Event) error {
	if e.Actor == "" {
		e.Actor = Actor(ctx)
	}
	err := l.audit.write(auditLine{l.now().UTC(), e.Actor, e.Kind, e.Subject, e.Message, e.Outcome})
	l.Append(e)
	return err
}

// Close closes the audit file. The diary goes on.
func (l *Log) Close() error {
	l.audit.mu.Lock()
	defer l.audit.mu.Unlock()
	if l.audit.file == nil {
		return nil
	}
	err := l.audit.file.Close()
	l.audit.file = nil
	return err
}

func (a *audit) write(line auditLine) error {
	if line.Outcome == "" {
		line.Outcome = "done"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	var out bytes.Buffer
	if a.torn {
		out.WriteByte('\n')
	}
	if err := json.NewEncoder(&out).Encode(line); err != nil {
		return fmt.Errorf("writing the audit file: %w", err)
	}
	n, err := a.file.Write(out.Bytes())
	if n > 0 {
		a.torn = n < out.Len()
	}
	if err == nil {
		err = a.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing the audit file: %w", err)
	}
	return nil
}

// isTorn reports whether f ends in the middle of a line.
func isTorn(f *os.File) (bool, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return false, err
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], end-1)
	return last[0] != '\n', err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
