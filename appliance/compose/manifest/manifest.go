//go:build containers_image_openpgp

package manifest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/osbuild/blueprint/pkg/blueprint"
	"github.com/osbuild/images/pkg/container"
	"github.com/osbuild/images/pkg/depsolvednf"
	"github.com/osbuild/images/pkg/distro"
	"github.com/osbuild/images/pkg/manifest"
	"github.com/osbuild/images/pkg/osbuild"
	"github.com/osbuild/images/pkg/ostree"
	"github.com/osbuild/images/pkg/rpmlist"
	"github.com/osbuild/images/pkg/rpmmd"
)

// Causes.
var (
	ErrBlueprint    = errors.New("blueprint cannot be composed")
	ErrDistribution = errors.New("distribution cannot be composed")
	ErrRepositories = errors.New("no package repositories")
	ErrPackages     = errors.New("packages cannot be resolved")
	ErrSubscription = errors.New("host has no subscription")
)

// Request is all that a manifest depends on, but for the packages.
type Request struct {
	Target       Target
	Blueprint    []byte // TOML
	Version      string // written into the commit
	Ref          string // "": the target's own
	Parent       string // commit to follow, in Repository; "": none
	Repository   string // folder of an OSTree repository
	Repositories []rpmmd.RepoConfig
	Librepo      bool  // fetch packages with librepo, which osbuild knows since 138, and not with curl
	Seed         int64 // makes UUIDs and the like
}

// Made is a manifest with what was found out on the way.
type Made struct {
	JSON     []byte         // osbuild's input
	Packages []byte         // packages of the commit, as Koji lists them
	SBOM     []byte         // of the commit, SPDX; nil where the depsolver makes none
	Export   string         // the pipeline that makes the commit, which is the last one
	Count    int            // packages of the commit
	Counts   map[string]int // packages by pipeline, the build root's included
	Download uint64         // bytes of packages, build root included; 0 where the depsolver does not tell
	Install  uint64         // bytes that they take on disk
}

// Depsolver finds the packages for a chain of sets; *Solver is one.
type Depsolver interface {
	Depsolve(ctx context.Context, t Target, sets []rpmmd.PackageSet) (depsolvednf.DepsolveResult, error)
}

// Make makes a manifest. The same request and packages give the same bytes.
func Make(ctx context.Context, r Request, solver Depsolver) (made Made, err error) {
	defer func() { // the library panics at what it takes for its own mistakes
		if p := recover(); p != nil {
			err = fmt.Errorf("making the manifest: %w: %v", ErrBlueprint, p)
		}
	}()
	draft, err := begin(r)
	if err != nil {
		return Made{}, err
	}
	chains, err := draft.GetPackageSetChains()
	if err != nil {
		return Made{}, fmt.Errorf("making the manifest: %w: %w", ErrBlueprint, err)
	}
	solved := map[string]depsolvednf.DepsolveResult{}
	for _, pipeline := range sortedKeys(chains) {
		if err := checkChain(chains[pipeline]); err != nil {
			return Made{}, fmt.Errorf("resolving the packages of %q: %w", pipeline, err)
		}
		if solved[pipeline], err = solver.Depsolve(ctx, r.Target, chains[pipeline]); err != nil {
			return Made{}, fmt.Errorf("resolving the packages of %q: %w", pipeline, err)
		}
	}
	return finish(r, draft, solved)
}

// begin drafts the pipelines.
func begin(r Request) (*manifest.Manifest, error) {
	bp, err := decodeBlueprint(r.Blueprint)
	if err != nil {
		return nil, err
	}
	if len(bp.Containers) > 0 {
		return nil, fmt.Errorf("making the manifest: %w: it embeds containers, which this backend does not fetch; let devices pull them, or use the backend weldr", ErrBlueprint)
	}
	if c := bp.Customizations; c != nil && slices.ContainsFunc(c.Files, func(f blueprint.FileCustomization) bool { return f.URI != "" }) {
		return nil, fmt.Errorf("making the manifest: %w: a file of customizations.files has a uri, which would be one of this host's own; write what is in it as data", ErrBlueprint)
	}
	options := distro.ImageOptions{OSTree: &ostree.ImageOptions{ImageRef: r.Ref, ParentRef: r.Parent}}
	if r.Parent != "" {
		options.OSTree.URL = fileURL(r.Repository)
	}
	draft, warnings, err := r.Target.image.Manifest(bp, options, r.Repositories, &r.Seed)
	if err != nil {
		return nil, fmt.Errorf("making the manifest: %w: %w", ErrBlueprint, err)
	}
	if len(warnings) > 0 { // what the blueprint wants and the image type leaves out
		return nil, fmt.Errorf("making the manifest: %w: %s", ErrBlueprint, strings.Join(warnings, "; "))
	}
	return draft, nil
}

