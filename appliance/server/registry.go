package server

import (
	"fmt"
	"net/http"
)

// serveRegistry hands a request on to the registry, which has its own ways to tell who asks and
// what is wrong. A layer may be on its way for hours as long as it moves.
func (h *Handler) serveRegistry(rec *recorder, r *http.Request) {
	if h.o.Registry == nil {
		h.fail(rec, r, refuse(notFound, fmt.Sprintf("nothing is served at %q: this server holds no registry", r.URL.Path), ""))
		return
	}
	if r.ContentLength != 0 {
		body := h.upload(rec, r)
		defer body.done()
		r.Body = body
	}
	h.o.Registry.ServeHTTP(rec, r)
}

// Close implements io.Closer, as request bodies have to.
func (u *upload) Close() error { return nil }
