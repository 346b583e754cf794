package app

import (
	"strings"
	"testing"
)

func TestChecked(t *testing.T) {
	for _, tt := range []struct {
		name  string
		apps  []App
		fault string
	}{
		{"the least", []App{{Name: "a"}}, ""},
		{"the most", []App{{Name: "a", Image: "quay.io:443/x/y", Source: "docker.io/library/nginx", Tag: "stable"}}, ""},
		{"localhost", []App{{Name: "a", Image: "localhost/x"}}, ""},
		{"no name", []App{{}}, "malformed"},
		{"a slash", []App{{Name: "a/b"}}, "malformed"},
		{"capitals", []App{{Name: "A"}}, "malformed"},
		{"twice", []App{{Name: "a"}, {Name: "a"}}, "twice"},
		{"a tag in the image", []App{{Name: "a", Image: "x:v1"}}, `"x:v1"`},
		{"a bad tag", []App{{Name: "a", Tag: "x/y"}}, `"x/y"`},
		{"our own tag", []App{{Name: "a", Tag: "prod.prev"}}, ".prev"},
		{"a source without a host", []App{{Name: "a", Source: "library/nginx"}}, "HOST/REPOSITORY"},
		{"a URL", []App{{Name: "a", Source: "https://quay.io/x"}}, "HOST/REPOSITORY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := checked(tt.apps)
			if (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("checked(%+v) = %v, want %q", tt.apps, err, tt.fault)
			}
		})
	}
	_, err := checked([]App{{Name: "A"}, {Name: "b", Tag: "/"}})
	if err == nil || !strings.Contains(err.Error(), `app "A": `) || !strings.Contains(err.Error(), `app "b": `) {
		t.Errorf("faults = %v, want both", err)
	}
}

func TestSplitImage(t *testing.T) {
	for image, want := range map[string][2]string{
		"2048":               {"", "2048"},
		"team/2048":          {"", "team/2048"},
		"quay.io/team/2048":  {"quay.io", "team/2048"},
		"builder:5000/2048":  {"builder:5000", "2048"},
		"localhost/2048":     {"localhost", "2048"},
		"127.0.0.1:80/a/b/c": {"127.0.0.1:80", "a/b/c"},
	} {
		if host, repository := SplitImage(image); host != want[0] || repository != want[1] {
			t.Errorf("SplitImage(%q) = %q, %q, want %q", image, host, repository, want)
		}
	}
}
