package iso

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Reader reads a custom ISO; it is an io.ReadSeeker, io.ReaderAt and io.Closer. Only ReadAt is for more than one
// goroutine.
type Reader struct {
	*Overlay
	io.ReadSeeker
	over
	file *os.File
}

// NewReader reads o over a base file, and owns the file from then on. The base must be as long as it was.
func NewReader(o *Overlay, base *os.File) (*Reader, error) {
	info, err := base.Stat()
	if err == nil && info.Size() != o.Size {
		err = fmt.Errorf("%w: it has %d bytes, not %d", ErrChanged, info.Size(), o.Size)
	}
	if err != nil {
		return nil, fmt.Errorf("opening an image: %w", errors.Join(err, base.Close()))
	}
	r := &Reader{Overlay: o, over: over{o, base}, file: base}
	r.ReadSeeker = io.NewSectionReader(r.over, 0, o.Size)
	return r, nil
}

// Close lets go of the base.
func (r *Reader) Close() error { return r.file.Close() }

// CopyTo writes n bytes from where the Reader stands. What is the base's own reaches w as the file itself, so that
// w can have the kernel move it (sendfile, splice).
func (r *Reader) CopyTo(w io.Writer, n int64) (int64, error) {
	at, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	var done int64
	for n = min(n, r.Size-at); done < n; {
		patch, base := r.next(at + done)
		var m int64
		if patch != nil {
			var k int
			k, err = w.Write(patch[:min(int64(len(patch)), n-done)])
			m = int64(k)
		} else {
			if _, err = r.file.Seek(at+done, io.SeekStart); err != nil {
				break
			}
			want := min(base, n-done)
			m, err = io.Copy(w, io.LimitReader(r.file, want))
			if err == nil && m < want {
				err = io.ErrUnexpectedEOF
			}
		}
		done += m
		if err != nil {
			break
		}
	}
	_, sought := r.Seek(at+done, io.SeekStart)
	return done, errors.Join(err, sought)
}
