package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"edge/appliance/iso"
)

func TestImageCalls(t *testing.T) {
	var got string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"base":"0","size":9,"patches":[{"offset":1,"data":"eHk="}],"file":"/b.iso"}`)
	})
	send := func(call Call) func(context.Context) error {
		return func(ctx context.Context) error { _, err := c.JSON(ctx, call); return err }
	}
	for _, tt := range []struct {
		want string
		send func(context.Context) error
	}{
		{"GET /api/v1/images ", send(ToListImages(""))},
		{"GET /api/v1/images/demo ", send(ToListImages("demo"))},
		{`POST /api/v1/images {"from":"/a.iso","sha256":"12"}`, send(ToAddBase(iso.Adding{From: "/a.iso", SHA256: "12"}))},
		{`POST /api/v1/images/demo {"mode":"kargs","options":{"fips":true}}`, send(ToBuildImage("demo", iso.Building{Mode: iso.ModeKargs, Options: &iso.Options{FIPS: true}}))},
		{"DELETE /api/v1/images/demo/lab ", func(ctx context.Context) error { return c.RemoveImage(ctx, "demo", "lab", "") }},
		{"DELETE /api/v1/images/demo/by-device/edge-7 ", func(ctx context.Context) error { return c.RemoveImage(ctx, "demo", "boot", "edge-7") }},
		{"GET /api/v1/images/demo/by-device/edge-7/patches ", func(ctx context.Context) error {
			p, err := c.Patches(ctx, "demo", "", "edge-7")
			if err == nil && (p.File != "/b.iso" || string(p.Overlay.Patches[0].Data) != "xy") {
				err = fmt.Errorf("%+v", p)
			}
			return err
		}},
	} {
		if err := tt.send(t.Context()); err != nil || got != tt.want {
			t.Errorf("sent %s, %v, want %s", got, err, tt.want)
		}
	}
}

// An image is fetched from where devices fetch it, without the token.
func TestImage(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent")
		}
		switch r.RequestURI {
		case "/demo/images/by-device/edge-7.iso":
			_, _ = io.WriteString(w, "the image")
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"title":"No such image","status":404,"detail":"none"}`)
		}
	})
	r, size, err := c.Image(t.Context(), "demo", "boot", "edge-7")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err != nil || string(data) != "the image" || size != int64(len(data)) {
		t.Errorf("%q, %d, %v", data, size, err)
	}
	if _, _, err := c.Image(t.Context(), "demo", "boot", ""); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
}
