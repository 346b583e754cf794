package update

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edge/appliance/command"
	"edge/appliance/podman"
)

// storage is a podman that pulls only from a moment on.
type storage struct {
	from  time.Time // when the network is there
	lacks bool      // podman itself

	mu    sync.Mutex
	here  map[string]bool
	pulls []time.Time
	now   int // pulls under way
	most  int
}

func (s *storage) Run(ctx context.Context, spec command.Spec) ([]byte, error) {
	line, name := strings.Join(spec.Argv, " "), spec.Argv[len(spec.Argv)-1]
	switch {
	case s.lacks:
		return nil, command.ErrNotFound
	case strings.HasPrefix(line, "podman image exists"):
		if s.has(name) {
			return nil, nil
		}
		return nil, exit(1, "")
	case strings.HasPrefix(line, "podman pull"):
		return s.pull(ctx, name)
	case strings.HasPrefix(line, "podman image inspect"):
		return []byte(`[{"Id":"` + idA + `","Digest":"` + digestA + `"}]`), nil
	}
	return nil, errors.New("nobody expected " + line)
}

func (s *storage) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.here[name]
}

func (s *storage) pull(ctx context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	s.pulls = append(s.pulls, time.Now())
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	err := pause(ctx, time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	switch {
	case err != nil:
		return nil, err
	case time.Now().Before(s.from):
		return nil, exit(125, "pinging container registry: connection refused")
	}
	s.here[name] = true
	return []byte(idA + "\n"), nil
}

func prepull(s *storage, apps int, deadline time.Duration) PrepullOptions {
	s.here = map[string]bool{}
	o := PrepullOptions{Session: podman.New(s, nil), Deadline: deadline}
	for i := range apps {
		a := warmApp
		a.Name, a.Image = "app"+string(rune('a'+i)), "builder.example:8080/app"+string(rune('a'+i))+":prod"
		o.Profile.Apps = append(o.Profile.Apps, a)
	}
	return o
}

// The network comes up an hour after the device: by then attempts are rare, and never far apart.
func TestPrepullWaitsForTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storage{from: time.Now().Add(time.Hour)}
		o := prepull(s, 1, 0)
		told := 0
		o.Tell = func(app, what string) { told++ }
		r, err := Prepull(t.Context(), o)
		if err != nil || len(r) != 1 || r[0].Did != Pulled || r[0].App != "appa" || r[0].To != digestA || told < len(s.pulls) {
			t.Fatalf("Prepull = %+v, %v", r, err)
		}
		if late := time.Since(s.from); late > mostBackoff+2*time.Second {
			t.Errorf("the image is here %v after the network", late)
		}
		if n := len(s.pulls); n < 30 || n > 80 {
			t.Errorf("%d attempts in an hour", n)
		}
		if first := s.pulls[1].Sub(s.pulls[0]) - time.Second; first < firstBackoff/2 || first > firstBackoff {
			t.Errorf("the first wait is %v", first)
		}
		even := true
		for i := 12; i < len(s.pulls); i++ {
			even = even && s.pulls[i].Sub(s.pulls[i-1]) == s.pulls[12].Sub(s.pulls[11])
		}
		if even {
			t.Error("waits do not vary")
		}
	})
}

func TestPrepullIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storage{}
		o := prepull(s, 8, time.Hour)
		s.here[o.Profile.Apps[5].Image] = true
		r, err := Prepull(t.Context(), o)
		if err != nil || len(r) != 8 || len(s.pulls) != 7 || s.most != prepullAtOnce || r[5].Did != Current {
			t.Errorf("Prepull = %+v, %v: %d pulls, %d at once", r, err, len(s.pulls), s.most)
		}
	})
}

// The error names what is missing and podman's reason, not only that time is over.
func TestPrepullDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &storage{from: time.Now().Add(time.Hour)}
		begun := time.Now()
		r, err := Prepull(t.Context(), prepull(s, 2, 10*time.Minute))
		if took := time.Since(begun); took != 10*time.Minute {
			t.Errorf("it took %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `"builder.example:8080/appb:prod"`) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("error %v", err)
		}
		for _, one := range r {
			if one.Did != Unreachable || one.Reason != "pinging container registry: connection refused" {
				t.Errorf("result %+v", one)
			}
		}
	})
}

// Without podman no waiting helps.
func TestPrepullWithoutPodman(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		r, err := Prepull(t.Context(), prepull(&storage{lacks: true}, 1, 0))
		if !errors.Is(err, command.ErrNotFound) || r[0].Did != Failed || time.Since(begun) != 0 {
			t.Errorf("Prepull = %+v, %v after %v", r, err, time.Since(begun))
		}
	})
}

func TestBackoff(t *testing.T) {
	for n := range 100 {
		if d := backoff(n); d < firstBackoff/2 || d > mostBackoff || n > 10 && d < mostBackoff/2 {
			t.Errorf("the wait after attempt %d is %v", n, d)
		}
	}
}
