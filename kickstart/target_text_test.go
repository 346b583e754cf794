package kickstart

import "testing"

// The text of each target says which one it is for, and one that does not say it is for none.
func TestTargetOfText(t *testing.T) {
	for _, want := range Targets() {
		p := full()
		p.Target = want
		if got := TargetOfText(render(t, p)); got != want {
			t.Errorf("a kickstart for %s says %q", want, got)
		}
	}
	for _, text := range []string{"", "text\nreboot\n", "text\n# Kickstart of demo, for RHEL 9, from the builder\n"} {
		if got := TargetOfText(text); got != "" {
			t.Errorf("%q says %q", text, got)
		}
	}
}
