//go:build containers_image_openpgp

package manifest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/osbuild/images/pkg/depsolvednf"
	"github.com/osbuild/images/pkg/rhsm"
	"github.com/osbuild/images/pkg/rpmmd"
	"github.com/osbuild/images/pkg/sbom"
)

// Protocol of osbuild-depsolve-dnf: what goes in and comes out as JSON. Version 2 came with osbuild 170;
// version 1, which every one understands that is asked without "api_version", knows less of a package.
// Source: tools/osbuild-depsolve-dnf and osbuild/solver in osbuild.
type Protocol int

// The protocols there are.
const (
	Protocol1 Protocol = 1
	Protocol2 Protocol = 2
)

type question struct {
	Version    int       `json:"api_version,omitempty"`
	Command    string    `json:"command"`
	Platform   string    `json:"module_platform_id,omitempty"`
	Releasever string    `json:"releasever"`
	Arch       string    `json:"arch"`
	Cache      string    `json:"cachedir"`
	Proxy      string    `json:"proxy,omitempty"`
	Arguments  arguments `json:"arguments"`
}

type arguments struct {
	Repos        []repository      `json:"repos"`
	Transactions []transaction     `json:"transactions"`
	Metadata     []string          `json:"optional-metadata,omitempty"`
	SBOM         map[string]string `json:"sbom,omitempty"`
}

// transaction: an empty list of modules must be absent, because osbuild 141 to 169 stumble over null, and
// that of excluded packages must be there.
type transaction struct {
	Packages []string `json:"package-specs"`
	Exclude  []string `json:"exclude-specs"`
	Modules  []string `json:"module-enable-specs,omitempty"`
	Repos    []string `json:"repo-ids"`
	Weak     bool     `json:"install_weak_deps"`
}

// repository in either protocol; they differ in what they call the keys.
type repository struct {
	ID             string   `json:"id"`
	Name           string   `json:"name,omitempty"`
	BaseURL        []string `json:"baseurl,omitempty"`
	Metalink       string   `json:"metalink,omitempty"`
	MirrorList     string   `json:"mirrorlist,omitempty"`
	Keys1          []string `json:"gpgkeys,omitempty"`
	Keys2          []string `json:"gpgkey,omitempty"`
	GPGCheck       *bool    `json:"gpgcheck,omitempty"`
	RepoGPGCheck   *bool    `json:"repo_gpgcheck,omitempty"`
	SSLVerify      *bool    `json:"sslverify,omitempty"`
	SSLCACert      string   `json:"sslcacert,omitempty"`
	SSLClientKey   string   `json:"sslclientkey,omitempty"`
	SSLClientCert  string   `json:"sslclientcert,omitempty"`
	MetadataExpire string   `json:"metadata_expire,omitempty"`
	ModuleHotfixes *bool    `json:"module_hotfixes,omitempty"`
}

// ask is the question for a chain of package sets.
func ask(p Protocol, t Target, cache string, sets []rpmmd.PackageSet, subscriptions *rhsm.Subscriptions) ([]byte, error) {
	d := t.image.Arch().Distro()
	q := question{
		Command: "depsolve", Platform: d.ModulePlatformID(), Releasever: d.Releasever(), Arch: t.Arch, Cache: cache,
		Arguments: arguments{SBOM: map[string]string{"type": "spdx"}},
	}
	if p == Protocol2 {
		q.Version = 2
	}
	if d.ModulePlatformID() == "platform:el9" { // its packages depend on files
		q.Arguments.Metadata = []string{"filelists"}
	}
	seen := map[string]bool{}
	for _, s := range sets {
		one := transaction{Packages: s.Include, Exclude: s.Exclude, Modules: s.EnabledModules, Weak: s.InstallWeakDeps}
		if one.Exclude == nil {
			one.Exclude = []string{}
		}
		for _, r := range s.Repositories {
			id := r.Hash()
			one.Repos = append(one.Repos, id)
			if seen[id] {
				continue
			}
			seen[id] = true
			asked, err := askRepository(p, t, r, subscriptions)
			if err != nil {
				return nil, err
			}
			q.Arguments.Repos = append(q.Arguments.Repos, asked)
		}
		q.Arguments.Transactions = append(q.Arguments.Transactions, one)
	}
	return json.Marshal(q)
}

