package cli

import (
	"strings"
	"testing"
	"time"
)

func TestBlueprintConfig(t *testing.T) {
	c, err := parseConfig([]byte("[blueprint]\nremote = 'https://git.example/edge/blueprints.git/'\nbranch = 'main'\nfolder = 'edge'\npoll = '1h'\n"), "x", false)
	if r := c.blueprint.remote; err != nil || r.URL != "https://git.example/edge/blueprints.git" || r.Branch != "main" || r.Folder != "edge" || r.Every != time.Hour {
		t.Errorf("%+v, %v", r, err)
	}
	if c, err = parseConfig(nil, "x", false); err != nil || c.blueprint.remote.URL != "" || c.blueprint.remote.Every != defaultPoll {
		t.Errorf("%+v, %v", c.blueprint, err)
	}
	for text, want := range map[string]string{
		"remote = 'git@host:x'": "x:2:1: blueprint.remote: want the http(s) URL",
		"branch = 'a b'":        "x:2:1: blueprint.branch: ",
		"poll = '-1s'":          "x:2:1: blueprint.poll: ",
		"pull = '1h'":           `x:2:1: unknown key "blueprint.pull"`,
	} {
		if _, err := parseConfig([]byte("[blueprint]\n"+text+"\n"), "x", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
