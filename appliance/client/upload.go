package client

import (
	"context"
	"io"
)

// Upload is a body that is streamed. Who opened the reader closes it, and not before the process
// may be done with it: a Read that blocks outlives the call that was given up.
type Upload struct {
	Reader   io.Reader
	Size     int64            // bytes; below 0: unknown
	Progress func(done int64) // bytes sent so far; may be nil; called by one goroutine at a time
}

// uploading is an Upload as a request's body. net/http waits for a Read of the body even after the
// request was given up, and a Read from a pipe may take for ever; so it is done elsewhere.
type uploading struct {
	counter
	pipe  *io.PipeReader
	begin func()
	stop  func() bool
}

func newUploading(ctx context.Context, u Upload) *uploading {
	r, w := io.Pipe()
	return &uploading{
		counter: counter{r: r, report: u.Progress},
		pipe:    r,
		begin: func() {
			go func() {
				_, err := io.CopyBuffer(w, struct{ io.Reader }{u.Reader}, make([]byte, 64<<10))
				w.CloseWithError(err)
			}()
		},
		stop: context.AfterFunc(ctx, func() { r.CloseWithError(ctx.Err()) }),
	}
}

func (u *uploading) Read(p []byte) (int, error) {
	if u.begin != nil { // not before the server says that it wants the body
		u.begin()
		u.begin = nil
	}
	return u.counter.Read(p)
}

// Close ends the copying. It may come while Read waits.
func (u *uploading) Close() error {
	u.stop()
	return u.pipe.Close()
}

// counter reports how much was read.
type counter struct {
	r      io.Reader
	done   int64
	report func(int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.report != nil && n > 0 {
		c.report(c.done)
	}
	return n, err
}
