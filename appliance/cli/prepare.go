package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/compose"
	"edge/appliance/iso"
	"edge/appliance/job"
	"edge/appliance/release"
)

type prepareOptions struct {
	*globals
	iso, backend, distro string
}

func newPrepare(c console, g *globals) *cobra.Command {
	o := prepareOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "prepare [NAME]",
		Short: "Do all of the preparation: compose every version, publish the first, ISO, apps",
		Long: "Do everything that is to be there before the demonstration: look at the host, compose every version of the\n" +
			"blueprint (" + string(compose.SampleBlueprint) + " where none is named), publish the first, make a boot ISO where a stock one is known, and\n" +
			"mirror the apps. What is there already is left as it is, so a preparation that broke off is taken up by\n" +
			"saying the same again.",
		Example: "  appliance prepare --iso rhel-9.6-x86_64-boot.iso\n" +
			"  appliance prepare --backend sample     # in seconds, to rehearse; the releases do not boot\n" +
			"  appliance prepare -o json | jq -r .kickstart",
		Args:              takes("[NAME]"),
		ValidArgsFunction: g.completing(1, blueprintNames),
		RunE:              action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.iso, "iso", "", "stock boot ISO to add: a `FILE` on the server's host or a URL")
	f.StringVar(&o.backend, "backend", "", "what composes: osbuild, weldr or sample (default: as the server is configured)")
	f.StringVar(&o.distro, "distro", "", "compose for this `DISTRIBUTION` (default: as the server is configured, or its host's)")
	oneOf(cmd, "backend", "osbuild", "weldr", "sample")
	return cmd
}

// preparation is one run of prepare.
type preparation struct {
	*prepareOptions
	console
	cl       *client.Client
	name     blueprint.Name
	versions []blueprint.Version // oldest first
	bootable bool                // there is a boot ISO of it
}

func (o *prepareOptions) run(ctx context.Context, c console, args []string) error {
	name, err := parseName(args)
	if err != nil {
		return err
	}
	if name == "" {
		name = compose.SampleBlueprint
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	p := &preparation{prepareOptions: o, console: c, cl: cl, name: name}
	for _, step := range []func(context.Context) error{p.find, p.preflight, p.compose, p.publish, p.image, p.mirror, p.tell} {
		if err := step(ctx); err != nil {
			return withTokenHint(err)
		}
	}
	return nil
}

// say tells of a step on standard error: standard output is for what comes of all of them.
func (p *preparation) say(format string, args ...any) {
	fmt.Fprintf(p.err, "%s\n", printable(fmt.Sprintf(format, args...)))
}

// find lists the versions that there are.
func (p *preparation) find(ctx context.Context) error {
	changes, err := p.cl.Changes(ctx, p.name)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		if ch.Kind != blueprint.Deleted && !slices.Contains(p.versions, ch.Version) {
			p.versions = append(p.versions, ch.Version)
		}
	}
	slices.SortFunc(p.versions, blueprint.Version.Compare)
	if len(p.versions) == 0 {
		return hinted{fmt.Errorf("blueprint %q has no version", p.name), "appliance blueprint push FILE adds one"}
	}
	return nil
}

func (p *preparation) id(v blueprint.Version) blueprint.ID {
	return blueprint.ID{Blueprint: p.name, Version: v}
}

// missing are the versions of which there is no release.
func (p *preparation) missing(ctx context.Context) ([]blueprint.Version, error) {
	have, err := p.cl.Releases(ctx, p.name)
	var problem *client.Problem
	if err != nil && (!errors.As(err, &problem) || problem.Status != 404) {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(p.versions), func(v blueprint.Version) bool {
		return slices.ContainsFunc(have, func(r release.Release) bool { return r.Version == v })
	}), nil
}

// preflight looks at the server's host, unless nothing is to be composed there or by a program.
func (p *preparation) preflight(ctx context.Context) error {
	missing, err := p.missing(ctx)
	if err != nil || len(missing) == 0 || p.backend == "sample" {
		return err
	}
	fitness, err := p.cl.Preflight(ctx)
	if err != nil || fitness.Fit || p.backend != "" && p.backend != fitness.Backend {
		return err
	}
	for _, f := range fitness.Findings {
		if f.Verdict == compose.Bad && !(f.Check == "distribution" && p.distro != "") {
			p.say("missing: %s: %s\n  mend: %s", f.Check, f.Detail, f.Cure)
			err = errUnfit
		}
	}
	return err
}