func finish(r Request, draft *manifest.Manifest, solved map[string]depsolvednf.DepsolveResult) (Made, error) {
	options := &manifest.SerializeOptions{}
	if r.Librepo {
		options.RpmDownloader = osbuild.RpmDownloaderLibrepo
	}
	commits := map[string][]ostree.CommitSpec{}
	for pipeline, specs := range draft.GetOSTreeSourceSpecs() {
		for _, s := range specs { // the parent is named by its checksum: there is nothing to look up
			commits[pipeline] = append(commits[pipeline], ostree.CommitSpec{URL: s.URL, Checksum: s.Ref})
		}
	}
	data, err := draft.Serialize(solved, map[string][]container.Spec{}, commits, nil, options)
	if err != nil {
		return Made{}, fmt.Errorf("making the manifest: %w", err)
	}
	made := Made{Counts: map[string]int{}}
	if made.JSON, made.Export, err = settle(data, r.Version); err != nil {
		return Made{}, err
	}
	payload := draft.PayloadPipelines()
	var packages rpmmd.PackageList
	for _, pipeline := range sortedKeys(solved) {
		all := solved[pipeline].Transactions.AllPackages()
		made.Counts[pipeline] = len(all)
		for _, p := range all {
			made.Download += p.DownloadSize
			made.Install += p.InstallSize
		}
		if !slices.Contains(payload, pipeline) {
			continue
		}
		packages = append(packages, all...)
		if doc := solved[pipeline].SBOM; doc != nil {
			made.SBOM = doc.Document
		}
	}
	made.Count = len(packages)
	list, err := rpmlist.EncodePackages(packages)
	if err != nil {
		return Made{}, fmt.Errorf("listing packages: %w", err)
	}
	made.Packages = list.Bytes()
	return made, nil
}

// checkChain refuses what the depsolver would only stumble over.
func checkChain(sets []rpmmd.PackageSet) error {
	for _, s := range sets {
		if len(s.Include) == 0 {
			return fmt.Errorf("%w: a set of packages is empty", ErrPackages)
		}
		if len(s.Repositories) == 0 {
			return fmt.Errorf("%w for its packages", ErrRepositories)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// stageCommit is the stage that makes the commit.
const stageCommit = "org.osbuild.ostree.commit"

// settle puts a release's version into the one stage that makes the commit: the library writes that of the
// distribution. It ends the manifest with the pipeline of that stage, named export, because the archive that would come
// after it is only taken apart again. Everything else keeps its bytes.
func settle(data []byte, version string) (made []byte, export string, err error) {
	var m map[string]json.RawMessage
	var pipelines []map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(data, &m), json.Unmarshal(m["pipelines"], &pipelines)); err != nil {
		return nil, "", fmt.Errorf("reading the manifest: %w", err)
	}
	stamped, last := 0, 0
	for i, p := range pipelines {
		var stages []map[string]json.RawMessage
		if p["stages"] == nil {
			continue
		}
		if err := json.Unmarshal(p["stages"], &stages); err != nil {
			return nil, "", fmt.Errorf("reading the manifest: %w", err)
		}
		for _, s := range stages {
			if string(s["type"]) != `"`+stageCommit+`"` {
				continue
			}
			var options map[string]json.RawMessage
			if err := json.Unmarshal(s["options"], &options); err != nil || options == nil {
				return nil, "", fmt.Errorf("reading the manifest: stage %s has no options", stageCommit)
			}
			options["os_version"], _ = json.Marshal(version) // a string
			s["options"], _ = json.Marshal(options)          // as it was read
			stamped, last = stamped+1, i
		}
		p["stages"], _ = json.Marshal(stages)
	}
	if stamped != 1 {
		return nil, "", fmt.Errorf("stamping the version: the manifest has %d stages %s and not one", stamped, stageCommit)
	}
	if err := json.Unmarshal(pipelines[last]["name"], &export); err != nil {
		return nil, "", fmt.Errorf("reading the manifest: %w", err)
	}
	m["pipelines"], _ = json.Marshal(pipelines[:last+1])
	made, err = json.Marshal(m)
	return made, export, err
}
