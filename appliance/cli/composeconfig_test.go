package cli

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestComposeConfig(t *testing.T) {
	c, err := parseConfig([]byte(`[compose]
backend = "weldr"
distro = "rhel-9.6"
ref = "rhel/9/x86_64/edge"
repositories = ["/srv/repositories"]
store = "/srv/osbuild"
cache = "40 GiB"
timeout = "90m"
weldr = "/run/w.socket"
`), "x", false)
	want := composeConfig{"weldr", "rhel-9.6", "rhel/9/x86_64/edge", []string{"/srv/repositories"}, "/srv/osbuild", 40 << 30, 90 * time.Minute, "/run/w.socket"}
	if err != nil || !reflect.DeepEqual(c.compose, want) || !reflect.DeepEqual(c.compose.filled(true), want) {
		t.Errorf("%+v, %v", c.compose, err)
	}
	if f := (composeConfig{}).filled(false); f.backend != "osbuild" || f.cache != defaultCache || len(f.repositories) != 3 {
		t.Errorf("%+v", f)
	}
	if f := (composeConfig{}).filled(true); f.backend != "sample" {
		t.Errorf("%+v", f)
	}
	for text, want := range map[string]string{
		`backend = "magic"`:      "want one of",
		`distro = "rhel9"`:       "no distribution",
		`distro = "../../etc-9"`: "no distribution",
		`ref = "a b"`:            "compose.ref",
		`store = "cache"`:        "no absolute path",
		`repositories = ["a"]`:   "no absolute path",
		`cache = "1 KiB"`:        "is not from",
		`timeout = "1s"`:         "is not from",
		`backends = "osbuild"`:   "unknown key",
	} {
		if _, err := parseConfig([]byte("[compose]\n"+text+"\n"), "x", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
