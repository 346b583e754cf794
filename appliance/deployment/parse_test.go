package deployment

import (
	"errors"
	"strings"
	"testing"
)

func TestParsersRefuse(t *testing.T) {
	rpm := func(text string) error {
		status, err := parseRPMStatus([]byte(text))
		if err == nil {
			_, err = status.entries()
		}
		return err
	}
	boot := func(text string) error {
		host, err := parseBootc([]byte(text))
		if err == nil {
			_, err = host.entries()
		}
		return err
	}
	admin := func(text string) error { _, err := parseAdminStatus([]byte(text)); return err }
	show := func(text string) error { _, err := parseShow([]byte(text)); return err }
	checked := func(text string) error { _, _, err := parseBootcCheck([]byte(text)); return err }
	good := `{"osname":"rhel","checksum":"` + commit(1) + `","booted":true}`
	for name, err := range map[string]error{
		"no JSON":             rpm("Not a system"),
		"two documents":       rpm(`{"deployments":[]} {}`),
		"short checksum":      rpm(`{"deployments":[{"osname":"rhel","checksum":"abc"}]}`),
		"path as OS":          rpm(`{"deployments":[{"osname":"../x","checksum":"` + commit(1) + `"}]}`),
		"two booted":          rpm(`{"deployments":[` + good + `,` + good + `]}`),
		"too many":            rpm(`{"deployments":[` + strings.Repeat(good+",", mostDeployments) + good + `]}`),
		"negative serial":     rpm(`{"deployments":[{"osname":"rhel","checksum":"` + commit(1) + `","serial":-1}]}`),
		"huge":                rpm(strings.Repeat(" ", mostText+1)),
		"other kind":          boot(`{"kind":"Pod"}`),
		"composefs":           boot(`{"kind":"BootcHost","status":{"booted":{"composefs":{}}}}`),
		"bad digest":          boot(`{"kind":"BootcHost","status":{"booted":{"image":{"imageDigest":"sha256:1"},"ostree":{"checksum":"` + commit(1) + `"}}}}`),
		"prose":               admin("something went wrong\n"),
		"detail first":        admin("    Version: 1\n"),
		"option as OS":        admin("* --os " + commit(1) + ".0\n"),
		"no serial":           admin("* rhel " + commit(1) + "\n"),
		"big serial":          admin("* rhel " + commit(1) + ".99999999999\n"),
		"other mark":          admin("+ rhel " + commit(1) + ".0\n"),
		"nothing shown":       show(""),
		"other thing shown":   show("tree " + commit(1)),
		"bad date":            show("commit " + commit(1) + "\nDate:  yesterday\n"),
		"update, no digest":   checked("Update available for: x\n  Version: 1\n"),
		"update, bad digest":  checked("Update available for: x\n  Digest: --apply\n"),
		"long status":         admin(strings.Repeat("x", mostText+1)),
		"long commit":         show(strings.Repeat("x", mostText+1)),
		"long check of bootc": checked(strings.Repeat("x", mostText+1)),
	} {
		if !errors.Is(err, ErrMeaning) {
			t.Errorf("%s: error = %v, want ErrMeaning", name, err)
		}
	}
}

// A subject that looks like metadata is none.
func TestShowEndsBeforeTheSubject(t *testing.T) {
	d, err := parseShow([]byte("commit " + commit(1) + "\nParent:  " + commit(2) + "\nContentChecksum:  " + commit(3) + "\nDate:  2024-01-03 12:00:00 +0200\n(no version)\n\n    Version: 9\nVersion: 9\n"))
	if err != nil || d.Version != "" || d.Time.Format("15:04 MST") != "10:00 UTC" {
		t.Errorf("parseShow = %+v, %v", d, err)
	}
}

func TestPlain(t *testing.T) {
	if got := plain(" 1.0\x1b[31m\n\u202e \xff" + strings.Repeat("x", 1000)); !strings.HasPrefix(got, "1.0[31m xxx") || len(got) > mostWord {
		t.Errorf("plain = %q", got)
	}
}

func FuzzAdminStatus(f *testing.F) {
	f.Add("* debian " + commit(1) + ".0 (staged)\n    Version: 0.0.1\n    Pinned: yes\n    origin refspec: a:b\n")
	f.Add("No deployments.\n")
	f.Add("  \n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := parseAdminStatus([]byte(text))
		if err == nil && len(rows) > mostDeployments {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			sane(t, r.entry)
		}
	})
}

func FuzzRPMStatus(f *testing.F) {
	f.Add(`{"deployments":[{"osname":"rhel","checksum":"` + commit(1) + `","booted":true,"timestamp":1704103200}]}`)
	f.Add(`{"deployments":null,"cached-update":{"checksum":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		status, err := parseRPMStatus([]byte(text))
		if err != nil {
			return
		}
		if list, err := status.entries(); err == nil {
			for _, e := range list {
				sane(t, e)
			}
		}
	})
}

func FuzzBootc(f *testing.F) {
	f.Add(`{"kind":"BootcHost","status":{"booted":{"image":{"imageDigest":"` + digest(1) + `"},"ostree":{"checksum":"` + commit(1) + `"}}}}`)
	f.Add("Update available for: x\n  Version: 1\n  Digest: " + digest(2) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		if host, err := parseBootc([]byte(text)); err == nil {
			if list, err := host.entries(); err == nil {
				for _, e := range list {
					sane(t, e)
				}
			}
		}
		if d, some, err := parseBootcCheck([]byte(text)); err == nil && some && !isDigest(d.Commit) {
			t.Errorf("digest %q", d.Commit)
		}
	})
}

func FuzzShow(f *testing.F) {
	f.Add("commit " + commit(1) + "\nDate:  2024-01-03 10:00:00 +0000\nVersion: 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseShow([]byte(text)); err == nil && (!isCommit(d.Commit) || plain(d.Version) != d.Version) {
			t.Errorf("parseShow = %+v", d)
		}
	})
}

// sane holds what a parser believed to what the rest of the room relies on.
func sane(t *testing.T, e entry) {
	t.Helper()
	if !isCommit(e.checksum) || !isName(e.stateroot) || e.serial < 0 {
		t.Errorf("entry %+v", e)
	}
	for _, text := range []string{e.Version, e.Ref} {
		if plain(text) != text {
			t.Errorf("text %q", text)
		}
	}
	if remote, ref, ok := remoteRef(e.Ref); ok && (strings.HasPrefix(remote, "-") || strings.HasPrefix(ref, "-") || strings.ContainsAny(remote+ref, " \n;$")) {
		t.Errorf("words %q %q", remote, ref)
	}
}
