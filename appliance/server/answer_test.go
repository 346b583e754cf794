package server

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWants(t *testing.T) {
	for _, tt := range []struct{ accept, want string }{
		{"", inJSON},
		{"*/*", inJSON},
		{"text/plain", textPlain},
		{"TEXT/Plain; charset=utf-8", textPlain},
		{"text/*", textPlain},
		{"text/plain, */*", textPlain},
		{"text/plain;q=0.5, application/json", inJSON},
		{"text/plain;q=0.5, application/json;q=0.4", textPlain},
		{"text/plain;q=0, */*", inJSON},
		{"text/plain;q=2", inJSON},
		{"text/plain;q=NaN", inJSON},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", inJSON},
		{"image/png", inJSON},
		{";;,,q=", inJSON},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", tt.accept)
		if got := wants(r, inJSON, textPlain); got != tt.want {
			t.Errorf("wants(%q) = %q, want %q", tt.accept, got, tt.want)
		}
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{"", " ", "{}", `{"force":true,"ref":"a/b"}`, `{"force":1}`, `{}{}`, `{"x":1}`, "null", "[", `{"ref":"\u0000"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var p publishing
		err := decodeStrictly(strings.NewReader(body), &p)
		if err != nil && problemOf("POST", err).status != 400 {
			t.Errorf("decodeStrictly(%q) = %v, which is no 400", body, err)
		}
		if err == nil && strings.Count(body, "{") > 1+strings.Count(p.Ref, "{") && !strings.Contains(body, `\`) && !strings.ContainsAny(p.Ref, "{}") {
			t.Errorf("decodeStrictly(%q) takes more than one value", body)
		}
	})
}
