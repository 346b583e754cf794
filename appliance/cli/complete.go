package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
)

// completionTime is how long a person who pressed TAB is kept waiting.
const completionTime = time.Second

// names asks a server for the words that may stand in a place.
type names func(context.Context, *client.Client) ([]string, error)

// completing offers names from the server for the first most arguments. It is best effort: a
// server that does not answer offers nothing.
func (g *globals) completing(most int, ask names) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cl, err := g.client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		words, err := ask(ctx, cl)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return slices.DeleteFunc(words, func(w string) bool { return slices.Contains(args, w) }), cobra.ShellCompDirectiveNoFileComp
	}
}

func blueprintNames(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Blueprints(ctx)
	var words []string
	for _, b := range all {
		words = append(words, string(b.Name))
	}
	return words, err
}

// blueprintVersions are those whose texts can be compared; what has releases alone has none.
func blueprintVersions(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Blueprints(ctx)
	var words []string
	for _, b := range all {
		changes, err := cl.Changes(ctx, b.Name)
		if err != nil {
			continue
		}
		for _, ch := range changes {
			word := fmt.Sprintf("%s@%s", b.Name, ch.Version)
			if ch.Kind != blueprint.Deleted && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	return words, err
}

// releaseIDs are told apart by their state, which shells show beside them.
func releaseIDs(ctx context.Context, cl *client.Client) ([]string, error) {
	all, err := cl.Releases(ctx, "")
	var words []string
	for _, r := range all {
		words = append(words, cobra.CompletionWithDesc(fmt.Sprintf("%s@%s", r.Blueprint, r.Version), string(r.State)))
	}
	return words, err
}
