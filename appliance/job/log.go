package job

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// maxLog bounds a log: a build that says the same for ever must not fill the disk.
const maxLog = 64 << 20

// Log is what a work says, for people. It is safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	file  *os.File
	size  int64
	full  bool
	grown func()
}

func openLog(file string, grown func()) (*Log, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	return &Log{file: f, size: info.Size(), grown: grown}, nil
}

// Write appends. A log that cannot be written, because the disk is full or because it is long enough,
// loses what comes: it must not stop the work.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	if l.size+int64(len(p)) > maxLog {
		if !l.full {
			l.full = true
			_, _ = l.file.WriteString("… the log ends here: it is long enough\n")
		}
		l.mu.Unlock()
		return len(p), nil
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	l.mu.Unlock()
	l.grown()
	return len(p), nil
}

// Size is how many bytes there are.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Cut forgets what comes after size bytes: a work that is taken up says it again.
func (l *Log) Cut(size int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if size < 0 || size >= l.size {
		return nil
	}
	if err := l.file.Truncate(size); err != nil {
		return fmt.Errorf("cutting a log: %w", err)
	}
	l.size, l.full = size, false
	return nil
}

func (l *Log) close() { _ = l.file.Close() }

// copyLog hands on what a log has after a place, and says how much that was.
func copyLog(file string, at int64, each func([]byte) error) (n int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	buffer := make([]byte, 32<<10)
	for {
		k, err := f.Read(buffer)
		if k > 0 {
			n += int64(k)
			if err := each(buffer[:k]); err != nil {
				return n, err
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
