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

// Limits of a request for a pack.
const (
	maxWish  = 1 << 20 // bytes
	maxWants = 1000
	maxHaves = 10_000
)

// wish is what a client of git-upload-pack asks for.
type wish struct {
	wants, haves []plumbing.Hash
	multi        bool // it understands every ACK
	done         bool // it waits for the pack
}

// readWish reads the request of a client over HTTP. A request for nothing has no wants.
func readWish(in io.Reader) (wish, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxWish+1))
	if err != nil {
		return wish{}, fmt.Errorf("reading a request: %w", err)
	}
	if len(data) > maxWish {
		return wish{}, fmt.Errorf("reading a request: %w: more than %d bytes", ErrTooLarge, maxWish)
	}
	if len(data) == 0 || bytes.Equal(data, pktline.FlushPkt) {
		return wish{}, nil
	}
	w, err := parseWish(bytes.NewReader(data))
	if err != nil {
		return wish{}, fmt.Errorf("reading a request: %w", err)
	}
	return w, nil
}

func parseWish(in io.Reader) (wish, error) {
	r := packp.NewUploadRequest()
	if err := r.Decode(in); err != nil {
		return wish{}, malformed("%v; shallow and partial clones are not made here", err)
	}
	if len(r.Shallows) > 0 || !r.Depth.IsZero() {
		return wish{}, malformed("shallow and partial clones are not made here")
	}
	w := wish{wants: r.Wants, multi: r.Capabilities.Supports(capability.MultiACKDetailed)}
	if len(w.wants) > maxWants {
		return wish{}, fmt.Errorf("%w: more than %d objects are named", ErrTooLarge, maxWants)
	}
	s := pktline.NewScanner(in)
	for s.Scan() {
		verb, hash, _ := strings.Cut(strings.TrimSuffix(string(s.Bytes()), "\n"), " ")
		switch {
		case verb == "":
		case verb == "done":
			w.done = true
			return w, nil
		case verb == "have" && plumbing.IsHash(hash):
			if w.haves = append(w.haves, plumbing.NewHash(hash)); len(w.haves) > maxHaves {
				return wish{}, fmt.Errorf("%w: more than %d objects are named", ErrTooLarge, maxHaves)
			}
		default:
			return wish{}, malformed("%.40q is not understood", verb)
		}
	}
	if err := s.Err(); err != nil {
		return wish{}, malformed("%v", err)
	}
	return w, nil
}

// acknowledge says which of the objects of a client are here, in order.
func (w wish) acknowledge(out io.Writer, common []plumbing.Hash) error {
	e := pktline.NewEncoder(out)
	var err error
	if w.multi {
		for _, h := range common {
			err = errors.Join(err, e.Encodef("ACK %s common\n", h))
		}
	}
	if len(common) == 0 {
		return errors.Join(err, e.EncodeString("NAK\n"))
	}
	last := common[len(common)-1]
	if w.multi && !w.done {
		return errors.Join(err, e.Encodef("ACK %s ready\n", last), e.EncodeString("NAK\n"))
	}
	return errors.Join(err, e.Encodef("ACK %s\n", last))
}
