package compose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/rpm"
)

// Make composes a sample of any blueprint for a job, to rehearse with: the base, and of what the blueprint
// wants those parts that there are. Of another package only the name is there. The releases of the demonstration
// are those that Compose makes.
func (s *Sample) Make(ctx context.Context, o Order) (Composed, error) {
	o.Report(Progress{Phase: Building, Stage: "making a sample tree"})
	how, err := s.recipe(o.ID)
	if err != nil {
		if how, err = rehearsal(o, time.Now()); err != nil {
			return Composed{}, fmt.Errorf("composing sample %q: %w", o.ID, err)
		}
	}
	var archive bytes.Buffer // a few hundred kilobytes
	if err := s.compose(ctx, o.Request, how, &archive); err != nil {
		return Composed{}, err
	}
	said := "made a sample of " + o.ID.String() + ", which does not boot\n"
	if len(how.stands) > 0 {
		said += "there are only the names of these packages, if they are not in the base: " + names(how.stands) + "\n"
	}
	if _, err := io.WriteString(o.Log, said); err != nil {
		return Composed{}, err
	}
	return Composed{Archive: io.NopCloser(&archive), Sample: true, Origin: "sample"}, nil
}

// rehearsal is the recipe of a blueprint, made at a time.
func rehearsal(o Order, at time.Time) (recipe, error) {
	d, err := blueprint.Parse(o.Blueprint, o.ID.String())
	if err != nil {
		return recipe{}, err
	}
	how := recipe{version: o.ID.Version, time: at.UTC().Truncate(time.Second), parts: []string{"base"}}
	for _, p := range d.Packages {
		switch {
		case strings.ContainsAny(p.Name, "*?[]()/~^:@"): // a pattern, a path or a capability stands for nothing here
		case !slices.Contains([]string{"git", "zsh"}, p.Name):
			how.stands = append(how.stands, rpm.Package{Name: p.Name, Version: standing(p.Version), Release: "0.sample", Arch: "noarch"})
		case !slices.Contains(how.parts, p.Name):
			how.parts = append(how.parts, p.Name)
		}
	}
	return how, nil
}

// standing is a version that a blueprint's pattern, such as 5.* or *, allows.
func standing(pattern string) string {
	v := strings.Trim(strings.ReplaceAll(pattern, "*", "0"), ".")
	if v == "" || strings.ContainsAny(v, "-<>=~^ ") {
		return "0"
	}
	return v
}

func names(packages []rpm.Package) string {
	var all []string
	for _, p := range packages {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}
