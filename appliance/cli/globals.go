package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/client"
)

const defaultServer = "http://127.0.0.1:8080"

const environmentHelp = `Environment:
  APPLIANCE_SERVER       the server, where --server is not given
  APPLIANCE_TOKEN        the token, where --token-file is not given; not seen in a process list
  NO_COLOR               no colours
  APPLIANCE_ENROL_TOKEN  lets a device in, for "appliance device install"`

// globals are the flags of every command.
type globals struct {
	server, token, tokenFile, data, output string
}

func (g *globals) bind(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&g.server, "server", "", "`URL` of the server (APPLIANCE_SERVER; default "+defaultServer+")")
	f.StringVar(&g.token, "token", "", "`TOKEN` for what changes something; others on this host see it in the process list: prefer APPLIANCE_TOKEN")
	f.StringVar(&g.tokenFile, "token-file", "", "`FILE` that holds the token")
	f.StringVar(&g.data, "data", defaultData(), "`DIR` with everything that the server keeps")
	f.StringVarP(&g.output, "output", "o", "table", "how to print: table or json")
	oneOf(root, "output", "table", "json")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if g.output != "table" && g.output != "json" {
			return usageError{fmt.Errorf("--output %q: want table or json", g.output), ""}
		}
		return nil
	}
}

func (g *globals) json() bool { return g.output == "json" }

// client connects to nothing yet.
func (g *globals) client() (*client.Client, error) {
	server := cmp.Or(g.server, os.Getenv("APPLIANCE_SERVER"), defaultServer)
	token, err := g.findToken(server)
	if err != nil {
		return nil, err
	}
	cl, err := client.New(client.Options{Server: server, Token: token, UserAgent: "appliance/" + buildInfo().Version})
	if err != nil {
		return nil, usageError{err, ""}
	}
	return cl, nil
}

// findToken looks in the flags, the environment and the data directory, in this order. The token
// of this host's data directory is only for a server on this host.
func (g *globals) findToken(server string) (string, error) {
	if g.token != "" {
		return g.token, nil
	}
	if g.tokenFile != "" {
		return readToken(g.tokenFile)
	}
	if token := os.Getenv("APPLIANCE_TOKEN"); token != "" {
		return strings.TrimSpace(token), nil
	}
	if !isLocal(server) {
		return "", nil
	}
	token, err := readToken(tokenPath(g.data))
	if err != nil {
		return "", nil //nolint:nilerr // without a token the server still answers reads; it says so when it wants one
	}
	return token, nil
}

// print sends a call and prints the answer: the server's own table, or its JSON indented.
func (g *globals) print(ctx context.Context, c console, cl *client.Client, call client.Call) error {
	if g.json() {
		raw, err := cl.JSON(ctx, call)
		if err != nil {
			return withTokenHint(err)
		}
		return printJSON(c.out, raw)
	}
	text, err := cl.Text(ctx, call)
	if err != nil {
		return withTokenHint(err)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err = io.WriteString(c.out, printable(text))
	return err
}

// ask is print for a command whose only work is one call.
func (g *globals) ask(ctx context.Context, c console, call client.Call) error {
	cl, err := g.client()
	if err != nil {
		return err
	}
	return g.print(ctx, c, cl, call)
}

// askThenSay is ask for a call whose answer is empty: a person is told that it was done. With -o json nothing
// is printed, as the API says nothing.
func (g *globals) askThenSay(ctx context.Context, c console, call client.Call, format string, args ...any) error {
	if err := g.ask(ctx, c, call); err != nil || g.json() {
		return err
	}
	_, err := fmt.Fprintln(c.out, printable(fmt.Sprintf(format, args...)))
	return err
}

// withTokenHint says how to come by a token.
func withTokenHint(err error) error {
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusUnauthorized {
		problem.Hint = `give the server's token with APPLIANCE_TOKEN or --token-file; "appliance token" prints it on the server's host`
	}
	return err
}

// printJSON prints a value, or JSON that came from the server, indented.
func printJSON(w io.Writer, v any) error {
	raw, given := v.(json.RawMessage)
	if given && len(raw) == 0 {
		return nil
	}
	if !given {
		var err error
		if raw, err = json.Marshal(v); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}
