package device

import (
	"io/fs"
	"path"
	"slices"
)

// withFolders adds to the items of the plan the folders that are missing on the way to them, each before
// what is in it, and those that an older run made.
func (t *task) withFolders(had map[string]*Record, c *comparison) ([]Item, error) {
	var folders, rest []Item
	known := map[string]bool{}
	for _, item := range t.plan.Items {
		implied, err := t.folders(item, had, known)
		if err != nil && item.Home != "" {
			t.skip(c, item, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		folders = append(folders, implied...)
		if item.Kind == Folder && !known[item.Path] {
			known[item.Path] = true
			folders = append(folders, item)
		} else if item.Kind != Folder {
			rest = append(rest, item)
		}
	}
	return append(folders, rest...), nil
}

// folders are those on the way to an item that are missing or were made by an older run.
func (t *task) folders(item Item, had map[string]*Record, known map[string]bool) ([]Item, error) {
	root, name, err := t.places.at(item.Path, item.Home, item.UID, item.GID)
	if err != nil {
		return nil, err
	}
	real, err := t.places.real(item.Path, item.Home)
	if err != nil {
		return nil, err
	}
	if item.Home == "" {
		name = real
	}
	missing, err := root.Missing(path.Dir(name))
	if err != nil {
		return nil, err
	}
	var out []Item
	add := func(dir string, mode fs.FileMode) {
		if known[dir] {
			return
		}
		known[dir] = true
		folder := Item{Path: dir, Kind: Folder, Mode: mode, Owner: "host"}
		if item.Home != "" {
			folder.Home, folder.UID, folder.GID = item.Home, item.UID, item.GID
		}
		out = append(out, folder)
	}
	mode := fs.FileMode(0o755)
	if item.Home != "" {
		mode = 0o700 // as the base directory specification wants folders of a home to be made
	}
	for _, dir := range ancestors(real) {
		if rec := had[string(Folder)+" "+dir]; rec != nil {
			mode, _ := rec.mode()
			add(dir, mode)
		}
	}
	for _, dir := range missing {
		add(item.Home+dir, mode)
	}
	return out, nil
}

// ancestors are the folders above a path, the outermost one first, without the root.
func ancestors(name string) []string {
	var all []string
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		all = append(all, dir)
	}
	slices.Reverse(all)
	return all
}
