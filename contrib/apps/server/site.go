package main

import (
	"hash/fnv"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// largestSite bounds what load takes into memory, in bytes.
const largestSite = 32 << 20

// file is one file of the site, ready to be sent.
type file struct {
	data []byte
	kind string // Content-Type
	etag string
}

// site is every file under its path: /index.html. Because it is read once, no request ever names a
// file of the machine.
type site map[string]file

// load reads every regular file below dir; symbolic links are left out.
func load(dir string) (site, error) {
	root, all, total := os.DirFS(dir), site{}, 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if total += len(data); total > largestSite {
			return fault("more than " + strconv.Itoa(largestSite) + " bytes")
		}
		sum := fnv.New64a()
		_, _ = sum.Write(data)
		all["/"+name] = file{data, kind(name), `"` + strconv.FormatUint(sum.Sum64(), 16) + `"`}
		return nil
	})
	if err == nil && len(all) == 0 {
		err = fault("it has no files")
	}
	if err != nil {
		return nil, fault("reading the site " + strconv.Quote(dir) + ": " + err.Error())
	}
	return all, nil
}

func kind(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".json":
		return "application/json"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	}
	return "application/octet-stream"
}

// find gives the file for a decoded path. A folder answers with its index.html, or, to clients that
// do not ask for HTML by name (curl), with its index.txt where there is one.
func (s site) find(name string, html bool) (f file, varies, ok bool) {
	if !strings.HasSuffix(name, "/") {
		f, ok = s[name]
		return f, false, ok
	}
	page, hasPage := s[name+"index.html"]
	text, hasText := s[name+"index.txt"]
	if hasText && (!html || !hasPage) {
		return text, hasPage, true
	}
	return page, hasText, hasPage
}
