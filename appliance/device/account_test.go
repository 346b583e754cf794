package device

import (
	"slices"
	"testing"
)

func TestAccountTables(t *testing.T) {
	const passwd = "sysadmin:x:1:1::/:/bin/sh\nadmin:x:bad:1::/:/bin/sh\nadmin:x:1000:1001:A, B:/var/home/admin:/bin/bash\nadmin:x:2000:2000::/x:/y\n"
	if u, ok := parsePasswd(passwd, "admin"); !ok || u.UID != 1000 || u.GID != 1001 || u.Home != "/var/home/admin" {
		t.Errorf("parsePasswd = %+v, %v", u, ok)
	}
	for _, name := range []string{"", "dmin", "admin:x"} {
		if u, ok := parsePasswd(passwd, name); ok {
			t.Errorf("parsePasswd(%q) = %+v", name, u)
		}
	}
	if got := parseGroups("wheel:x:10:root,admin\nadmin:x:1001:admin\nxadmin:x:11:xadmin\nbad:x:y:admin\n", "admin", 1001); !slices.Equal(got, []uint32{10}) {
		t.Errorf("parseGroups = %v", got)
	}
	if got := countIDs("admin:1:100\n1000:200:50\nadminx:1:9\nadmin:1:-5\n", "admin", 1000); got != 150 {
		t.Errorf("countIDs = %d", got)
	}
}

func FuzzAccountTables(f *testing.F) {
	f.Add("admin:x:1000:1000::/home/admin:/bin/sh\n", "admin")
	f.Add("a:b:c\n:::\n", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		if u, ok := parsePasswd(text, name); ok && (u.Name != name || name == "") {
			t.Errorf("found %+v for %q", u, name)
		}
		parseGroups(text, name, 0)
		countIDs(text, name, 0)
	})
}

func TestVersions(t *testing.T) {
	for text, want := range map[string]int{"systemd 252 (252.39-1~deb12u1)\n+PAM": 252, "": 0, "systemd x": 0, "upstart 1": 0} {
		if got := systemdVersion(text); got != want {
			t.Errorf("systemdVersion(%q) = %d, want %d", text, got, want)
		}
	}
}
