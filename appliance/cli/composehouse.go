package cli

import (
	"context"
	"path/filepath"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/compose/weldr"
	"edge/appliance/release"
	"edge/embedded"
)

// osbuildBackend is what composes with the program of that name, if this one was built with it.
type osbuildBackend interface {
	release.Composer
	Preflight(ctx context.Context, distro, data string) compose.Fitness
	Check(ctx context.Context, d blueprint.Document, distro string) error
}

// openComposing wires what makes releases.
func (h *house) openComposing(c composeConfig) error {
	var err error
	h.composing, err = release.OpenComposing(release.ComposingOptions{
		Publisher: h.publisher, Dir: filepath.Join(h.data, "jobs"), Events: h.events,
		Backends: map[string]release.Composer{
			"osbuild": c.osbuild(),
			"weldr":   weldr.NewBackend(c.weldr, c.timeout),
			"sample":  compose.NewSample(embedded.Samples()),
		},
		Backend:    c.backend,
		Blueprints: textSources{h.texts},
		Distro:     c.distro,
		Ref:        c.ref,
	})
	return err
}

// preflight tells what the server's host lacks.
func (h *house) preflight(c composeConfig) func(context.Context) compose.Fitness {
	return func(ctx context.Context) compose.Fitness { return examine(ctx, c, h.data) }
}

// examine looks at this host as the configured backend wants it.
func examine(ctx context.Context, c composeConfig, data string) compose.Fitness {
	switch c.backend {
	case "sample":
		f := compose.Fitness{Backend: "sample", Target: "sample releases"}
		f.Add("backend", compose.Good, "samples are made by this program alone; they do not boot", "")
		f.Judge()
		return f
	case "weldr":
		return weldr.NewBackend(c.weldr, c.timeout).Preflight(ctx, c.distro)
	}
	return c.osbuild().Preflight(ctx, c.distro, data)
}
