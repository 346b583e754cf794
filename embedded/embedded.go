// Package embedded holds the files that travel inside the binary. It only
// hands them out; what they mean is known by the rooms that read them.
package embedded

import (
	"embed"
	"io/fs"
)

//go:embed ui samples apps blueprints
var files embed.FS

// UI is the web page: index.html and its assets.
func UI() fs.FS { return sub("ui") }

// Samples are the package lists and file trees of the sample releases.
func Samples() fs.FS { return sub("samples") }

// Apps are the sample applications: the static server for each architecture, compressed, and a folder of pages
// for each application.
func Apps() fs.FS { return sub("apps") }

// Blueprints are those that a new repository begins with, a file for each version, named so that they
// sort by it.
func Blueprints() fs.FS { return sub("blueprints") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // dir is a constant of this file
	}
	return f
}
