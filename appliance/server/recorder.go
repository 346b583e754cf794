package server

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// recorder watches a response go by: what the log and the metrics say of it.
// It also gives the client time as the response gets on, no more than that.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is written
	bytes  int64
	armed  time.Time
}

// WriteHeader implements http.ResponseWriter. Only the first final status counts.
func (r *recorder) WriteHeader(status int) {
	if r.status != 0 {
		return
	}
	if status >= 200 {
		r.status = status
		length, _ := strconv.ParseInt(r.Header().Get("Content-Length"), 10, 64)
		r.rearm(length)
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if time.Since(r.armed) > 5*time.Second {
		r.rearm(int64(len(b)))
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom hands r on whole, so that files go out by sendfile.
func (r *recorder) ReadFrom(from io.Reader) (int64, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(r.ResponseWriter, from)
	r.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (r *recorder) Flush() { http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// rearm gives the client time for n more bytes.
func (r *recorder) rearm(n int64) {
	r.armed = time.Now()
	http.NewResponseController(r.ResponseWriter).SetWriteDeadline(r.armed.Add(patience(n)))
}
