package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// shells says how to make a completion script for each shell.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        (*cobra.Command).GenZshCompletion,
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
}

func newCompletion(c console) *cobra.Command {
	words := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for bash, zsh, fish or powershell",
		Long: "Print a script that teaches a shell the commands, the flags, and the names of releases as the server\n" +
			"knows them.",
		Example: "  source <(appliance completion bash)\n" +
			"  appliance completion bash > /etc/bash_completion.d/appliance\n" +
			"  appliance completion zsh > \"${fpath[1]}/_appliance\"\n" +
			"  appliance completion fish > ~/.config/fish/completions/appliance.fish",
		Args:      takes("SHELL"),
		ValidArgs: words,
		RunE: func(cmd *cobra.Command, args []string) error {
			generate, known := shells[args[0]]
			if !known {
				return usageError{fmt.Errorf("no completions for %q: want bash, zsh, fish or powershell", args[0]), ""}
			}
			return generate(cmd.Root(), c.out)
		},
	}
}
