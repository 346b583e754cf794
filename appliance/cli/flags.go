package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/toml"
)

// duration is the value of a flag, read as configuration files are: with days and weeks.
type duration time.Duration

// bindDuration binds a flag for a duration; preset is what it is without the flag.
func bindDuration(cmd *cobra.Command, d *time.Duration, name string, preset time.Duration, usage string) {
	*d = preset
	cmd.Flags().Var((*duration)(d), name, usage)
}

func (d *duration) Set(s string) error {
	v, err := toml.ParseDuration(s)
	*d = duration(v)
	return err
}

func (d *duration) Type() string   { return "duration" }
func (d *duration) String() string { return toml.FormatDuration(time.Duration(*d)) }

// oneOf lets TAB offer the words that a flag knows.
func oneOf(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}

// flagFault says of a number that is none what is wanted, where the flags' library tells which function of Go it asked.
func flagFault(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return err
	}
	want := "want a whole number"
	switch {
	case number.Func == "ParseBool":
		want = "want true or false"
	case errors.Is(number, strconv.ErrRange):
		want = "the number is too large"
	case number.Func == "ParseUint":
		want = "want a whole number of 0 or more"
	}
	return fmt.Errorf("%s: %s", strings.TrimSuffix(err.Error(), ": "+number.Error()), want)
}
