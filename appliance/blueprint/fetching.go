package blueprint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// maxRefs bounds the references of a remote.
const maxRefs = 100_000

// readAdvertisement reads the references that a server has.
func readAdvertisement(body []byte) (references, error) {
	if err := checkAdvertisement(body); err != nil {
		return nil, fmt.Errorf("reading references: %w", err)
	}
	a := packp.NewAdvRefs()
	if err := a.Decode(bytes.NewReader(body)); errors.Is(err, packp.ErrEmptyAdvRefs) {
		return references{}, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading references: %w", malformed("%v", err))
	}
	refs := references(a.References)
	if a.Head != nil {
		refs["HEAD"] = *a.Head
	}
	return refs, nil
}

// checkAdvertisement looks at each line before go-git does, which takes half a hash for one and does not
// survive every line.
func checkAdvertisement(body []byte) error {
	first, rest, err := linesUntilFlush(body, 1)
	if err != nil || len(first) != 1 || first[0] != "# service="+UploadPack {
		return malformed("it does not speak as a git server does")
	}
	lines, _, err := linesUntilFlush(rest, maxRefs)
	if err != nil {
		return err
	}
	shallow := false
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "\x00")
		hash, name, _ := strings.Cut(line, " ")
		if hash == "shallow" {
			shallow, hash, name = true, name, "shallow"
		} else if shallow {
			name = ""
		}
		if !plumbing.IsHash(hash) || name == "" {
			return malformed("%.80q names no reference", line)
		}
	}
	return nil
}

// shallowWish asks for one commit and what is in it.
func shallowWish(tip plumbing.Hash) ([]byte, error) {
	r := packp.NewUploadRequest()
	r.Wants, r.Depth = []plumbing.Hash{tip}, packp.DepthCommits(1)
	var out bytes.Buffer
	err := errors.Join(r.Capabilities.Set(capability.Shallow), r.Capabilities.Set(capability.OFSDelta), r.Capabilities.Set(capability.NoProgress),
		r.Capabilities.Set(capability.Agent, "appliance"), r.Encode(&out), pktline.NewEncoder(&out).EncodeString("done\n"))
	return out.Bytes(), err
}

// readShallowAnswer returns the pack in the answer to shallowWish.
func readShallowAnswer(body []byte) ([]byte, error) {
	r := packp.NewUploadPackRequest()
	r.Depth = packp.DepthCommits(1)
	answer := packp.NewUploadPackResponse(r)
	if err := answer.Decode(io.NopCloser(bytes.NewReader(body))); err != nil {
		return nil, malformed("%v", err)
	}
	return io.ReadAll(answer)
}
