package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"

	"edge/appliance/app"
	"edge/appliance/registry"
)

// registryConfig is what [registry] says, checked.
type registryConfig struct {
	allow, tokenHosts []string
	immutable         []string // nil: not said
	private           bool
	authFile, certDir string
}

// registryFile is [registry] as it is written.
type registryFile struct {
	Allow      any `toml:"allow"`
	TokenHosts any `toml:"token_hosts"`
	Immutable  any `toml:"immutable"`
	Private    any `toml:"private"`
	AuthFile   any `toml:"auth_file"`
	CertDir    any `toml:"cert_dir"`
}

// appFile is [[app]] as it is written.
type appFile struct {
	Name   any `toml:"name"`
	Image  any `toml:"image"`
	Source any `toml:"source"`
	Tag    any `toml:"tag"`
	Unit   any `toml:"unit"`
	Port   any `toml:"port"`
	Cold   any `toml:"cold"`
}

func readRegistry(r *reader, f registryFile) registryConfig {
	return registryConfig{
		allow:      read(r, "registry.allow", f.Allow, areTexts(nil)),
		tokenHosts: read(r, "registry.token_hosts", f.TokenHosts, areTexts(nil)),
		immutable:  read(r, "registry.immutable", f.Immutable, areTexts(checkGlob)),
		private:    read(r, "registry.private", f.Private, isBool),
		authFile:   read(r, "registry.auth_file", f.AuthFile, checked(checkPath)),
		certDir:    read(r, "registry.cert_dir", f.CertDir, checked(checkPath)),
	}
}

// readApps reads every [[app]]. A name left out is the last part of the image.
func readApps(r *reader, files []appFile) []app.App {
	var apps []app.App
	for i, f := range files {
		at := fmt.Sprintf("app[%d]", i)
		a := app.App{
			Name:   read(r, at+".name", f.Name, inText(app.ParseName)),
			Image:  read(r, at+".image", f.Image, checked(checkImage)),
			Source: read(r, at+".source", f.Source, checked(checkSource)),
			Tag:    read(r, at+".tag", f.Tag, inText(registry.ParseTag)),
			Unit:   read(r, at+".unit", f.Unit, checked(checkUnit)),
			Port:   read(r, at+".port", f.Port, isPort),
			Cold:   read(r, at+".cold", f.Cold, isBool),
		}
		if a.Name == "" && a.Image != "" {
			a.Name = path.Base(a.Image)
		}
		if a.Name == "" && f.Name == nil && f.Image == nil {
			r.note(at, errors.New("an app has a name or an image"))
		}
		if slices.ContainsFunc(apps, func(b app.App) bool { return a.Name != "" && b.Name == a.Name }) {
			r.note(at+".name", fmt.Errorf("%q is there twice", a.Name))
		}
		a.Image, a.Tag = cmp.Or(a.Image, a.Name), cmp.Or(a.Tag, app.DefaultTag)
		apps = append(apps, a)
	}
	return apps
}

// areTexts wants a list of texts, each of which passes a check.
func areTexts(check func(string) error) func(any) ([]string, error) {
	return func(v any) ([]string, error) {
		list, ok := v.([]any)
		if !ok {
			return nil, errors.New(`want a list such as ["quay.io/someone"]`)
		}
		texts := []string{}
		for _, item := range list {
			s, err := isText(item)
			if err == nil && check != nil {
				err = check(s)
			}
			if err == nil && s == "" {
				err = errors.New("an empty text is nobody's name")
			}
			if err != nil {
				return nil, err
			}
			texts = append(texts, s)
		}
		return texts, nil
	}
}

func checkGlob(s string) error {
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Errorf("%q is no pattern: want one such as v* or v[0-9]*", s)
	}
	return nil
}

func checkPath(s string) error {
	if !path.IsAbs(s) {
		return fmt.Errorf("%q is no absolute path", s)
	}
	return nil
}

func checkImage(s string) error {
	_, repository := app.SplitImage(s)
	if _, err := registry.ParseRepository(repository); err != nil {
		return fmt.Errorf("%q is no image without a tag: want 2048, or quay.io/someone/2048", s)
	}
	return nil
}

func checkSource(s string) error {
	host, repository := app.SplitImage(s)
	if _, err := registry.ParseRepository(repository); err != nil || host == "" {
		return fmt.Errorf("%q is no image of a registry: want one such as quay.io/someone/2048", s)
	}
	return nil
}

// checkUnit wants a word that can stand in container-WORD.service.
func checkUnit(s string) error {
	for _, c := range s {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return fmt.Errorf("%q is no name of a unit: want a word such as app1", s)
		}
	}
	if s == "" || len(s) > 100 {
		return errors.New("want a word such as app1")
	}
	return nil
}

func isPort(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || n < 1 || n > 65535 {
		return 0, errors.New("want a port, 1 to 65535")
	}
	return int(n), nil
}