func askRepository(p Protocol, t Target, r rpmmd.RepoConfig, subscriptions *rhsm.Subscriptions) (repository, error) {
	asked := repository{
		ID: r.Hash(), Name: r.Name, BaseURL: r.BaseURLs, Metalink: r.Metalink, MirrorList: r.MirrorList,
		GPGCheck: r.CheckGPG, RepoGPGCheck: r.CheckRepoGPG, MetadataExpire: r.MetadataExpire, ModuleHotfixes: r.ModuleHotfixes,
		SSLCACert: r.SSLCACert, SSLClientKey: r.SSLClientKey, SSLClientCert: r.SSLClientCert,
	}
	if p == Protocol2 {
		asked.Keys2 = r.GPGKeys
	} else {
		asked.Keys1 = r.GPGKeys
	}
	if r.IgnoreSSL != nil {
		verify := !*r.IgnoreSSL
		asked.SSLVerify = &verify
	}
	if !r.RHSM {
		return asked, nil
	}
	if subscriptions == nil {
		return asked, fmt.Errorf("%w, which repository %q needs", ErrSubscription, r.Name)
	}
	secrets, err := subscriptions.GetSecretsForBaseurl(r.BaseURLs, t.Arch, t.image.Arch().Distro().Releasever())
	if err != nil {
		return asked, fmt.Errorf("%w for repository %q: %w", ErrSubscription, r.Name, err)
	}
	asked.SSLCACert, asked.SSLClientKey, asked.SSLClientCert = secrets.SSLCACert, secrets.SSLClientKey, secrets.SSLClientCert
	return asked, nil
}

// answer in either protocol: version 1 has one list of packages, version 2 one a transaction.
type answer struct {
	Solver       string                `json:"solver"`
	Packages     []resolved            `json:"packages"`
	Transactions [][]resolved          `json:"transactions"`
	Repos        map[string]repository `json:"repos"`
	Modules      map[string]moduleSpec `json:"modules"`
	SBOM         json.RawMessage       `json:"sbom"`
}

// resolved is a package. Checksum and the rest of version 1 are plain text: "sha256:…".
type resolved struct {
	Name         string          `json:"name"`
	Epoch        uint            `json:"epoch"`
	Version      string          `json:"version"`
	Release      string          `json:"release"`
	Arch         string          `json:"arch"`
	RepoID       string          `json:"repo_id"`
	Checksum     json.RawMessage `json:"checksum"`
	Path         string          `json:"path"`            // 1
	Remote       string          `json:"remote_location"` // 1
	Location     string          `json:"location"`        // 2
	Remotes      []string        `json:"remote_locations"`
	DownloadSize uint64          `json:"download_size"`
	InstallSize  uint64          `json:"install_size"`
	BuildTime    string          `json:"build_time"`
	License      string          `json:"license"`
	Files        []string        `json:"files"`
}

type moduleSpec struct {
	File struct {
		Path string `json:"path"`
		Data struct {
			Name     string   `json:"name"`
			Stream   string   `json:"stream"`
			Profiles []string `json:"profiles"`
			State    string   `json:"state"`
		} `json:"data"`
	} `json:"module-file"`
	Failsafe struct {
		Path string `json:"path"`
		Data string `json:"data"`
	} `json:"failsafe-file"`
}

// parseAnswer reads what the depsolver found. rhsmRepos are the repositories whose packages osbuild has to
// fetch with the host's subscription.
func parseAnswer(data []byte, rhsmRepos map[string]bool) (depsolvednf.DepsolveResult, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return depsolvednf.DepsolveResult{}, fmt.Errorf("reading the depsolver's answer: %w", err)
	}
	if a.Transactions == nil {
		a.Transactions = [][]resolved{a.Packages}
	}
	result := depsolvednf.DepsolveResult{Solver: a.Solver}
	result.Repos, result.Modules = repositoriesOf(a.Repos, rhsmRepos), modulesOf(a.Modules)
	byID := map[string]*rpmmd.RepoConfig{}
	for i := range result.Repos {
		byID[result.Repos[i].Id] = &result.Repos[i]
	}
	for _, t := range a.Transactions {
		list := rpmmd.PackageList{}
		for _, p := range t {
			repo := byID[p.RepoID]
			if repo == nil {
				return result, fmt.Errorf("reading the depsolver's answer: package %q is of the unknown repository %q", p.Name, p.RepoID)
			}
			one, err := p.convert(repo)
			if err != nil {
				return result, fmt.Errorf("reading the depsolver's answer: %w", err)
			}
			list = append(list, one)
		}
		result.Transactions = append(result.Transactions, list)
	}
	if len(result.Transactions.AllPackages()) == 0 {
		return result, fmt.Errorf("reading the depsolver's answer: %w: it names no package", ErrPackages)
	}
	if len(a.SBOM) > 0 && string(a.SBOM) != "null" {
		doc, err := sbom.NewDocument(sbom.StandardTypeSpdx, a.SBOM)
		if err != nil {
			return result, fmt.Errorf("reading the depsolver's answer: %w", err)
		}
		result.SBOM = doc
	}
	return result, nil
}

