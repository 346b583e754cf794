package ostree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"edge/appliance/gvariant"
	"edge/appliance/object"
)

// detached reads a commit's detached metadata, empty when there is none.
func (r *Repo) detached(c object.Checksum) (gvariant.Value, error) {
	data, err := readSmall(r.path(object.Name{Checksum: c, Kind: object.KindCommitMeta}), object.MaxMetadata)
	if errors.Is(err, fs.ErrNotExist) {
		return gvariant.Dict(), nil
	}
	if err != nil {
		return gvariant.Value{}, fmt.Errorf("reading the signatures of %s: %w", c, err)
	}
	v, err := object.ParseDetached(data)
	if err != nil {
		return gvariant.Value{}, fmt.Errorf("reading the signatures of %s: %w", c, err)
	}
	return v, nil
}

// signature is the change that adds our signature to a commit, or nothing when it is there or
// we do not sign. The signed bytes are those of the commit object.
func (r *Repo) signature(c object.Checksum) ([]change, error) {
	if r.o.Signer == nil {
		return nil, nil
	}
	data, err := r.readMetadata(object.Name{Checksum: c, Kind: object.KindCommit})
	if err != nil {
		return nil, err
	}
	if sum := object.ChecksumOf(data); sum != c {
		return nil, fmt.Errorf("signing commit %s: %w: the bytes are %s; `appliance release verify` tells what else is damaged", c, object.ErrCorrupt, sum)
	}
	old, err := r.detached(c)
	if err != nil {
		return nil, err
	}
	signed := object.AddSignature(old, object.KeyEd25519, r.o.Signer.Sign(data))
	if bytes.Equal(signed.Data(), old.Data()) {
		return nil, nil
	}
	n := object.Name{Checksum: c, Kind: object.KindCommitMeta}
	return []change{{"objects/" + n.Path(), signed.Data()}}, nil
}
