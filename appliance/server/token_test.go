package server

import "testing"

func TestTokenFits(t *testing.T) {
	private := func(o *Options) { o.Private = true }
	for _, s := range []*scene{newScene(t), newScene(t, private)} {
		for _, tt := range []struct {
			headers []string
			want    int
		}{
			{withToken, 204},
			{nil, 401},
			{[]string{"Authorization", "Bearer wrong"}, 401},
			{[]string{"Authorization", "Basic " + testToken}, 401},
		} {
			w := s.do("GET", "/api/v1/token", "", tt.headers...)
			if w.Code != tt.want || w.Header().Get("Cache-Control") != "no-store" || (w.Code == 204 && w.Body.Len() > 0) {
				t.Errorf("GET token with %q = %d, Cache-Control %q, %d bytes; want %d", tt.headers, w.Code, w.Header().Get("Cache-Control"), w.Body.Len(), tt.want)
			}
		}
	}
}

// Asking is guessing: who asks too often is not listened to, not even with the right token.
func TestTokenFitsCountsGuesses(t *testing.T) {
	s := newScene(t)
	for range maxFailures {
		s.do("GET", "/api/v1/token", "", "Authorization", "Bearer wrong")
	}
	if w := s.do("GET", "/api/v1/token", "", withToken...); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("after %d wrong tokens the right one gets %d, Retry-After %q; want 429", maxFailures, w.Code, w.Header().Get("Retry-After"))
	}
}
