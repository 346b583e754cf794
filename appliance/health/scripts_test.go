package health

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edge/appliance/report"
)

// The order is that of bash greenboot; only *.sh count, at any depth, whatever their mode.
func TestScriptsRunInGreenbootsOrder(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, name := range []string{
		"etc/greenboot/check/required.d/05_x.sh", "etc/greenboot/check/wanted.d/01_x.sh", "etc/greenboot/check/required.d/readme",
		"usr/lib/greenboot/check/wanted.d/02_x.sh", "usr/lib/greenboot/check/required.d/20_x.sh", "usr/lib/greenboot/check/required.d/10_x.sh",
		"usr/lib/greenboot/check/required.d/15_more/a.sh", "usr/lib/greenboot/green.d/g.sh", "etc/greenboot/green.d/a.sh", "etc/greenboot/red.d/r.sh",
	} {
		text := "exit 0\n"
		if strings.Contains(name, "wanted") {
			text = "exit 1\n"
		}
		m.write(name, text)
	}
	j := m.judge()
	var got []string
	for _, s := range j.Scripts {
		got = append(got, strings.TrimPrefix(s.Path, "/"))
	}
	want := `usr/lib/greenboot/check/required.d/10_x.sh
usr/lib/greenboot/check/required.d/15_more/a.sh
usr/lib/greenboot/check/required.d/20_x.sh
usr/lib/greenboot/check/wanted.d/02_x.sh
etc/greenboot/check/required.d/05_x.sh
etc/greenboot/check/wanted.d/01_x.sh
usr/lib/greenboot/green.d/g.sh
etc/greenboot/green.d/a.sh`
	if strings.Join(got, "\n") != want || j.Verdict != report.Green {
		t.Errorf("%s: ran\n%s", j.Verdict, strings.Join(got, "\n"))
	}
}

func TestScriptsStopAtTheFirstRequiredFailure(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("usr/lib/greenboot/check/required.d/10_ok.sh", "echo fine\n")
	m.write("usr/lib/greenboot/check/required.d/20_bad.sh", "echo \"line one\nline two\" >&2; exit 7\n")
	m.write("usr/lib/greenboot/check/wanted.d/30_never.sh", "exit 0\n")
	m.write("etc/greenboot/check/required.d/40_never.sh", "exit 0\n")
	m.write("etc/greenboot/red.d/50_red.sh", "exit 1\n")
	var out bytes.Buffer
	d := m.device()
	d.Out = &out
	j, err := d.Judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range j.Scripts {
		got = append(got, filepath.Base(s.Path))
	}
	if strings.Join(got, " ") != "10_ok.sh 20_bad.sh 50_red.sh" || j.Verdict != report.Red {
		t.Errorf("%s: ran %v", j.Verdict, got)
	}
	if r := j.Scripts[1].Reason; r != "exit status 7: line one line two" {
		t.Errorf("reason %q", r)
	}
	if !strings.Contains(out.String(), "fine\n") {
		t.Errorf("said %q", out.String())
	}
	b, err := d.Boot(t.Context())
	if err != nil || b.Verdict != report.Red || len(b.Checks) != 1 || b.Checks[0].Name != "20_bad.sh" {
		t.Errorf("Boot = %+v, %v", b, err)
	}
}

func TestScriptThatHangs(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("hang.sh", "sleep 60\n")
	s := m.device().complete().script(t.Context(), "/hang.sh", 50*time.Millisecond)
	if s.OK || s.Reason != "it did not end within 50ms" {
		t.Errorf("%+v", s)
	}
}
