//go:build containers_image_openpgp

package cli

import (
	"edge/appliance/command"
	"edge/appliance/compose/osbuild"
	"edge/embedded"
)

// withOSBuild tells whether this program can compose with osbuild.
const withOSBuild = true

func (c composeConfig) osbuild() osbuildBackend {
	return &osbuild.Backend{
		Store: c.store, Cache: c.cache, Repositories: c.repositories, Packed: embedded.Repositories(), Timeout: c.timeout, Run: command.Programs{},
	}
}
