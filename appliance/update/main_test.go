package update

import (
	"os"
	"testing"

	"edge/appliance/workbench"
)

func TestMain(m *testing.M) { os.Exit(workbench.Run(m)) }
