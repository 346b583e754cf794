package cli_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"edge/appliance/cli"
	"edge/appliance/workbench"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){
		"appliance": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// tidy runs the tests and removes the program that some of them built.
type tidy struct{ tests *testing.M }

func (t tidy) Run() int {
	defer func() { os.RemoveAll(programDir) }()
	return workbench.Run(t.tests)
}
