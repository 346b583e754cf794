package doctor

import (
	"context"
	"fmt"
	"strings"
)

// installPoints are about what "device install" has written.
func installPoints() []point {
	return []point{
		{"installed files", false, drift},
		{"new files beside edited ones", false, kept},
		{"profile", false, apps},
	}
}

func drift(_ context.Context, p *Patient) []Finding {
	if !p.there("/etc/appliance/device-manifest.json") {
		return found(Fault, "this deployment has nothing of appliance device install", "appliance device install --from http://BUILDER:8080/BLUEPRINT")
	}
	if len(p.Changed) == 0 {
		return well("are as they were installed")
	}
	return found(Note, fmt.Sprintf("%d are not as they were installed: %s", len(p.Changed), list(p.Changed)), "appliance device install --dry-run shows the difference; --force takes it back")
}

func kept(_ context.Context, p *Patient) []Finding {
	if len(p.Kept) == 0 {
		return well("none")
	}
	return found(Warning, list(p.Kept)+": an edited file was kept, its new version waits beside it", "compare them, and remove FILE.appliance-new when done")
}

func apps(_ context.Context, p *Patient) []Finding {
	n := len(p.Profile.Apps)
	if n == 0 {
		return found(Note, "has no apps", "")
	}
	return well(fmt.Sprintf("%d apps (%d cold), %d checks", n, len(coldApps(p.Profile)), len(p.Profile.Checks)))
}

// list tells the first few of many.
func list(paths []string) string {
	const most = 4
	if len(paths) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
	}
	return strings.Join(paths, ", ")
}
