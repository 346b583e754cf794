package cli

import (
	"github.com/spf13/cobra"
)

func newRelease(c console, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Import, compare, publish and keep releases",
		Long: "A release is one version of a blueprint, written NAME@VERSION. It is imported as staged: devices cannot\n" +
			"see it. Publishing makes devices follow it, in one step.",
		Example: "  appliance release import demo_upgrade@0.0.4 commit.tar\n" +
			"  appliance release diff demo_upgrade@0.0.1 demo_upgrade@0.0.4\n" +
			"  appliance release publish demo_upgrade@0.0.4",
	}
	group(cmd)
	cmd.AddCommand(
		newReleaseList(c, g), newReleaseShow(c, g), newReleaseDiff(c, g),
		newReleaseImport(c, g), newReleaseExport(c, g),
		newReleasePublish(c, g), newReleasePin(c, g), newReleaseUnpin(c, g), newReleaseSign(c, g), newReleaseDelta(c, g),
		newReleaseDelete(c, g), newReleasePrune(c, g), newReleaseVerify(c, g),
	)
	return cmd
}
