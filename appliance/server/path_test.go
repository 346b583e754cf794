package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"edge/appliance/blueprint"
)

func itoa(n int) string { return fmt.Sprint(n) }

func TestSplitRepo(t *testing.T) {
	for path, want := range map[string]string{
		"/demo/repo/":          "demo||true",
		"/demo/repo/summary":   "demo|summary|true",
		"/demo/repo/repo/repo": "demo|repo/repo|true",
		"/demo/repo":           "demo|repo|false",
		"/demo/repox/":         "demo|repox/|false",
		"//repo/":              "||false",
		"/":                    "||false",
		"":                     "||false",
		"*":                    "||false",
		"/a":                   "||false",
	} {
		name, rest, ok := splitRepo(path)
		if got := fmt.Sprintf("%s|%s|%t", name, rest, ok); got != want {
			t.Errorf("splitRepo(%q) = %s, want %s", path, got, want)
		}
	}
}

// TestPathTricks sends bytes: a client of Go would clean the path.
func TestPathTricks(t *testing.T) {
	address := newScene(t).listen(t)
	for _, path := range []string{
		"/demo/repo/../repo/summary", "/demo/repo/%2e%2e/repo/summary", "/demo/repo/./summary", "/demo/repo/%2e/summary",
		"/demo/repo//summary", "//demo/repo/summary", "/demo//repo/summary", "/demo/repo/objects%2Fab%2Fsmall.filez", "/demo%2Frepo/summary",
		"/demo/repo/..%5c..%5cetc", `/demo/repo/..\..\etc`, "/demo/repo/summary%00", "/demo/repo/summary%0a", "/demo/repo/objects/../summary",
		"/demo/repo/objects/ab/../ab/small.filez", "/demo/repo/objects//ab/small.filez", "/demo/repo/objects/ab/%73mall%2efilez", "/demo/repo/summary//",
		"/../etc/passwd", "/ui/../../etc/passwd", "/ui/%2e%2e/server.go", "/api/v1//status", "/api/v1/status/", "/API/v1/status", "/demo/repo/objects/ab/small.filez/",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path)
			r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
			conn.Close()
			if err != nil {
				t.Errorf("%s %s: %v", method, path, err)
			} else if r.StatusCode != 404 {
				t.Errorf("%s %s = %d, want 404", method, path, r.StatusCode)
			}
		}
	}
}

func TestListingEscapesHostileNames(t *testing.T) {
	names := []string{`<script>alert(1)</script>`, `"onmouseover="x`, "javascript:alert(1)", "a b?c#d", "%2e%2e", "ünï/"}
	s := newScene(t, func(o *Options) {
		o.Repositories = func(blueprint.Name) (Repository, error) { return fakeRepo{list: names}, nil }
	})
	w := s.do("GET", "/demo/repo/", "", "Accept", "text/html").Body.String()
	for _, bad := range []string{"<script>", `"onmouseover`, `href="javascript`} {
		if strings.Contains(w, bad) {
			t.Errorf("listing has %q: %s", bad, w)
		}
	}
	for _, good := range []string{`&lt;script&gt;alert(1)&lt;/script&gt;</a>`, `href="./%3Cscript%3Ealert%281%29%3C%2Fscript%3E"`, `href="./javascript:alert%281%29"`, `href="./a%20b%3Fc%23d"`, `href="./%252e%252e"`, `href="./%C3%BCn%C3%AF/"`} {
		if !strings.Contains(w, good) {
			t.Errorf("listing lacks %q: %s", good, w)
		}
	}
}

func FuzzRepoPath(f *testing.F) {
	for _, seed := range []string{"/demo/repo/objects/ab/cd.filez", "/demo/repo/../x", "/demo/repo/%2e%2e/x", "/a/repo//", "/demo/repo/refs/heads/a\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		name, rest, ok := splitRepo(u.Path)
		if !ok || !plain(rest) || disguised(u) {
			return
		}
		if name == "" || strings.Contains(name, "/") || "/"+name+"/repo/"+rest != u.Path {
			t.Errorf("splitRepo(%q) = %q, %q", u.Path, name, rest)
		}
		for segment := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
			if rest != "" && (segment == "" || segment == "." || segment == "..") || strings.ContainsAny(segment, "\\\x00\n\r") {
				t.Errorf("%q passes with the segment %q", target, segment)
			}
		}
	})
}
