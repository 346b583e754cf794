package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"edge/appliance/blueprint"
)

// maxJSON is the largest body that is not an upload.
const maxJSON = 1 << 20

// allowBody gives the rest of a body so much time, whether a handler reads it
// or net/http discards it.
func allowBody(w http.ResponseWriter, d time.Duration) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(d))
}

// bodyEnded takes that limit away: from here on net/http reads ahead to learn
// whether the client is still there, and would take the limit for its leaving.
func bodyEnded(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// name reads the blueprint from the path.
func name(c *gin.Context) (blueprint.Name, error) { return blueprint.ParseName(c.Param("blueprint")) }

// id reads blueprint and version from the path.
func id(c *gin.Context) (blueprint.ID, error) {
	n, err := name(c)
	if err != nil {
		return blueprint.ID{}, err
	}
	v, err := blueprint.ParseVersion(c.Param("version"))
	return blueprint.ID{Blueprint: n, Version: v}, err
}

// query reads the parameters of r's URL and refuses those that nobody knows:
// a misspelt one would otherwise be without effect and without a word.
func query(r *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(invalidRequest, "the query of the URL is malformed", "")
	}
	for key, values := range q {
		if !slices.Contains(known, key) {
			return nil, refuse(invalidRequest, fmt.Sprintf("unknown parameter %q in the URL", key), "")
		}
		if len(values) > 1 {
			return nil, refuse(invalidRequest, fmt.Sprintf("parameter %q is given more than once", key), "")
		}
	}
	return q, nil
}

// flag reads a parameter that is on or off.
func flag(q url.Values, key string) (bool, error) {
	if q.Get(key) == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(q.Get(key))
	if err != nil {
		return false, refuse(invalidRequest, fmt.Sprintf("parameter %s=%q is neither 1 nor 0", key, q.Get(key)), "")
	}
	return on, nil
}

// decode reads the JSON body of r into v. An empty body leaves v alone.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	if r.ContentLength == 0 {
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != inJSON && r.Header.Get("Content-Type") != "" {
		return refuse(unsupportedMedia, fmt.Sprintf("the body is %q, not %s", r.Header.Get("Content-Type"), inJSON),
			"curl says what it sends with -H 'Content-Type: application/json'")
	}
	err := decodeStrictly(http.MaxBytesReader(w, r.Body, maxJSON), v)
	if err == nil {
		bodyEnded(w)
	}
	return err
}

// decodeStrictly reads one JSON value with no field that v does not have, and
// nothing after it. No bytes at all leave v alone.
func decodeStrictly(body io.Reader, v any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("more than one value")
		}
	}
	if as[*http.MaxBytesError](err) || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("reading the body: %w", err)
	}
	return refuse(invalidRequest, "reading the body as JSON: "+err.Error(), "")
}
