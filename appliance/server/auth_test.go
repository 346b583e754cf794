package server

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestTokens(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		status       int
	}{
		{"right", "Bearer " + testToken, 204},
		{"scheme in lower case", "bearer  " + testToken, 204},
		{"none", "", 401},
		{"empty", "Bearer ", 401},
		{"wrong", "Bearer nope", 401},
		{"a beginning of it", "Bearer " + testToken[:5], 401},
		{"longer than it", "Bearer " + testToken + "x", 401},
		{"another scheme", "Basic " + testToken, 401},
		{"without a scheme", testToken, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			w := s.do("DELETE", "/api/v1/releases/demo/0.0.2", "", "Authorization", tt.header)
			if w.Code != tt.status || (len(s.releases.calls) > 0) != (tt.status == 204) {
				t.Errorf("DELETE = %d with calls %q, want %d", w.Code, s.releases.calls, tt.status)
			}
		})
	}
}

func TestServerWithoutATokenTakesNoChanges(t *testing.T) {
	s := newScene(t, func(o *Options) { o.Token = "" })
	for _, header := range []string{"", "Bearer ", "Bearer x"} {
		if w := s.do("DELETE", "/api/v1/releases/demo/0.0.2", "", "Authorization", header); w.Code != 403 {
			t.Errorf("DELETE with %q = %d, want 403", header, w.Code)
		}
	}
}

func TestWrongTokensAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(testToken)
		try := func(from, token string) int {
			r := httptest.NewRequest("DELETE", "/", nil)
			r.RemoteAddr = from
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			err := g.admit(w, r)
			if err == nil {
				return 200
			}
			if p := problemOf("DELETE", err); p.status != 429 {
				return p.status
			}
			if w.Header().Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			return 429
		}
		for i := range maxFailures {
			if got := try("10.0.0.7:1000", "guess"); got != 401 {
				t.Fatalf("guess %d = %d, want 401", i, got)
			}
			time.Sleep(time.Second)
		}
		for _, tt := range []struct {
			from, token string
			want        int
		}{
			{"10.0.0.7:1001", "guess", 429},
			{"10.0.0.7:1002", testToken, 429}, // else guessing would go on at full speed
			{"[::ffff:10.0.0.7]:1", testToken, 429},
			{"10.0.0.8:1000", testToken, 200},
			{"10.0.0.8:1000", "guess", 401},
		} {
			if got := try(tt.from, tt.token); got != tt.want {
				t.Errorf("from %s with %q = %d, want %d", tt.from, tt.token, got, tt.want)
			}
		}
		time.Sleep(failureWindow)
		if got := try("10.0.0.7:1003", testToken); got != 200 {
			t.Errorf("a minute later = %d, want 200", got)
		}
		for range maxFailures {
			try("[2001:db8::1]:1", "guess")
		}
		if got := try("[2001:db8::2]:1", testToken); got != 429 {
			t.Errorf("the same /64 = %d, want 429", got)
		}
	})
}

func TestOffendersAreNotRememberedWithoutLimit(t *testing.T) {
	g := newGuard(testToken)
	r := httptest.NewRequest("DELETE", "/", nil)
	r.Header.Set("Authorization", "Bearer guess")
	for i := range 3 * maxOffenders {
		r.RemoteAddr = "10." + itoa(i>>16) + "." + itoa(i>>8&255) + "." + itoa(i&255) + ":1"
		g.admit(httptest.NewRecorder(), r)
	}
	if n := len(g.offenders); n > maxOffenders {
		t.Errorf("%d addresses are remembered", n)
	}
}
