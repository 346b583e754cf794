package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
)

// takes checks the number of arguments against their names; "[NAME]" may be missing. What is
// missing or too much is named.
func takes(names ...string) cobra.PositionalArgs {
	need := 0
	for _, name := range names {
		if !strings.HasPrefix(name, "[") {
			need++
		}
	}
	return func(cmd *cobra.Command, args []string) error {
		hint := "usage: " + cmd.UseLine()
		switch {
		case len(args) < need:
			return usageError{fmt.Errorf("%s: %s is missing", cmd.CommandPath(), names[len(args)]), hint}
		case len(args) > len(names):
			return usageError{fmt.Errorf("%s: %q is too much", cmd.CommandPath(), args[len(names)]), hint}
		}
		return nil
	}
}

// parseID reads NAME@VERSION as an argument.
func parseID(arg string) (blueprint.ID, error) {
	id, err := blueprint.ParseID(arg)
	if err != nil {
		return id, usageError{err, "a release is written NAME@VERSION, such as demo_upgrade@0.0.2"}
	}
	return id, nil
}

// parsePair reads two releases of one blueprint.
func parsePair(from, to string) (a, b blueprint.ID, err error) {
	if a, err = parseID(from); err != nil {
		return a, b, err
	}
	if b, err = parseID(to); err != nil {
		return a, b, err
	}
	if a.Blueprint != b.Blueprint {
		err = usageError{fmt.Errorf("%s and %s are not of one blueprint", a, b), "give two versions of the same NAME"}
	}
	return a, b, err
}

// parseName reads an optional blueprint name: the first of args, or "".
func parseName(args []string) (blueprint.Name, error) {
	if len(args) == 0 {
		return "", nil
	}
	name, err := blueprint.ParseName(args[0])
	if err != nil {
		return "", usageError{err, ""}
	}
	return name, nil
}
