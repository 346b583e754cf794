package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"edge/appliance/event"
	"edge/appliance/iso"
)

// withImages gives a scene boot ISOs, with a base in them that has the layout of RHEL 9.
func withImages(t testing.TB) (change func(*Options), stock string) {
	t.Helper()
	f, err := os.Open("../iso/testdata/rhel9.iso.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	stock = filepath.Join(t.TempDir(), "rhel9.iso")
	if err := os.WriteFile(stock, data, 0o600); err != nil {
		t.Fatal(err)
	}
	shelf, err := iso.OpenShelf(iso.ShelfOptions{
		Dir: filepath.Join(t.TempDir(), "images"), Events: event.NewLog(100),
		Kickstart: func(_ context.Context, w iso.Wanted) ([]byte, error) {
			return fmt.Appendf(nil, "# kickstart of %s for %q\n", w.Blueprint, w.Device), nil
		},
		URL: func(name, _ string) string { return "http://builder/" + name + "/kickstart.ks" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) { o.Images = shelf }, stock
}

const asToken = "Bearer " + testToken

func TestImages(t *testing.T) {
	with, stock := withImages(t)
	s := newScene(t, with)
	add := func(body string) int {
		return s.do("POST", "/api/v1/images", body, "Authorization", asToken, "Content-Type", inJSON).Code
	}
	if w := s.do("POST", "/api/v1/images/demo", "{}", "Authorization", asToken); w.Code != 404 || !strings.Contains(w.Body.String(), "unknown-base") {
		t.Errorf("building without a base = %d %s", w.Code, w.Body)
	}
	if code := add(`{"from":` + strconv.Quote(stock) + `}`); code != 201 {
		t.Fatalf("adding = %d", code)
	}
	w := s.do("POST", "/api/v1/images/demo", `{"options":{"console":"ttyS0"}}`, "Authorization", asToken, "Content-Type", inJSON)
	if w.Code != 201 || w.Header().Get("Location") != "/demo/images/boot.iso" {
		t.Fatalf("building = %d %v %s", w.Code, w.Header(), w.Body)
	}
	s.do("POST", "/api/v1/images/demo", `{"device":"edge-7"}`, "Authorization", asToken, "Content-Type", inJSON)
	var answer imagesAnswer
	if err := json.Unmarshal(s.do("GET", "/api/v1/images", "").Body.Bytes(), &answer); err != nil || len(answer.Bases) != 1 || len(answer.Images) != 2 || answer.Images[0].Options.Console != "ttyS0" {
		t.Errorf("%+v, %v", answer, err)
	}
	text := s.do("GET", "/api/v1/images/demo", "", "Accept", textPlain).Body.String()
	for _, want := range []string{"rhel9  Red Hat Enterprise Linux 9.6  x86_64  isolinux", "demo       boot              kickstart", "by-device/edge-7", "console=ttyS0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := s.do("GET", "/demo/images/", "").Body.String(); got != "boot.iso\nby-device/edge-7.iso\n" && !strings.Contains(got, `<a href="/demo/images/boot.iso">`) {
		t.Errorf("the list is %q", got)
	}
	if got := s.do("GET", "/demo/images/", "", "Accept", textPlain).Body.String(); got != "boot.iso\nby-device/edge-7.iso\n" {
		t.Errorf("the list for scripts is %q", got)
	}
	if w := s.do("GET", "/demo/images", ""); w.Code != 301 || w.Header().Get("Location") != "/demo/images/" {
		t.Errorf("without a slash = %d", w.Code)
	}
	if w := s.do("GET", "/api/v1/images/demo/boot/patches", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"patches":[{"offset":`) {
		t.Errorf("patches = %d", w.Code)
	}
	if w := s.do("DELETE", "/api/v1/images/demo/by-device/edge-7", "", "Authorization", asToken); w.Code != 204 {
		t.Errorf("removing = %d %s", w.Code, w.Body)
	}
}

// An image is served as a file is: whole, in parts, by HEAD, on conditions. Every part is of the same bytes.
func TestImageIsServed(t *testing.T) {
	with, stock := withImages(t)
	s := newScene(t, with)
	s.do("POST", "/api/v1/images", `{"from":`+strconv.Quote(stock)+`}`, "Authorization", asToken, "Content-Type", inJSON)
	s.do("POST", "/api/v1/images/demo", "{}", "Authorization", asToken)
	at := "http://" + s.listen(t)
	get := func(method, path string, headers ...string) (*http.Response, []byte) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, body
	}
	resp, whole := get("GET", "/demo/images/boot.iso")
	before, err := os.ReadFile(stock)
	if err != nil {
		t.Fatal(err)
	}
	tag := resp.Header.Get("Etag")
	if resp.StatusCode != 200 || len(whole) != len(before) || bytes.Equal(whole, before) || !bytes.Contains(whole, []byte(`# kickstart of demo for ""`)) ||
		resp.Header.Get("Content-Type") != inISO || resp.Header.Get("Accept-Ranges") != "bytes" || len(tag) != 34 || tag[0] != '"' {
		t.Fatalf("GET = %d, %d bytes, %v", resp.StatusCode, len(whole), resp.Header)
	}
	resp, body := get("HEAD", "/demo/images/boot.iso")
	if resp.StatusCode != 200 || len(body) != 0 || resp.ContentLength != int64(len(whole)) || resp.Header.Get("Etag") != tag {
		t.Errorf("HEAD = %d, %d, %v", resp.StatusCode, resp.ContentLength, resp.Header)
	}
	for _, r := range [][2]int{{0, 0}, {0, 2047}, {32768, 36863}, {33000, 34500}, {643000, 700000}, {len(whole) - 1, len(whole) - 1}} {
		resp, body := get("GET", "/demo/images/boot.iso", "Range", fmt.Sprintf("bytes=%d-%d", r[0], r[1]), "If-Range", tag)
		if resp.StatusCode != 206 || !bytes.Equal(body, whole[r[0]:r[1]+1]) {
			t.Errorf("bytes %v = %d, %d bytes", r, resp.StatusCode, len(body))
		}
	}
	for _, c := range []struct {
		headers []string
		status  int
	}{
		{[]string{"If-None-Match", tag}, 304}, {[]string{"If-Match", `"x"`}, 412}, {[]string{"Range", "bytes=99999999-"}, 416},
		{[]string{"Range", "bytes=0-1", "If-Range", `"x"`}, 200}, {[]string{"Range", "bytes=0-1,5-6"}, 206},
	} {
		if resp, _ := get("GET", "/demo/images/boot.iso", c.headers...); resp.StatusCode != c.status {
			t.Errorf("%q = %d, not %d", c.headers, resp.StatusCode, c.status)
		}
	}
	_, own := get("GET", "/demo/images/by-device/edge-9.iso")
	if !bytes.Contains(own, []byte(`# kickstart of demo for "edge-9"`)) {
		t.Error("a device does not get its own kickstart")
	}
}

func TestImageRefusals(t *testing.T) {
	with, stock := withImages(t)
	s := newScene(t, with)
	s.do("POST", "/api/v1/images", `{"from":`+strconv.Quote(stock)+`}`, "Authorization", asToken, "Content-Type", inJSON)
	for _, tt := range []struct {
		method, url, body, token string
		status                   int
		want                     string
	}{
		{"POST", "/api/v1/images", `{"from":"/x.iso"}`, "", 401, "unauthorized"},
		{"POST", "/api/v1/images", `{}`, asToken, 400, "from"},
		{"POST", "/api/v1/images", `{"from":"x.iso"}`, asToken, 422, "absolute path"},
		{"POST", "/api/v1/images", `{"from":"/no/such.iso"}`, asToken, 422, "/no/such.iso"},
		{"POST", "/api/v1/images", `{"from":"http://127.0.0.1:1/a.iso"}`, asToken, 502, "unreachable"},
		{"POST", "/api/v1/images", `{"from":` + strconv.Quote(stock) + `,"sha256":"` + strings.Repeat("0", 64) + `"}`, asToken, 422, "wrong-checksum"},
		{"POST", "/api/v1/images", `{"from":"/proc/self/exe","name":"x"}`, asToken, 422, "unusable-iso"},
		{"POST", "/api/v1/images", `{"form":"x"}`, asToken, 400, "form"},
		{"POST", "/api/v1/images/demo", `{}`, "", 401, "unauthorized"},
		{"POST", "/api/v1/images/nothing", `{}`, asToken, 404, "unknown-blueprint"},
		{"POST", "/api/v1/images/demo", `{"mode":"x"}`, asToken, 422, "invalid-image"},
		{"POST", "/api/v1/images/demo", `{"mode":"offline"}`, asToken, 409, "not-ready"},
		{"POST", "/api/v1/images/demo", `{"base":"x"}`, asToken, 404, "unknown-base"},
		{"POST", "/api/v1/images/demo", `{"options":{"add":["a b"]}}`, asToken, 422, "invalid-image"},
		{"GET", "/api/v1/images/nothing", "", "", 404, "unknown-blueprint"},
		{"GET", "/api/v1/images/demo/boot/patches", "", "", 404, "unknown-image"},
		{"DELETE", "/api/v1/images/demo/boot", "", asToken, 404, "unknown-image"},
		{"GET", "/demo/images/boot.iso", "", "", 404, "unknown-image"},
		{"GET", "/demo/images/by-device/edge-1.iso", "", "", 404, "unknown-image"},
		{"GET", "/demo/images/by-device/a/b.iso", "", "", 404, "not-found"},
		{"GET", "/demo/images/by-device/.iso", "", "", 404, "not-found"},
		{"GET", "/demo/images/boot.txt", "", "", 404, "not-found"},
		{"GET", "/demo/images/../boot.iso", "", "", 404, "not-found"},
		{"GET", "/demo/images/%2e%2e/boot.iso", "", "", 404, "not-found"},
		{"GET", "/nothing/images/", "", "", 404, "not-found"},
		{"PUT", "/demo/images/boot.iso", "x", "", 405, "method-not-allowed"},
	} {
		w := s.do(tt.method, tt.url, tt.body, "Authorization", tt.token)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s %s = %d %s, want %d with %q", tt.method, tt.url, tt.body, w.Code, w.Body, tt.status, tt.want)
		}
	}
	if w := newScene(t).do("GET", "/demo/images/boot.iso", ""); w.Code != 404 {
		t.Errorf("a server without images = %d", w.Code)
	}
}
