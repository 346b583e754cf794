//go:build containers_image_openpgp

package osbuild

import (
	"cmp"
	"context"

	"edge/appliance/blueprint"
	"edge/appliance/compose/manifest"
)

// Check refuses a blueprint that cannot be composed for the distribution that it names, or else for distro,
// or else for that of the host. Where there is none that can be composed, it refuses nothing: what the host
// lacks is told by Preflight, and no blueprint can mend it.
func (b *Backend) Check(_ context.Context, d blueprint.Document, distro string) error {
	target, err := b.Target(cmp.Or(d.Distro, distro))
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return manifest.Check(target, []byte(d.Text))
}