// compose makes the releases that are missing; a job that is under way is waited for.
func (p *preparation) compose(ctx context.Context) error {
	missing, err := p.missing(ctx)
	if err != nil {
		return err
	}
	waiting, err := p.cl.Jobs(ctx)
	if err != nil {
		return err
	}
	var jobs []job.Job
	for _, v := range missing {
		id := p.id(v)
		i := slices.IndexFunc(waiting, func(j job.Job) bool { return j.Subject == id.String() && !j.State.Ended() })
		if i >= 0 {
			jobs = append(jobs, waiting[i])
			continue
		}
		j, err := p.cl.Compose(ctx, id, release.ComposeOptions{Backend: p.backend, Distro: p.distro})
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	for i, j := range jobs {
		p.say("composing %s (%d of %d)", j.Subject, i+1, len(jobs))
		if _, err := followJob(ctx, p.console, p.cl, j.ID); err != nil {
			return err
		}
	}
	return nil
}

// publish publishes the first version, where nothing is published yet.
func (p *preparation) publish(ctx context.Context) error {
	b, err := p.cl.Blueprint(ctx, p.name)
	if err != nil || b.Commit != "" {
		return err
	}
	done, err := p.cl.Publish(ctx, p.id(p.versions[0]), release.PublishOptions{})
	if err == nil {
		p.say("published %s under %s", done.Release.ID(), done.Ref)
	}
	return err
}

// image adds the stock ISO and makes one of the blueprint. Without a stock ISO that is left out.
func (p *preparation) image(ctx context.Context) error {
	if p.iso != "" {
		from := p.iso
		if !strings.Contains(from, "://") {
			var err error
			if from, err = filepath.Abs(from); err != nil {
				return err
			}
		}
		if _, err := p.cl.JSON(ctx, client.ToAddBase(iso.Adding{From: from})); err != nil && !conflict(err) {
			return err
		}
	}
	_, err := p.cl.JSON(ctx, client.ToBuildImage(p.name, iso.Building{}))
	var problem *client.Problem
	switch {
	case err == nil:
		p.say("made a boot ISO")
		p.bootable = true
	case p.iso == "" && errors.As(err, &problem) && problem.Status < 500:
		p.say("no boot ISO: %v; appliance prepare --iso FILE makes one", err)
	default:
		return err
	}
	return nil
}

func conflict(err error) bool {
	var problem *client.Problem
	return errors.As(err, &problem) && problem.Status == 409
}

// mirror fetches the apps that have a source. One that cannot be reached is told of and does not stop the rest.
func (p *preparation) mirror(ctx context.Context) error {
	apps, err := p.cl.Apps(ctx)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if a.Source == "" {
			continue
		}
		if _, err := p.cl.Mirror(ctx, a.Name); err != nil {
			if ctx.Err() != nil {
				return err
			}
			p.say("app %s is not mirrored: %v", a.Name, err)
			continue
		}
		p.say("mirrored app %s", a.Name)
	}
	return nil
}

// prepared is what is there at the end; its fields but the first two are URLs.
type prepared struct {
	Blueprint  blueprint.Name      `json:"blueprint"`
	Versions   []blueprint.Version `json:"versions"` // oldest first, each with its release
	Page       string              `json:"page"`
	Repository string              `json:"repository"`
	Kickstart  string              `json:"kickstart"`
	Images     string              `json:"images,omitempty"` // "" where no stock ISO is known
}

// tell prints what is there now and the steps to walk.
func (p *preparation) tell(ctx context.Context) error {
	status, err := p.cl.Status(ctx)
	if err != nil {
		return err
	}
	page := strings.TrimRight(status.URL, "/") + "/"
	of := page + string(p.name)
	now := prepared{Blueprint: p.name, Versions: p.versions, Page: page, Repository: of + "/repo/", Kickstart: of + "/kickstart.ks"}
	if p.bootable {
		now.Images = of + "/images/"
	}
	if p.json() {
		return printJSON(p.out, now)
	}
	fmt.Fprintf(p.out, "ready: %s has %d releases\n\n", p.name, len(p.versions))
	for _, r := range [][2]string{{"web page", now.Page}, {"repository", now.Repository}, {"kickstart", now.Kickstart}, {"boot ISO", now.Images}} {
		if r[1] != "" {
			fmt.Fprintf(p.out, "  %-11s %s\n", r[0], printable(r[1]))
		}
	}
	_, err = io.WriteString(p.out, "\nthe steps:\n"+p.steps())
	return err
}

func (p *preparation) steps() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	from := "the ISO"
	if !p.bootable {
		from = "an installer with inst.ks=, the kickstart's address"
	}
	line("boot a device from %s; it installs what is published", from)
	for i, v := range p.versions[1:] {
		line("appliance release diff %s %s", p.id(p.versions[i]), p.id(v))
		line("appliance release publish %s", p.id(v))
	}
	line("appliance app retag 2048 v2")
	line("appliance fleet list")
	return b.String()
}
