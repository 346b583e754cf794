package server

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// drawn reads the modules out of an SVG: each run of black ones is a path of its own.
var drawn = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// Every module is where the code has it, and around it there are four white ones on each side.
func TestQRHasItsModules(t *testing.T) {
	for _, text := range []string{"x", "http://builder:8080/k/" + testSecret, "äöü 🚀", strings.Repeat("z", maxQR)} {
		w := newScene(t).do("POST", "/api/v1/qr", text, "Content-Type", "text/plain; charset=utf-8")
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d bytes = %d %v %s", len(text), w.Code, w.Header(), w.Body)
		}
		var svg struct {
			Box   string `xml:"viewBox,attr"`
			Paths []struct {
				Fill string `xml:"fill,attr"`
				D    string `xml:"d,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &svg); err != nil {
			t.Fatal(err)
		}
		want, err := qr.Encode(text, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		side := strconv.Itoa(want.Size + 8)
		if svg.Box != "0 0 "+side+" "+side || len(svg.Paths) != 2 || svg.Paths[0].Fill != "#fff" || svg.Paths[0].D != "M0 0h"+side+"v"+side+"H0z" || svg.Paths[1].Fill != "" {
			t.Fatalf("viewBox %q, %d paths", svg.Box, len(svg.Paths))
		}
		black := map[[2]int]bool{}
		rest := drawn.ReplaceAllStringFunc(svg.Paths[1].D, func(run string) string {
			n := numbers(t, drawn.FindStringSubmatch(run)[1:])
			if n[2] != n[3] {
				t.Errorf("%s goes %d forth and %d back", run, n[2], n[3])
			}
			for x := range n[2] {
				black[[2]int{n[0] + x, n[1]}] = true
			}
			return ""
		})
		if rest != "" {
			t.Errorf("beside modules there is %.60q", rest)
		}
		for y := range want.Size + 8 {
			for x := range want.Size + 8 {
				inside := x >= 4 && y >= 4 && x < want.Size+4 && y < want.Size+4
				if black[[2]int{x, y}] != (inside && want.Black(x-4, y-4)) {
					t.Fatalf("%d bytes: module %d,%d is wrong", len(text), x, y)
				}
			}
		}
	}
}

func numbers(t *testing.T, words []string) (all []int) {
	t.Helper()
	for _, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

func TestQRRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, method, body, kind string
		status                   int
		want                     string
	}{
		{"nothing", "POST", "", textPlain, 400, "not a text"},
		{"no text", "POST", "\xff\xfe", textPlain, 400, "not a text"},
		{"too much", "POST", strings.Repeat("z", maxQR+1), textPlain, 413, "too-large"},
		{"no kind", "POST", "x", "", 415, "Content-Type: text/plain"},
		{"another kind", "POST", "{}", inJSON, 415, "Content-Type: text/plain"},
		{"another method", "GET", "", "", 405, "method-not-allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t).do(tt.method, "/api/v1/qr", tt.body, "Content-Type", tt.kind)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "<svg") {
				t.Errorf("%d %s, want %d %q", w.Code, w.Body, tt.status, tt.want)
			}
		})
	}
	private := newScene(t, func(o *Options) { o.Private = true })
	if w := private.do("POST", "/api/v1/qr", "x", "Content-Type", textPlain); w.Code != 401 {
		t.Errorf("of a private builder without a token = %d", w.Code)
	}
	if w := private.do("POST", "/api/v1/qr", "x", "Content-Type", textPlain, "Authorization", asToken); w.Code != 200 {
		t.Errorf("of a private builder with its token = %d", w.Code)
	}
}