func (p resolved) convert(repo *rpmmd.RepoConfig) (rpmmd.Package, error) {
	one := rpmmd.Package{
		Name: p.Name, Epoch: p.Epoch, Version: p.Version, Release: p.Release, Arch: p.Arch, RepoID: p.RepoID, Repo: repo,
		Location: p.Location, RemoteLocations: p.Remotes, DownloadSize: p.DownloadSize, InstallSize: p.InstallSize,
		License: p.License, Files: p.Files,
	}
	if one.Location == "" {
		one.Location = p.Path
	}
	if len(one.RemoteLocations) == 0 && p.Remote != "" {
		one.RemoteLocations = []string{p.Remote}
	}
	one.BuildTime, _ = time.Parse(time.RFC3339, p.BuildTime) // zero where it is not told
	var text string
	var sum struct{ Algorithm, Value string }
	if json.Unmarshal(p.Checksum, &text) == nil {
		sum.Algorithm, sum.Value, _ = strings.Cut(text, ":")
	} else if err := json.Unmarshal(p.Checksum, &sum); err != nil {
		return one, fmt.Errorf("package %q has no checksum", p.Name)
	}
	one.Checksum = rpmmd.Checksum{Type: sum.Algorithm, Value: sum.Value}
	if p.Name == "" || sum.Algorithm == "" || sum.Value == "" || len(one.RemoteLocations) == 0 {
		return one, fmt.Errorf("package %q lacks its name, checksum or place", p.Name)
	}
	one.CheckGPG = repo.CheckGPG != nil && *repo.CheckGPG
	one.IgnoreSSL = repo.IgnoreSSL != nil && *repo.IgnoreSSL
	switch {
	case repo.RHSM:
		one.Secrets = "org.osbuild.rhsm"
	case repo.SSLClientKey != "":
		one.Secrets = "org.osbuild.mtls"
	}
	return one, nil
}

func repositoriesOf(all map[string]repository, rhsmRepos map[string]bool) []rpmmd.RepoConfig {
	list := make([]rpmmd.RepoConfig, 0, len(all))
	for _, id := range sortedKeys(all) {
		r := all[id]
		ignore, enabled := r.SSLVerify != nil && !*r.SSLVerify, true
		list = append(list, rpmmd.RepoConfig{
			Id: id, Name: r.Name, BaseURLs: r.BaseURL, Metalink: r.Metalink, MirrorList: r.MirrorList,
			GPGKeys: slices.Concat(r.Keys1, r.Keys2), CheckGPG: r.GPGCheck, CheckRepoGPG: r.RepoGPGCheck, IgnoreSSL: &ignore,
			MetadataExpire: r.MetadataExpire, ModuleHotfixes: r.ModuleHotfixes, Enabled: &enabled, RHSM: rhsmRepos[id],
			SSLCACert: r.SSLCACert, SSLClientKey: r.SSLClientKey, SSLClientCert: r.SSLClientCert,
		})
	}
	return list
}

func modulesOf(all map[string]moduleSpec) []rpmmd.ModuleSpec {
	var list []rpmmd.ModuleSpec
	for _, name := range sortedKeys(all) {
		m := all[name]
		list = append(list, rpmmd.ModuleSpec{
			ModuleConfigFile: rpmmd.ModuleConfigFile{Path: m.File.Path, Data: rpmmd.ModuleConfigData{
				Name: m.File.Data.Name, Stream: m.File.Data.Stream, State: m.File.Data.State, Profiles: m.File.Data.Profiles,
			}},
			FailsafeFile: rpmmd.ModuleFailsafeFile{Path: m.Failsafe.Path, Data: m.Failsafe.Data},
		})
	}
	return list
}

// userinfo is what a URL says of a user, with a password perhaps.
var userinfo = regexp.MustCompile(`://[^/\s@"']*@`)

// Public is what a program says, for everybody to read: without the users and passwords of URLs, which repositories of a
// site may have.
func Public(text string) string { return userinfo.ReplaceAllLiteralString(text, "://") }

// parseFault reads why the depsolver failed: {"kind": …, "reason": …}. Repositories, which it calls by
// their IDs, get their names back.
func parseFault(data []byte, sets []rpmmd.PackageSet) (kind, reason string, ok bool) {
	var fault struct{ Kind, Reason string }
	if json.Unmarshal(data, &fault) != nil || fault.Reason == "" {
		return "", "", false
	}
	for _, s := range sets {
		for _, r := range s.Repositories {
			where := strings.Join(r.BaseURLs, ", ")
			if where == "" {
				where = r.Metalink + r.MirrorList
			}
			fault.Reason = strings.ReplaceAll(fault.Reason, r.Hash(), r.Name+" ("+where+")")
		}
	}
	return fault.Kind, Public(fault.Reason), true
}
