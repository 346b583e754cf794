package server

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	a := strings.Repeat("a", 64)
	c := strings.Repeat("c", 64)
	for _, tt := range []struct{ name, method, url, body, want string }{
		{"status", "GET", "/api/v1/status", "", `
appliance:  1.2.3
url:        http://builder:8080
started:    2023-03-01 12:00
data free:  5.0 GB

BLUEPRINT  PUBLISHED  RELEASES  REF                 COMMIT        OBJECTS      SIZE
demo       0.0.1             2  rhel/9/x86_64/edge  aaaaaaaaaaaa    27331  332.5 MB
empty      -                 0  -                   -                   0       0 B
`},
		{"blueprint", "GET", "/api/v1/blueprints/demo", "", `
blueprint:   demo
published:   0.0.1
ref:         rhel/9/x86_64/edge
commit:      ` + a + `
releases:    2
repository:  http://builder:8080/demo/repo/
on disk:     332.5 MB in 27331 objects
public key:  a2V5
`},
		{"releases", "GET", "/api/v1/releases", "", `
BLUEPRINT  VERSION  STATE      REF                 COMMIT        TIME              PACKAGES    SIZE  REMARKS
demo       0.0.2    staged     rhel/9/x86_64/edge  bbbbbbbbbbbb  2023-03-02 12:00         -  1.2 MB
demo       0.0.1    published  rhel/9/x86_64/edge  aaaaaaaaaaaa  2023-03-01 12:00       512  1.2 MB  pinned, re-stamped
`},
		{"no releases", "GET", "/api/v1/releases/empty", "", "\nno releases\n"},
		{"release", "GET", "/api/v1/releases/demo/0.0.1", "", `
release:      demo@0.0.1
state:        published
remarks:      pinned, re-stamped
ref:          rhel/9/x86_64/edge
commit:       ` + a + `
imported as:  ` + c + `
subject:      a <b>bold</b> subject
time:         2023-03-01 12:00
added:        2023-03-02 13:00
published:    2023-03-02 13:00
origin:       archive
packages:     512
size:         1.2 MB in 7 objects, 3 of them new
signatures:   2 ed25519, 1 gpg
`},
		{"packages", "GET", "/api/v1/releases/demo/0.0.1/packages", "", "\ngit-2.31.1-3.el9_1.x86_64\n"},
		{"diff", "GET", "/api/v1/releases/demo/0.0.2/diff?from=0.0.1", "", `
demo@0.0.1 -> demo@0.0.2
2 removed, 1 added, 2 upgraded, 0 downgraded

Removed (2)
  git-2.31.1-1.el9.x86_64
  perl-Error-1:0.17-1.el9.x86_64

Added (1)
  zsh-5.8-1.el9.x86_64

Upgraded (2)
  bash.x86_64          5.1.8-1.el9    -> 5.1.16-1.el9
  openssl-libs.x86_64  1:3.0.1-1.el9  -> 1:3.0.7-1.el9
`},
		{"publish", "POST", "/api/v1/releases/demo/0.0.2/publish", `{"force":true}`, `
published demo@0.0.2: rhel/9/x86_64/edge goes from aaaaaaaaaaaa to bbbbbbbbbbbb
forced over time: runs backwards
`},
		{"prune", "POST", "/api/v1/releases/demo/prune", `{"dry_run":true}`, `
would remove 1 release
  demo@0.0.2
would remove 3 objects of 4.1 kB, 0 deltas; kept 10 objects
`},
		{"verify", "POST", "/api/v1/releases/demo/verify", "", `
verified 1000 objects in 2 commits, 5.0 MB: 1 fault

CAUSE    OBJECT               PATH          DETAIL
corrupt  cccccccccccc….filez  /usr/bin/git  it hashes to something else
`},
		{"deltas", "GET", "/api/v1/releases/demo/deltas", "", `
FROM     TO        SIZE
nothing  0.0.1  90.0 MB
0.0.1    0.0.2   2.6 MB
`},
		{"delta", "POST", "/api/v1/releases/demo/0.0.2/delta", `{"from":"0.0.1"}`, "\nmade a delta from 0.0.1 to 0.0.2 of 2.6 MB\n"},
		{"error", "GET", "/api/v1/releases/demo/7.0.0", "", `
No such release: no such release: "demo@7.0.0"
hint: GET /api/v1/releases lists what there is; so does: appliance release list
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newScene(t).do(tt.method, tt.url, tt.body, append(withToken, "Accept", "text/plain")...)
			if got := "\n" + w.Body.String(); got != tt.want {
				t.Errorf("%s %s as text:%s\nwant:%s", tt.method, tt.url, got, tt.want)
			}
		})
	}
}
