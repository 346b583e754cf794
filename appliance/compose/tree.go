package compose

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"edge/appliance/blueprint"
	"edge/appliance/rpm"
)

// directory and file are a tree before it is committed. Everything belongs to root.
type directory struct {
	mode  uint32 // permissions; 0 means 0755
	dirs  map[string]*directory
	files map[string]file
}

type file struct {
	mode    uint32 // permissions
	content []byte
	target  string // of a symbolic link, which has no content
}

// at finds the directory of a path and makes those that are missing.
func (d *directory) at(dir string) *directory {
	if dir == "." {
		return d
	}
	for name := range strings.SplitSeq(dir, "/") {
		if d.dirs[name] == nil {
			if d.dirs == nil {
				d.dirs = map[string]*directory{}
			}
			d.dirs[name] = &directory{}
		}
		d = d.dirs[name]
	}
	return d
}

func (d *directory) put(name string, f file) {
	d = d.at(path.Dir(name))
	if d.files == nil {
		d.files = map[string]file{}
	}
	d.files[path.Base(name)] = f
}

// write puts a text. Scripts are told by their first two bytes: an embedded file has no mode.
func (d *directory) write(name string, content []byte) {
	f := file{mode: 0o644, content: content}
	if bytes.HasPrefix(content, []byte("#!")) {
		f.mode = 0o755
	}
	d.put(name, f)
}

// empty are the directories that a booted system mounts over or fills, and that an embedded tree
// cannot hold.
var empty = []string{"boot", "dev", "proc", "run", "sys", "sysroot", "tmp", "var",
	"usr/lib64", "usr/sbin", "usr/libexec", "usr/include", "usr/etc/greenboot/green.d", "usr/etc/greenboot/red.d"}

// links are those of every rpm-ostree system: what changes lies in var, what is /usr is /usr.
var links = map[string]string{
	"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin",
	"home": "var/home", "mnt": "var/mnt", "opt": "var/opt", "root": "var/roothome", "srv": "var/srv",
	"media": "run/media", "ostree": "sysroot/ostree",
	"usr/local": "../var/usrlocal", "usr/tmp": "../var/tmp",
	"usr/etc/os-release": "../usr/lib/os-release", "usr/etc/redhat-release": "../usr/lib/system-release",
}

// tree lays the parts' files over each other and adds what follows from version and packages.
func (s *Sample) tree(how recipe, packages []rpm.Package) (*directory, error) {
	root := &directory{}
	for _, name := range empty {
		root.at(name)
	}
	root.at("tmp").mode = 0o1777
	for name, target := range links {
		root.put(name, file{mode: 0o777, target: target})
	}
	for _, part := range how.parts {
		if err := s.overlay(root, part); err != nil {
			return nil, err
		}
	}
	root.write("usr/lib/os-release", osRelease(how.version))
	root.write("usr/lib/system-release", fmt.Appendf(nil, "Appliance Sample %s (not bootable)\n", how.version))
	root.write("usr/share/rpm/packages", []byte(listing(packages)))
	for _, p := range packages {
		root.write("usr/share/doc/"+p.Name+"/README", fmt.Appendf(nil, "%s\n\nOnly the name of this package is part of the sample.\n", p))
	}
	return root, nil
}

// overlay puts every file below the directory part into root.
func (s *Sample) overlay(root *directory, part string) error {
	return fs.WalkDir(s.files, part, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSample, err)
		}
		if e.IsDir() {
			return nil
		}
		content, err := fs.ReadFile(s.files, name)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSample, err)
		}
		root.write(strings.TrimPrefix(name, part+"/"), content)
		return nil
	})
}

func osRelease(v blueprint.Version) []byte {
	return fmt.Appendf(nil, `NAME="Appliance Sample"
ID=appliance-sample
ID_LIKE="rhel centos fedora"
VERSION_ID="%[1]s"
PRETTY_NAME="Appliance Sample %[1]s (not bootable)"
VARIANT="Edge"
VARIANT_ID=edge
OSTREE_VERSION="%[1]s"
`, v)
}
