package object

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflater is what reading one filez needs and the next one can use again.
type inflater struct {
	in  *bufio.Reader // the decompressor takes bytes one by one: it reads nothing behind its stream
	out io.ReadCloser // flate reader of in
}

var inflaters = sync.Pool{New: func() any {
	in := bufio.NewReaderSize(nil, 64<<10)
	return &inflater{in: in, out: flate.NewReader(in)}
}}

// release gives the inflater back without keeping the stranger's reader alive.
func (i *inflater) release() {
	i.in.Reset(nil)
	inflaters.Put(i)
}

// content reads the inflated bytes of one filez. It holds an inflater until the
// content ends or fails; a reader that is given up halfway leaves it to the
// garbage collector.
type content struct {
	*inflater
	left int64 // bytes of the size that are still to come
	err  error // what every further Read answers; set when the inflater is gone
}

// newContent reads the content of f, whose header i has just given. A link has
// no compressed stream at all.
func newContent(i *inflater, f File) *content {
	c := &content{inflater: i, left: f.Size}
	if f.IsLink() {
		c.finish(c.end())
		return c
	}
	if err := i.out.(flate.Resetter).Reset(i.in, nil); err != nil {
		c.finish(reading("content", err))
	}
	return c
}

// Read fails with ErrMalformed when the content is not exactly as long as the
// header says, is damaged, or has bytes behind it.
func (c *content) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		return 0, c.finish(c.drain())
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.out.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	switch {
	case c.left == 0:
		return n, c.finish(c.drain()) // now, for a reader that asks for no byte more
	case err == io.EOF:
		return n, c.finish(malformed("content", "%d bytes are missing", c.left))
	case err != nil:
		return n, c.finish(reading("content", err))
	}
	return n, nil
}

// drain expects the end of the compressed stream.
func (c *content) drain() error {
	var more [1]byte
	switch n, err := io.ReadFull(c.out, more[:]); {
	case n > 0:
		return malformed("content", "it is longer than the header says")
	case err != io.EOF:
		return reading("content", err)
	}
	return c.end()
}

// end expects the end of the filez.
func (c *content) end() error {
	switch _, err := c.in.ReadByte(); err {
	case io.EOF:
		return io.EOF
	case nil:
		return malformed("content", "bytes follow it")
	default:
		return reading("content", err)
	}
}

// finish makes err the answer of every further Read.
func (c *content) finish(err error) error {
	c.err = err
	c.release()
	c.inflater = nil
	return err
}

// reading tells damage from an error of the underlying reader. A source that
// ends too early is damage, whoever noticed it.
func reading(what string, err error) error {
	var damage flate.CorruptInputError
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return malformed(what, "it ends too early")
	case errors.As(err, &damage):
		return malformed(what, "the compressed stream is damaged at byte %d", int64(damage))
	}
	return fmt.Errorf("reading %s: %w", what, err)
}
