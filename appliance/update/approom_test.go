package update

import (
	"strings"
	"testing"

	"edge/appliance/profile"
)

// Without space neither the new image would start nor, once it is stopped, the old one.
func TestNoRoomNoOutage(t *testing.T) {
	both(t, func(w *world, a profile.App) {
		w.want(Current)
		v1 := w.remote[a.Image]
		v2 := w.publish(a, "v2", good)
		o := w.options()
		for name, left := range map[string][]uint64{"at once": {appLeast - 1}, "after the pull": {appLeast, appLeast - 1}} {
			before := len(w.calls)
			o.Space = func(path string) (free, size uint64, err error) {
				if path != w.dir {
					w.Errorf("asks for the space at %q", path)
				}
				free = left[0]
				if len(left) > 1 {
					left = left[1:]
				}
				return free, 1 << 40, nil
			}
			results, err := Apps(w.Context(), o)
			if err != nil || results[0].Did != Failed || !strings.Contains(results[0].Reason, "space") {
				w.Errorf("%s: %+v, %v", name, results, err)
			}
			for _, call := range w.calls[before:] {
				if strings.Contains(call, "start "+a.Service()) || strings.Contains(call, "stop") {
					w.Errorf("%s: a run without space does %q", name, call)
				}
			}
			w.serves(a, v1)
			if w.known[idOf(v2)] != nil {
				w.Errorf("%s: the new image is left on the full disk", name)
			}
		}
		w.want(Updated)
		w.serves(a, v2)
	})
}
