package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"
)

type tokenOptions struct {
	*globals
	rotate, path bool
}

func newToken(c console, g *globals) *cobra.Command {
	o := tokenOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the token that changes need",
		Long: "Print the token of the server on this host, read from its data directory. Whoever has it may publish:\n" +
			"hand it on as an environment variable, not as an argument.",
		Example: "  export APPLIANCE_TOKEN=$(appliance token)\n" +
			"  curl -X POST -H \"Authorization: Bearer $(appliance token)\" \\\n" +
			"       http://127.0.0.1:8080/api/v1/releases/demo_upgrade/0.0.2/publish\n" +
			"  appliance token --rotate     # a new one, once the server has been restarted",
		Args: takes(),
		RunE: action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.rotate, "rotate", false, "make a new token; a running server goes on with the old one until it is restarted")
	cmd.Flags().BoolVar(&o.path, "path", false, "print where the token is kept, not the token")
	return cmd
}

func (o *tokenOptions) run(_ context.Context, c console, _ []string) error {
	file := tokenPath(o.data)
	var token string
	var err error
	if o.rotate {
		token, err = makeToken(file)
	} else {
		token, err = readToken(file)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return hinted{err, `"appliance serve" makes one at its first start; --data names its directory`}
	case errors.Is(err, fs.ErrPermission):
		return hinted{err, "only the user that the server runs as may read it: try with sudo"}
	case err != nil:
		return err
	}
	if o.rotate {
		fmt.Fprintln(c.err, "a running server takes the new token up when it is restarted")
	}
	if o.path {
		token = file
	}
	if o.json() {
		key := "token"
		if o.path {
			key = "path"
		}
		return printJSON(c.out, map[string]string{key: token})
	}
	_, err = fmt.Fprintln(c.out, token)
	return err
}
