package cli

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestFlagFault(t *testing.T) {
	for _, tt := range []struct{ arg, want string }{
		{"--count=x", `invalid argument "x" for "--count" flag: want a whole number`},
		{"--count=99999999999999999999", `invalid argument "99999999999999999999" for "--count" flag: the number is too large`},
		{"--after=-1", `invalid argument "-1" for "--after" flag: want a whole number of 0 or more`},
		{"--force=perhaps", `invalid argument "perhaps" for "--force" flag: want true or false`},
		{"--valid=soon", `invalid argument "soon" for "--valid" flag: "soon" is no duration: want one such as 30s, 12h, 30d or 2w`},
		{"--nope", "unknown flag: --nope"},
	} {
		cmd := &cobra.Command{}
		cmd.Flags().Int("count", 0, "")
		cmd.Flags().Uint64("after", 0, "")
		cmd.Flags().Bool("force", false, "")
		bindDuration(cmd, new(time.Duration), "valid", 0, "")
		err := cmd.ParseFlags([]string{tt.arg})
		if err == nil {
			t.Errorf("%s is taken", tt.arg)
			continue
		}
		if got := flagFault(err).Error(); got != tt.want {
			t.Errorf("%s: %s\nwant: %s", tt.arg, got, tt.want)
		}
	}
}

func TestDurationFlag(t *testing.T) {
	var d time.Duration
	cmd := &cobra.Command{}
	bindDuration(cmd, &d, "valid", 24*time.Hour, "")
	if d != 24*time.Hour || cmd.Flag("valid").DefValue != "24h" {
		t.Errorf("unset it is %v and shown as %q", d, cmd.Flag("valid").DefValue)
	}
	if err := cmd.ParseFlags([]string{"--valid=30d"}); err != nil || d != 30*24*time.Hour {
		t.Errorf("30d is %v, %v", d, err)
	}
}
