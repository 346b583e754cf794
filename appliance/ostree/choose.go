package ostree

import (
	"fmt"

	"edge/appliance/object"
)

// choose finds the release's commit and ref: compose.json says, or there is only one.
func (t *tarImport) choose() (object.Checksum, object.Ref, error) {
	wanted := composeJSON{Ref: string(t.o.Ref), Commit: string(t.o.Commit)}
	if t.compose != nil {
		if err := agree(&wanted, *t.compose); err != nil {
			return "", "", err
		}
	}
	if err := t.chooseRef(&wanted); err != nil {
		return "", "", err
	}
	if wanted.Commit == "" && len(t.commits) == 1 {
		wanted.Commit = string(t.commits[0])
	}
	commit := object.Checksum(wanted.Commit)
	n := object.Name{Checksum: commit, Kind: object.KindCommit}
	_, there := t.seen[n]
	switch {
	case commit == "" && len(t.commits) == 0:
		return "", "", fmt.Errorf("%w: it has no commit; give the tar that osbuild calls an edge-commit", ErrArchive)
	case commit == "":
		return "", "", fmt.Errorf("%w: it has %d commits, no ref and no compose.json to choose one", ErrArchive, len(t.commits))
	case !there && !t.repo.has(n):
		return "", "", fmt.Errorf("%w: commit %s, which it is said to hold, is not in it", ErrIncomplete, commit)
	case t.partial[string(commit)]:
		return "", "", fmt.Errorf("%w: commit %s is marked partial in it", ErrIncomplete, commit)
	}
	return commit, object.Ref(wanted.Ref), nil
}

// chooseRef settles the ref and takes the commit that it names.
func (t *tarImport) chooseRef(wanted *composeJSON) error {
	if wanted.Ref == "" && len(t.refs) > 1 {
		return fmt.Errorf("%w: it has %d refs and no compose.json to choose one; name the ref to import", ErrMismatch, len(t.refs))
	}
	for ref := range t.refs { // one, or the wanted one is among them
		if wanted.Ref == "" {
			wanted.Ref = ref
		}
	}
	named, ok := t.refs[wanted.Ref]
	switch {
	case ok:
		return agree(wanted, composeJSON{Commit: string(named)})
	case len(t.refs) > 0:
		return fmt.Errorf("%w: it has no ref %q", ErrMismatch, wanted.Ref)
	}
	return nil
}

// agree fills what wanted leaves open with what found says and reports where they differ.
func agree(wanted *composeJSON, found composeJSON) error {
	if wanted.Ref == "" {
		wanted.Ref = found.Ref
	}
	if wanted.Commit == "" {
		wanted.Commit = found.Commit
	}
	if found.Ref != "" && found.Ref != wanted.Ref {
		return fmt.Errorf("%w: ref %q is wanted, the archive says %q", ErrMismatch, wanted.Ref, found.Ref)
	}
	if found.Commit != "" && found.Commit != wanted.Commit {
		return fmt.Errorf("%w: commit %s is wanted, the archive says %s", ErrMismatch, wanted.Commit, found.Commit)
	}
	return nil
}
