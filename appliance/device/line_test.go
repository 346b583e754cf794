package device

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	boots := Line{Key: "GREENBOOT_MAX_BOOT_ATTEMPTS", Value: "4", Default: "3"}
	policy := Line{Section: "Daemon", Key: "AutomaticUpdatePolicy", Value: "none", Default: "none"}
	for name, tt := range map[string]struct {
		line       Line
		text, want string // no want: it is said already
	}{
		"empty file":      {boots, "", "GREENBOOT_MAX_BOOT_ATTEMPTS=4\n"},
		"replaced":        {boots, "# a\nGREENBOOT_MAX_BOOT_ATTEMPTS=3\nB=(\"x\")\n", "# a\nGREENBOOT_MAX_BOOT_ATTEMPTS=4\nB=(\"x\")\n"},
		"replaced quoted": {boots, "GREENBOOT_MAX_BOOT_ATTEMPTS=\"5\"", "GREENBOOT_MAX_BOOT_ATTEMPTS=4"},
		"twice":           {boots, "GREENBOOT_MAX_BOOT_ATTEMPTS=1\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n", "GREENBOOT_MAX_BOOT_ATTEMPTS=4\nGREENBOOT_MAX_BOOT_ATTEMPTS=4\n"},
		"comment":         {boots, "#GREENBOOT_MAX_BOOT_ATTEMPTS=3\n", "GREENBOOT_MAX_BOOT_ATTEMPTS=4\n#GREENBOOT_MAX_BOOT_ATTEMPTS=3\n"},
		"said":            {boots, "GREENBOOT_MAX_BOOT_ATTEMPTS=\"4\"\n", ""},
		"default":         {Line{Key: "A", Value: "3", Default: "3"}, "", ""},
		"policy default":  {policy, "[Daemon]\n#AutomaticUpdatePolicy=stage\n", ""},
		"policy":          {policy, "[Daemon]\nAutomaticUpdatePolicy = stage\n[Experimental]\nX=1\n", "[Daemon]\nAutomaticUpdatePolicy=none\n[Experimental]\nX=1\n"},
		"other section":   {Line{Section: "Daemon", Key: "X", Value: "2"}, "[Experimental]\nX=1\n", "[Experimental]\nX=1\n[Daemon]\nX=2\n"},
		"in section":      {Line{Section: "Daemon", Key: "X", Value: "2"}, "[Daemon]\nY=1\n", "[Daemon]\nX=2\nY=1\n"},
		"head at the end": {Line{Section: "Daemon", Key: "X", Value: "2"}, "Y=1\n[Daemon]", "Y=1\n[Daemon]\nX=2"},
		"no end of line":  {Line{Section: "Daemon", Key: "X", Value: "2"}, "Y=1", "Y=1\n[Daemon]\nX=2"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.want == "" {
				if !tt.line.holds(tt.text) {
					t.Errorf("%q does not hold %s", tt.text, tt.line.text())
				}
				return
			}
			if tt.line.holds(tt.text) {
				t.Errorf("%q holds %s already", tt.text, tt.line.text())
			}
			back(t, tt.line, tt.text)
			if got := tt.line.set(tt.text); got != tt.want {
				t.Errorf("set = %q, want %q", got, tt.want)
			}
		})
	}
}

// back checks that what is set is said, and that unset gives the very same text back.
func back(t *testing.T, l Line, text string) {
	t.Helper()
	set := l.set(text)
	if !l.written(set) {
		t.Errorf("%q does not say %s", set, l.text())
	}
	if got := l.unset(set, l.old(text), l.makes(text)); got != text {
		t.Errorf("unset gives %q back for %q", got, text)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("[Daemon]\nX=1\n", "Daemon")
	f.Add("X=1\nX=2\n[Other]\n", "")
	f.Add("\n\n[Daemon]", "Daemon")
	f.Fuzz(func(t *testing.T, text, section string) {
		if section != "" && section != "Daemon" {
			return
		}
		l := Line{Section: section, Key: "X", Value: "2"}
		if strings.Contains(text, l.text()) {
			return // then some lines are ours before we come
		}
		back(t, l, text)
	})
}
