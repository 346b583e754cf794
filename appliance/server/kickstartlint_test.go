package server

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"edge/appliance/installation"
	"edge/kickstart"
)

// writtenKickstarts has one text for everybody.
type writtenKickstarts struct {
	fakeInstallations
	text string
}

func (f *writtenKickstarts) Kickstart(_ context.Context, a installation.Asked) ([]byte, error) {
	return []byte(f.text), f.called("kickstart %s %q %q", a.Blueprint, a.Device, a.Target)
}

const (
	forRHEL10 = "# made for somebody, for RHEL 10, by hand\n"
	wiping    = "text\nzerombr\nclearpart --all\nreboot\nrootpw --lock\n"
)

func TestKickstartIsJudged(t *testing.T) {
	const url = "/api/v1/blueprints/demo/kickstart"
	for _, tt := range []struct {
		name, text, url string
		headers         []string
		status          int
		want, wantNot   string
		call            string
	}{
		{"faulty", wiping, url, nil, 200, `{"target":"rhel9","text":"text\nzerombr\n`, "null", `kickstart demo "" ""`},
		{"its finding", wiping, url, nil, 200, `{"line":3,"level":"error","rule":"wipe","text":"clearpart wipes every disk`, "", `kickstart demo "" ""`},
		{"good", "text\nreboot\nrootpw --lock\n", url, nil, 200, `"findings":[]`, "null", `kickstart demo "" ""`},
		{"target of its first line", forRHEL10 + wiping, url, nil, 200, `"target":"rhel10"`, "", `kickstart demo "" ""`},
		{"asked target", forRHEL10 + wiping, url + "?target=fedora&device=edge-1", nil, 200, `"target":"fedora"`, "", `kickstart demo "edge-1" "fedora"`},
		{"on a terminal", wiping, url, []string{"Accept", textPlain}, 200, "3: error: clearpart wipes every disk of the machine, data disks and USB sticks too [wipe]; choose one disk", "{", `kickstart demo "" ""`},
		{"good, on a terminal", "text\nreboot\nrootpw --lock\n", url, []string{"Accept", textPlain}, 200, "nothing is wrong with it for RHEL 9\n", "", `kickstart demo "" ""`},
		{"of an unknown blueprint", wiping, "/api/v1/blueprints/nope/kickstart", nil, 404, "unknown-blueprint", "zerombr", ""},
		{"unknown target", wiping, url + "?target=rhel8", nil, 400, "want rhel9, rhel10 or fedora", "zerombr", ""},
		{"unknown parameter", wiping, url + "?devise=x", nil, 400, "unknown parameter", "zerombr", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &writtenKickstarts{text: tt.text}
			w := newScene(t, withInstallations(f)).do("GET", tt.url, "", tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || tt.wantNot != "" && strings.Contains(w.Body.String(), tt.wantNot) {
				t.Errorf("%d %s, want %d %q without %q", w.Code, w.Body, tt.status, tt.want, tt.wantNot)
			}
			if got := strings.Join(f.calls, "; "); got != tt.call {
				t.Errorf("called %s, want %s", got, tt.call)
			}
		})
	}
}

// Lines of findings are lines of the text as it is answered.
func TestFindingsNameTheirLines(t *testing.T) {
	w := newScene(t, withInstallations(&writtenKickstarts{text: forRHEL10 + wiping})).do("GET", "/api/v1/blueprints/demo/kickstart", "")
	var j judged
	if err := json.Unmarshal(w.Body.Bytes(), &j); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(j.Text, "\n")
	named := 0
	for _, f := range j.Findings {
		if f.Rule == "wipe" && f.Level == kickstart.Error {
			named++
			if lines[f.Line-1] != "clearpart --all" {
				t.Errorf("line %d is %q", f.Line, lines[f.Line-1])
			}
		}
	}
	if named != 1 {
		t.Errorf("%d findings of it: %+v", named, j.Findings)
	}
}

func TestPrivateKickstartIsNotJudged(t *testing.T) {
	s := newScene(t, withInstallations(&fakeInstallations{}), func(o *Options) { o.Private = true })
	if w := s.do("GET", "/api/v1/blueprints/demo/kickstart", ""); w.Code != 401 {
		t.Errorf("without a token = %d", w.Code)
	}
}
