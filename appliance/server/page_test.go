package server

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

// pageScene is a house whose web page has folders.
func pageScene(t *testing.T, change ...func(*Options)) *scene {
	return newScene(t, append(change, func(o *Options) {
		o.UI = fstest.MapFS{
			"index.html":        {Data: []byte("<title>appliance</title>")},
			"icon.svg":          {Data: []byte("<svg/>")},
			"overview/page.js":  {Data: []byte("export const words = 1;\n" + strings.Repeat("// as long as pages are\n", 40))},
			"overview/page.css": {Data: []byte(".page-overview{}")},
		}
	})...)
}

func TestPageFolders(t *testing.T) {
	s := pageScene(t)
	for url, want := range map[string]struct {
		status int
		kind   string
	}{
		"/ui/overview/page.js":             {200, "text/javascript; charset=utf-8"},
		"/ui/overview/page.css":            {200, "text/css; charset=utf-8"},
		"/favicon.ico":                     {200, "image/svg+xml"},
		"/ui/overview":                     {404, "application/problem+json"},
		"/ui/overview/":                    {404, "application/problem+json"},
		"/ui/overview/../overview/page.js": {404, "application/problem+json"},
		"/ui//overview/page.js":            {404, "application/problem+json"},
		"/ui/nope/page.js":                 {404, "application/problem+json"},
	} {
		w := s.do("GET", url, "")
		if got := w.Header().Get("Content-Type"); w.Code != want.status || got != want.kind {
			t.Errorf("GET %s = %d %s, want %d %s", url, w.Code, got, want.status, want.kind)
		}
		if got := w.Header().Get("Content-Security-Policy"); w.Code == 200 && got != policy {
			t.Errorf("GET %s has the policy %q", url, got)
		}
	}
}

// The policy is what stands between a hostile name and the reader's token, so its words are written down twice.
func TestPagePolicyIsStrict(t *testing.T) {
	want := map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "img-src": "'self' data: blob:",
		"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
	}
	for rule := range strings.SplitSeq(policy, "; ") {
		name, value, _ := strings.Cut(rule, " ")
		if want[name] != value {
			t.Errorf("the policy says %q, want %q", rule, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("the policy does not say %v", want)
	}
}

func TestPageIsPacked(t *testing.T) {
	const url = "/ui/overview/page.js"
	s := pageScene(t)
	plain, small := s.do("GET", url, ""), s.do("GET", url, "", "Accept-Encoding", "deflate, gzip, br")
	if got := small.Header().Get("Content-Encoding"); got != "gzip" || small.Body.Len() >= plain.Body.Len() {
		t.Fatalf("GET %s has Content-Encoding %q and %d of %d bytes", url, got, small.Body.Len(), plain.Body.Len())
	}
	if small.Header().Get("Vary") != "Accept-Encoding" || plain.Header().Get("Vary") != "Accept-Encoding" {
		t.Error("the answers do not say that they vary by Accept-Encoding")
	}
	etag := small.Header().Get("Etag")
	if etag == plain.Header().Get("Etag") {
		t.Errorf("other bytes have the same tag %s", etag)
	}
	unpacked, err := gzip.NewReader(small.Body)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil || string(data) != plain.Body.String() {
		t.Errorf("unpacked it is %q, %v; want %q", data, err, plain.Body)
	}
	if w := s.do("GET", url, "", "Accept-Encoding", "gzip", "If-None-Match", etag); w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("asked again = %d with %d bytes, want 304", w.Code, w.Body.Len())
	}
	for _, without := range []string{"", "br", "gzip;q=0", "xgzip"} {
		if w := s.do("GET", url, "", "Accept-Encoding", without); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding %q gets %s", without, w.Header().Get("Content-Encoding"))
		}
	}
	if w := s.do("GET", "/ui/overview/page.css", "", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a few bytes are packed although that makes them more")
	}
}
