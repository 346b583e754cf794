package ostree

import (
	"errors"
	"testing"
	"time"
)

func TestParseConfig(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		ok         bool // an archive that we can keep
		timeout    time.Duration
	}{
		{"ours", newConfig, true, 300 * time.Second},
		{"as libostree writes it", "[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n\n[archive]\nzlib-level=9\n", true, 300 * time.Second},
		{"old name, comments, blanks", "# kept by hand\n[core]\n repo_version = 1\nmode= archive\nlock-timeout-secs=-1\n[remote \"x\"]\nurl=http://a=b\n", true, -time.Second},
		{"bare", "[core]\nrepo_version=1\nmode=bare\n", false, 300 * time.Second},
		{"a parent", "[core]\nrepo_version=1\nmode=archive-z2\nparent=/other\n", false, 300 * time.Second},
		{"newer version", "[core]\nrepo_version=2\nmode=archive-z2\n", false, 300 * time.Second},
		{"empty", "", false, 300 * time.Second},
	} {
		c, err := parseConfig([]byte(tt.text))
		if err != nil || (c.archive() == nil) != tt.ok || c.LockTimeout != tt.timeout {
			t.Errorf("%s: %+v, %v, archive: %v", tt.name, c, err, c.archive())
		}
	}
	for _, text := range []string{"nonsense\n", "[core]\nlock-timeout-secs=soon\n"} {
		if _, err := parseConfig([]byte(text)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("parseConfig(%q) = %v, want a refusal", text, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(newConfig))
	f.Add([]byte("[core]\nlock-timeout-secs=9999999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseConfig(data); err == nil && c.archive() == nil && c.Version != "1" {
			t.Errorf("accepted %+v", c)
		}
	})
}
