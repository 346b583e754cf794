// Command appliance keeps OSTree releases for edge devices: it imports,
// verifies, publishes and serves them from one static binary.
package main

import (
	"os"

	"edge/appliance/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
