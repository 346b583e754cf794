// Command appliance keeps edge devices up to date from one static binary: on a
// builder it verifies, publishes and serves OSTree releases and images; on a
// device it installs, checks, updates and rolls back.
package main

import (
	"os"

	"edge/appliance/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
