//go:build containers_image_openpgp

package registry

import (
	"errors"
	"testing"
)

// From outside into our own store, whatever name it goes by elsewhere: anonymous reading, writing
// with the token as password.
func TestCopyIntoStore(t *testing.T) {
	for _, address := range []string{"", "http://192.0.2.1:8080", "https://appliance.example"} {
		from := newFake(t)
		h := newHandmade("v1", 100_000, "amd64", "arm64")
		from.hold("someone/2048", h, "v1")
		s := open(t, Options{URL: address})
		home := serving(t, s)
		r := newRemotes(t, RemoteOptions{}, from.host)
		destination := home + "/2048"
		for _, want := range []bool{true, false} {
			d, copied, err := r.Copy(t.Context(), from.host+"/someone/2048", "v1", destination, "appliance", password, nil)
			if err != nil || copied != want || d != h.index.Digest {
				t.Fatalf("known as %q: %s, %v, %v", address, d, copied, err)
			}
		}
		if m, err := s.Get(t.Context(), "2048", "v1"); err != nil || m.Digest != h.index.Digest || string(m.Raw) != string(h.index.Raw) {
			t.Errorf("%s, %v", m.Digest, err)
		}
		from.hold("someone/2048", newHandmade("other", 10, "amd64"), "v1", "v2")
		if _, _, err := r.Copy(t.Context(), from.host+"/someone/2048", "v1", destination, "appliance", password, nil); !errors.Is(err, ErrImmutable) {
			t.Errorf("an immutable tag: %v", err)
		}
		if _, _, err := r.Copy(t.Context(), from.host+"/someone/2048", "v2", destination, "appliance", "wrong", nil); !errors.Is(err, ErrDenied) {
			t.Errorf("a wrong token: %v", err)
		}
	}
}
