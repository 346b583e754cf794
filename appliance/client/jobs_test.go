package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestJobLogAcrossRestart follows a log over a connection that breaks: nothing is missing or twice.
func TestJobLogAcrossRestart(t *testing.T) {
	const id = "20260102-150405-0a1b2c3d"
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/log") {
			asked++
			w.Header().Set("Content-Type", "text/plain")
			if asked == 1 {
				w.Header().Set("Content-Length", "100") // and then it breaks off
				fmt.Fprint(w, "one\ntwo\n")
				return
			}
			fmt.Fprint(w, "one\ntwo\nthree\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":%q,"state":"done"}`, id)
	}))
	defer server.Close()
	c, err := New(Options{Server: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.JobLog(t.Context(), id, true, &out); err != nil || out.String() != "one\ntwo\nthree\n" || asked != 2 {
		t.Errorf("%q after %d calls, %v", out.String(), asked, err)
	}
}

func TestJobLogRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"title":"No such job","status":404,"detail":"no such job"}`)
	}))
	defer server.Close()
	c, err := New(Options{Server: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.JobLog(t.Context(), "20260102-150405-0a1b2c3d", true, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "no such job") {
		t.Error(err)
	}
}
