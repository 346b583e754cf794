package blueprint

import (
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// Services of git (gitprotocol-http(5)).
const (
	UploadPack  = "git-upload-pack"  // fetch and clone
	ReceivePack = "git-receive-pack" // push
)

// Advertise writes the references that a service of git begins with; service is UploadPack or ReceivePack.
func (r *Repository) Advertise(service string, out io.Writer) error {
	refs := packp.NewAdvRefs()
	refs.Prefix = [][]byte{[]byte("# service=" + service), pktline.Flush}
	refs.References = r.now().refs()
	able := refs.Capabilities
	var err error
	set := func(c capability.Capability, values ...string) {
		if err == nil {
			err = able.Set(c, values...)
		}
	}
	set(capability.Agent, "appliance")
	set(capability.OFSDelta)
	if service == UploadPack {
		set(capability.MultiACKDetailed)
		set(capability.NoProgress)
		if tip, known := refs.References[branch]; known {
			refs.Head = &tip
			set(capability.SymRef, "HEAD:"+branch)
		}
	} else {
		for _, c := range []capability.Capability{capability.ReportStatus, capability.DeleteRefs, capability.Sideband64k, "no-thin", capability.Atomic} {
			set(c)
		}
	}
	if err != nil {
		return fmt.Errorf("saying what %s can do: %w", service, err)
	}
	return refs.Encode(out)
}

// Send answers a fetch or clone with git: in is the request of git-upload-pack over HTTP. Nothing is
// written before the request was found good.
func (r *Repository) Send(in io.Reader, out io.Writer) error {
	w, err := readWish(in)
	if err != nil {
		return err
	}
	x := r.now()
	known := map[plumbing.Hash]bool{}
	for _, h := range x.refs() {
		known[h] = true
	}
	for _, h := range w.wants {
		if !known[h] {
			return fmt.Errorf("sending blueprints: %w: object %s is not offered", ErrMalformed, h)
		}
	}
	if len(w.wants) == 0 {
		return nil
	}
	skip, get := map[plumbing.Hash]bool{}, reader(r.store.get)
	var common, names []plumbing.Hash
	for _, h := range w.haves {
		if !r.store.has(h) {
			continue
		}
		if _, err := get.closure(h, skip); err == nil { // it is a commit
			common = append(common, h)
		}
	}
	for _, h := range w.wants {
		more, err := get.closure(h, skip)
		if err != nil {
			return err
		}
		names = append(names, more...)
	}
	if !w.done {
		return w.acknowledge(out, common)
	}
	objects := make([]content, len(names))
	for i, h := range names {
		if objects[i], err = get(h); err != nil {
			return err
		}
	}
	if err := w.acknowledge(out, common); err != nil {
		return err
	}
	return writePack(out, objects)
}

// closure is a commit, what came before it and all that is in there, but for what seen has; it adds to seen.
func (get reader) closure(from plumbing.Hash, seen map[plumbing.Hash]bool) ([]plumbing.Hash, error) {
	var all []plumbing.Hash
	add := func(h plumbing.Hash) bool {
		if seen[h] {
			return false
		}
		seen[h] = true
		all = append(all, h)
		return true
	}
	for todo := []plumbing.Hash{from}; len(todo) > 0; {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !add(h) {
			continue
		}
		c, err := get.commit(h)
		if err != nil {
			return nil, err
		}
		todo = append(todo, c.ParentHashes...)
		if !add(c.TreeHash) {
			continue
		}
		tree, err := get.tree(c.TreeHash)
		if err != nil {
			return nil, err
		}
		for _, e := range tree {
			if e.Mode == filemode.Regular {
				add(e.Hash)
			}
		}
	}
	return all, nil
}
