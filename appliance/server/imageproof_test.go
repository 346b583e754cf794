package server

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"edge/appliance/iso"
)

func TestImageProofs(t *testing.T) {
	with, stock := withImages(t)
	s := newScene(t, with)
	s.do("POST", "/api/v1/images", `{"from":`+strconv.Quote(stock)+`}`, "Authorization", asToken, "Content-Type", inJSON)
	s.do("POST", "/api/v1/images/demo", `{"options":{"text":true}}`, "Authorization", asToken, "Content-Type", inJSON)
	var p iso.Proof
	if w := s.do("GET", "/api/v1/images/demo/boot/proof", ""); json.Unmarshal(w.Body.Bytes(), &p) != nil || p.File != stock || p.Bytes < 100 || p.Bytes > 100_000 || len(p.Ranges) < 3 || len(p.Menus) == 0 {
		t.Errorf("proof = %d %s", w.Code, w.Body)
	}
	for _, tt := range []struct {
		name, method, url, token, accept string
		status                           int
		want, wantNot                    string
	}{
		{"proof on a terminal", "GET", "boot/proof", "", textPlain, 200, "differs from " + stock + " in ", `"ranges"`},
		{"menus on a terminal", "GET", "boot/proof", "", textPlain, 200, "+linuxefi /images/pxeboot/vmlinuz", `"offset"`},
		{"proof for a device", "GET", "by-device/edge-7/proof", "", "", 200, `"ranges":[{"offset":`, ""},
		{"proof of nothing", "GET", "nope/proof", "", "", 404, "unknown-image", "ranges"},
		{"check", "POST", "boot/check", asToken, "", 200, `"media_check":"passes"`, ""},
		{"check on a terminal", "POST", "boot/check", asToken, textPlain, 200, "passes", "{"},
		{"what it starts", "POST", "boot/check", asToken, textPlain, 200, "inst.ks=", "{"},
		{"check for a device", "POST", "by-device/edge-7/check", asToken, "", 200, `"media_check":"passes"`, ""},
		{"check without a token", "POST", "boot/check", "", "", 401, "unauthorized", "passes"},
		{"check of nothing", "POST", "nope/check", asToken, "", 404, "unknown-image", "passes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.do(tt.method, "/api/v1/images/demo/"+tt.url, "", "Authorization", tt.token, "Accept", tt.accept)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot) {
				t.Errorf("%d %s, want %d %q without %q", w.Code, w.Body, tt.status, tt.want, tt.wantNot)
			}
		})
	}
}
