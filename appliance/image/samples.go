package image

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// edition is one version of a sample application.
type edition struct {
	repository, tag string
	day             int // of March 2026, when it says it was made
	port            int
	args            string // the entrypoint, at blanks
	does            string // the end of its description
	news            string // a banner on its page
}

// editions are the demonstration: an application that can be updated to a version that does not
// start, to one that works, and to one whose failure no container engine sees.
func editions() []edition {
	const works, serve = "This version works.", "/server"
	return []edition{
		{repository: "2048", tag: "v1", day: 2, port: 8081, args: serve, does: works},
		{repository: "2048", tag: "v2", day: 9, port: 8081, args: "/servr", does: "This version's entrypoint is misspelt, so it does not start."},
		{repository: "2048", tag: "v3", day: 16, port: 8081, args: serve, does: works,
			news: "New in v3: this banner! It came over the air, and your game is still where you left it."},
		{repository: "2048", tag: "v4-mute", day: 23, port: 8081, args: serve + " mute", does: "This version starts, stays and never listens."},
		{repository: "simple-http", tag: "v1", day: 2, port: 8080, args: serve, does: works},
		{repository: "simple-http", tag: "v2", day: 9, port: 8080, args: serve, does: works,
			news: "New in v2: this line."},
	}
}

// describes begins the description of every version.
func describes(repository string) string {
	if repository == "2048" {
		return "The game 2048 as a web page, to show updates and their undoing."
	}
	return "One page of text, to show an application that sleeps until it is asked."
}

// Samples builds 2048 (v1, v2 with a misspelt entrypoint, v3 with a banner, v4-mute which starts but
// never listens) and simple-http (v1, v2), and the aliases prod -> v1. files is embedded/apps: the
// static server for both architectures, compressed, and the pages.
func Samples(files fs.FS) ([]Image, []Alias, error) {
	servers := map[string][]byte{}
	for _, arch := range architectures {
		program, err := unzip(files, "server-"+arch+".gz")
		if err != nil {
			return nil, nil, fmt.Errorf("reading the static server for %q: %w", arch, err)
		}
		if servers[arch], err = layer([]file{{name: "server", mode: 0o755, data: program}}); err != nil {
			return nil, nil, err
		}
	}
	var images []Image
	for _, e := range editions() {
		i, err := e.build(files, servers)
		if err != nil {
			return nil, nil, fmt.Errorf("building the sample %s:%s: %w", e.repository, e.tag, err)
		}
		images = append(images, i)
	}
	return images, []Alias{
		{Repository: "2048", Tag: "prod", At: "v1"},
		{Repository: "simple-http", Tag: "prod", At: "v1"},
	}, nil
}

// unzip reads a whole file that gzip made.
func unzip(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func (e edition) build(files fs.FS, servers map[string][]byte) (Image, error) {
	pages, err := e.pages(files)
	if err != nil {
		return Image{}, err
	}
	site, err := layer(pages)
	if err != nil {
		return Image{}, err
	}
	return recipe{
		repository: e.repository, tag: e.tag, port: e.port, servers: servers, site: site,
		created:    time.Date(2026, time.March, e.day, 9, 0, 0, 0, time.UTC),
		entrypoint: strings.Fields(e.args),
		labels: map[string]string{
			"org.opencontainers.image.title":       e.repository,
			"org.opencontainers.image.version":     e.tag,
			"org.opencontainers.image.description": describes(e.repository) + " " + e.does,
		},
	}.build()
}

// pages are the files of this version's site, with {{version}} and {{news}} filled in.
func (e edition) pages(files fs.FS) ([]file, error) {
	fill := strings.NewReplacer("{{version}}", e.tag, "{{news}}", e.news)
	var pages []file
	err := fs.WalkDir(files, e.repository, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		at := "site" + strings.TrimPrefix(name, e.repository)
		pages = append(pages, file{name: at, mode: 0o644, data: []byte(fill.Replace(string(data)))})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the pages of %q: %w", e.repository, err)
	}
	return pages, nil
}
