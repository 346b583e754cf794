package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// lane is a connection on which a client fetches objects. After the first one
// it leaves net/http, which spends more time on a request of 4 KiB than
// reading and sending the file takes; as soon as a request comes that is not
// simple, or an object is not there, it goes back with that request unread.
type lane struct {
	h      *Handler
	conn   net.Conn
	in     []byte // read but not answered
	armed  time.Time
	hasten bool // the deadline for the rest of a header is set
	second int64
	date   []byte // of second
}

// takeOver answers r and keeps its connection, when r is for an object and
// the connection can be had. It reports whether it did.
func (h *Handler) takeOver(w http.ResponseWriter, r *http.Request) bool {
	if !isSimple(r) || h.stopping.Err() != nil {
		return false
	}
	first, ok := h.prepare(r.URL.Path)
	if !ok {
		return false
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		first.close()
		return false
	}
	unread, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	l := &lane{h: h, in: append([]byte(nil), unread...)}
	l.conn, l.in = reclaim(conn, l.in)
	if !h.lanes.enter(l) {
		first.close()
		l.conn.Close()
		return true
	}
	go l.run(r.URL.Path, first)
	return true
}

// isSimple says of a parsed request what scanRequest says of bytes.
func isSimple(r *http.Request) bool {
	if r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Close || r.TLS != nil ||
		r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.URL.RawPath != "" || r.URL.RawQuery != "" {
		return false
	}
	for _, name := range [...]string{"Range", "If-None-Match", "If-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since", "Expect", "Upgrade"} {
		if r.Header[name] != nil {
			return false
		}
	}
	return true
}

func (l *lane) run(path string, first sending) {
	goesBack := false
	defer func() {
		if p := recover(); p != nil {
			l.h.o.Log.LogAttrs(context.Background(), slog.LevelError, "serving objects panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
		l.h.lanes.leave(l, goesBack)
	}()
	start := time.Now()
	for next, ok := first, true; ok; {
		l.rearm(start)
		if !l.send(path, next, start) || l.h.stopping.Err() != nil {
			return
		}
		path, next, start, ok = l.receive()
		goesBack = !ok && len(l.in) > 0
	}
}

// receive waits for the next request. ok is false when the lane ends: with
// bytes in l.in they are for net/http, without any the client is done.
func (l *lane) receive() (path string, next sending, start time.Time, ok bool) {
	for {
		raw, n, v := scanRequest(l.in)
		if v == simple {
			start = time.Now()
			path = string(raw)
			if next, ok = l.h.prepare(path); ok {
				l.in = l.in[:copy(l.in, l.in[n:])]
				l.hasten = false
			}
			return path, next, start, ok
		}
		if v == foreign {
			return "", sending{}, start, false
		}
		if len(l.in) > 0 && !l.hasten {
			l.conn.SetReadDeadline(time.Now().Add(headerTimeout))
			l.hasten, l.armed = true, time.Time{}
		}
		if l.h.stopping.Err() != nil || !l.read() {
			l.in = nil
			return "", sending{}, start, false
		}
	}
}

func (l *lane) read() bool {
	if cap(l.in)-len(l.in) < 512 {
		l.in = append(make([]byte, 0, len(l.in)+longestHeader), l.in...)
	}
	n, err := l.conn.Read(l.in[len(l.in):cap(l.in)])
	l.in = l.in[:len(l.in)+n]
	return err == nil
}

// rearm moves the deadlines once in a while: between requests nothing else
// ends a connection that has gone dead. Whoever calls it looks afterwards
// whether the server is stopping: Shutdown does the two the other way about.
func (l *lane) rearm(now time.Time) {
	if now.Sub(l.armed) > 5*time.Second {
		l.armed = now
		l.conn.SetDeadline(now.Add(idleTimeout))
	}
}

// send writes one response. A failure ends the lane: its header may be out.
func (l *lane) send(path string, s sending, start time.Time) bool {
	defer s.close()
	var room [headRoom]byte
	header := l.header(room[:0], s)
	var err error
	if s.parcel != nil {
		from := headRoom - copy(s.parcel[headRoom-len(header):headRoom], header)
		_, err = l.conn.Write(s.parcel[from : headRoom+int(s.size)])
	} else {
		l.conn.SetWriteDeadline(start.Add(patience(s.size)))
		l.armed = time.Time{}
		if _, err = l.conn.Write(header); err == nil {
			var n int64
			if n, err = io.Copy(l.conn, s.body()); err == nil && n < s.size {
				err = io.ErrUnexpectedEOF
			}
		}
	}
	if err != nil {
		return false
	}
	l.h.sent(path, s, time.Since(start), l.conn)
	return true
}

func (l *lane) header(b []byte, s sending) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\n"+
		"Accept-Ranges: bytes\r\n"+
		"Cache-Control: "+forever+"\r\n"+
		"Content-Type: "+binary+"\r\n"+
		"X-Content-Type-Options: nosniff\r\n"+
		"Etag: "...)
	b = append(b, s.etag...)
	b = append(b, "\r\nDate: "...)
	if now := time.Now(); now.Unix() != l.second {
		l.second = now.Unix()
		l.date = now.UTC().AppendFormat(l.date[:0], http.TimeFormat)
	}
	b = append(b, l.date...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, s.size, 10)
	return append(b, "\r\n\r\n"...)
}

// patience is how long a client may take for n bytes.
func patience(n int64) time.Duration {
	return stallTimeout + time.Duration(n/slowest)*time.Second
}
