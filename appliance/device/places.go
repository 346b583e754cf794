package device

import (
	"path"
	"strings"

	"edge/appliance/rootfs"
)

// places opens the root and, when something is wanted there, the homes below it. What is in a home is never
// reached through the root: the user could lead it elsewhere.
type places struct {
	root  *rootfs.Root
	homes map[string]home
	reals map[string]string
}

type home struct {
	root *rootfs.Root
	err  error
}

func newPlaces(root *rootfs.Root) *places {
	return &places{root: root, homes: map[string]home{}, reals: map[string]string{}}
}

// at is the root for a path and its name there. homeDir is the home that the path is below, if it is, and
// uid and gid are its user.
func (p *places) at(name, homeDir string, uid, gid uint32) (*rootfs.Root, string, error) {
	if homeDir == "" {
		return p.root, name, nil
	}
	h, opened := p.homes[homeDir]
	if !opened {
		h.root, h.err = p.root.Home(homeDir, uid, gid)
		p.homes[homeDir] = h
	}
	return h.root, strings.TrimPrefix(name, homeDir), h.err
}

func (p *places) of(r Record) (*rootfs.Root, string, error) {
	return p.at(r.Path, r.Home, r.UID, r.GID)
}

// real is a path whose folder has no links in it, so that paths can be compared: /usr/local/bin may be
// /var/usrlocal/bin. Below a home nothing is resolved.
func (p *places) real(name, homeDir string) (string, error) {
	if homeDir != "" {
		return name, nil
	}
	dir := path.Dir(name)
	real, known := p.reals[dir]
	if !known {
		var err error
		if real, err = p.root.Real(dir); err != nil {
			return "", err
		}
		p.reals[dir] = real
	}
	return path.Join(real, path.Base(name)), nil
}

func (p *places) close() {
	for _, h := range p.homes {
		if h.root != nil {
			h.root.Close()
		}
	}
}
