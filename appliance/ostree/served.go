package ostree

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"edge/appliance/object"
)

// Served is what a device gets for a path below repo/. Exactly one of Data, File and List is set.
type Served struct {
	Data      []byte          // generated content
	File      string          // path on disk; whether it is there shows when it is opened
	List      []string        // names of a directory, subdirectories with a trailing slash
	Immutable bool            // objects and deltas
	ETag      string          // strong, quoted; "" for a List
	Commit    object.Checksum // set when the path is a commit object: a pull begins
}

// Lookup resolves path ("objects/ab/cd….filez", "refs/heads/x", "summary", "" …) for a device.
// What devices may not see is ErrUnknown, as what is not there. Folders of objects are never listed:
// without its commit nothing of a staged release can be found.
func (r *Repo) Lookup(path string) (Served, error) {
	if rest, ok := strings.CutPrefix(path, "objects/"); ok && rest != "" {
		return r.lookupObject(path, rest)
	}
	path = strings.TrimSuffix(path, "/")
	g := r.current()
	switch first, rest, _ := strings.Cut(path, "/"); first {
	case "":
		if rest != "" {
			return Served{}, unknownPath(path)
		}
		return rootList(g), nil
	case "config":
		return whole(path, rest, []byte(newConfig))
	case "summary":
		return whole(path, rest, g.summary)
	case "summary.sig":
		return whole(path, rest, g.sig)
	case "refs":
		return lookupRef(g, path, rest)
	case "objects":
		return Served{List: []string{}}, nil
	case "deltas":
		return r.lookupDelta(g, path, rest)
	case "delta-indexes":
		return r.lookupIndex(g, path, rest)
	}
	return Served{}, unknownPath(path)
}

func unknownPath(path string) error { return fmt.Errorf("path %q: %w", path, ErrUnknown) }

func rootList(g *generation) Served {
	list := []string{"config", "objects/", "refs/", "summary"}
	if g.sig != nil {
		list = append(list, "summary.sig")
	}
	if len(g.deltas) > 0 {
		list = append(list, "deltas/")
	}
	slices.Sort(list)
	return Served{List: list}
}

// whole serves data for a path that has nothing below it.
func whole(path, rest string, data []byte) (Served, error) {
	if rest != "" || data == nil {
		return Served{}, unknownPath(path)
	}
	return Served{Data: data, ETag: contentTag(data)}, nil
}

func contentTag(data []byte) string { return `"` + string(object.ChecksumOf(data)) + `"` }

// lookupObject answers for objects/. Everything but commits and their signatures is found by
// checksum alone, so it needs no look at the generation.
func (r *Repo) lookupObject(path, rest string) (Served, error) {
	n, err := object.ParseName(rest)
	if err != nil {
		return Served{}, unknownPath(path)
	}
	served := Served{File: r.dir + "/" + path, Immutable: true, ETag: `"` + string(n.Checksum) + "." + string(n.Kind) + `"`}
	switch n.Kind {
	case object.KindFile, object.KindDirTree, object.KindDirMeta:
		return served, nil
	}
	if _, ok := r.current().visible[n.Checksum]; !ok {
		return Served{}, unknownPath(path)
	}
	if n.Kind == object.KindCommit {
		served.Commit = n.Checksum
		return served, nil
	}
	data, err := readSmall(served.File, object.MaxMetadata) // signatures may be added: no fixed tag
	if err != nil {
		return Served{}, unknownPath(path)
	}
	return Served{Data: data, ETag: contentTag(data)}, nil
}

// lookupRef answers for refs/: only refs/heads is offered.
func lookupRef(g *generation, path, rest string) (Served, error) {
	if rest == "" {
		return Served{List: []string{"heads/"}}, nil
	}
	first, name, _ := strings.Cut(rest, "/")
	if first != "heads" {
		return Served{}, unknownPath(path)
	}
	if c, ok := g.refs[object.Ref(name)]; ok {
		data := refFile(c)
		return Served{Data: data, ETag: contentTag(data)}, nil
	}
	list := map[string]struct{}{}
	for ref := range g.refs {
		below, ok := string(ref), true
		if name != "" {
			below, ok = strings.CutPrefix(below, name+"/")
		}
		if !ok {
			continue
		}
		if head, _, deeper := strings.Cut(below, "/"); deeper {
			list[head+"/"] = struct{}{}
		} else {
			list[head] = struct{}{}
		}
	}
	if len(list) == 0 && name != "" {
		return Served{}, unknownPath(path)
	}
	return Served{List: append([]string{}, slices.Sorted(maps.Keys(list))...)}, nil
}

// lookupDelta answers for deltas/xx/rest/part: only of deltas to a commit that devices may see.
func (r *Repo) lookupDelta(g *generation, path, rest string) (Served, error) {
	if rest == "" && len(g.deltas) > 0 {
		return Served{List: []string{}}, nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 || parts[2] != "superblock" && !decimal(parts[2]) {
		return Served{}, unknownPath(path)
	}
	from, to, err := parseDeltaFolder(parts[0], parts[1])
	if err != nil {
		return Served{}, unknownPath(path)
	}
	sum, there := g.deltas[deltaKey(from, to)]
	if _, ok := g.visible[to]; !ok || !there {
		return Served{}, unknownPath(path)
	}
	// A delta that is made again gets another superblock, which names its parts by checksum.
	return Served{File: r.dir + "/" + path, Immutable: true, ETag: `"` + string(sum) + "." + parts[2] + `"`}, nil
}

// lookupIndex answers for delta-indexes/xx/rest.index.
func (r *Repo) lookupIndex(g *generation, path, rest string) (Served, error) {
	prefix, name, _ := strings.Cut(rest, "/")
	target, ok := strings.CutSuffix(name, ".index")
	if !ok || len(prefix) != 2 {
		return Served{}, unknownPath(path)
	}
	to, err := deltaChecksum(prefix + target)
	if err != nil {
		return Served{}, unknownPath(path)
	}
	if _, ok := g.visible[to]; !ok {
		return Served{}, unknownPath(path)
	}
	data, err := readSmall(r.dir+"/"+path, object.MaxMetadata)
	if err != nil {
		return Served{}, unknownPath(path)
	}
	return Served{Data: data, ETag: contentTag(data)}, nil
}

func decimal(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) < 6
}
