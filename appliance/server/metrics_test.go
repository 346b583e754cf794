package server

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestMetrics(t *testing.T) {
	const pulls = `appliance_pulls_total{blueprint="demo",version="0.0.1"} 4`
	s := newScene(t)
	c := dial(t, s.listen(t))
	for range 3 {
		c.send(get("/demo/repo/" + commitObject))
		c.receive("GET")
	}
	s.do("HEAD", "/demo/repo/"+commitObject, "")
	s.do("GET", "/demo/repo/"+commitObject, "", "Range", "bytes=0-1")
	s.do("GET", "/demo/repo/"+commitObject, "", "If-None-Match", `"that.commit"`)
	s.do("GET", "/demo/repo/"+commitObject, "", "X-Slow", "1") // a pull past the lane
	s.do("GET", "/api/v1/status", "")
	s.do("BREW", "/", "")
	s.do("PUT", "/api/v1/releases/demo/0.0.3", "x", withToken...)
	s.do("POST", "/api/v1/releases/demo/0.0.2/publish", "", withToken...)
	s.do("POST", "/api/v1/releases/demo/7.0.0/publish", "", withToken...)
	w := s.do("GET", "/metrics", "")
	for i := 0; i < 100 && !strings.Contains(w.Body.String(), pulls); i++ { // a lane counts when the client may have its answer already
		time.Sleep(20 * time.Millisecond)
		w = s.do("GET", "/metrics", "")
	}
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("GET /metrics = %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, want := range []string{
		`appliance_http_requests_total{code="200",face="repo",method="GET"} 4`,
		`appliance_http_requests_total{code="206",face="repo",method="GET"} 1`,
		`appliance_http_requests_total{code="200",face="repo",method="HEAD"} 1`,
		`appliance_http_requests_total{code="200",face="api",method="GET"} 1`,
		`appliance_http_requests_total{code="405",face="ui",method="other"} 1`,
		`appliance_http_response_bytes_total{face="repo"} 34`,
		`appliance_http_request_duration_seconds_count{face="repo"} 7`,
		pulls,
		`appliance_import_duration_seconds_count{result="done"} 1`,
		`appliance_publish_duration_seconds_count{result="done"} 1`,
		`appliance_publish_duration_seconds_count{result="refused"} 1`,
		`appliance_repository_bytes{blueprint="demo"} 3.325e+08`,
		`appliance_repository_objects{blueprint="demo"} 27331`,
		`appliance_releases{blueprint="empty"} 0`,
		`appliance_data_free_bytes 5e+09`,
		`appliance_build_info{version="1.2.3"} 1`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET /metrics lacks %s", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "appliance_") {
				t.Log(line)
			}
		}
	}
}

func TestMeasuringIsNotRepeatedAtEveryScrape(t *testing.T) {
	s := newScene(t)
	for range 5 {
		s.do("GET", "/metrics", "")
	}
	if n := len(s.releases.calls); n != 1 {
		t.Errorf("five scrapes make %d calls: %q", n, s.releases.calls)
	}
}
