package ostree

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"edge/appliance/object"
)

// Limits of an edge-commit archive. They bound what a hostile one can make us read; real ones have
// some 30,000 members.
const (
	maxMembers     = 4_000_000
	maxArchive     = 1 << 40   // bytes when decompressed
	maxComposeJSON = 1 << 20   // bytes
	maxZstdWindow  = 128 << 20 // bytes; what `zstd --ultra -22` wants
)

// member is what a name in an archive stands for.
type member int

const (
	memberIgnored member = iota // a folder, or a file of the repository that we make ourselves
	memberCompose               // compose.json
	memberConfig
	memberRef
	memberObject
	memberPartial // state/CHECKSUM.commitpartial
)

// parseMember reads a member's name: that of an edge-commit archive as osbuild writes it, with or
// without "./" before it. rest is the ref, the object's path, or the marked commit.
func parseMember(name string) (kind member, rest string, err error) {
	clean := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	if clean == "" || clean == "." {
		return memberIgnored, "", nil
	}
	for part := range strings.SplitSeq(clean, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\x00\\") {
			return 0, "", fmt.Errorf("%w: member name %q is not a plain relative path", ErrArchive, name)
		}
	}
	inside, ok := strings.CutPrefix(clean, "repo/")
	switch {
	case clean == "compose.json":
		return memberCompose, "", nil
	case !ok:
		return memberIgnored, "", nil
	case inside == "config":
		return memberConfig, "", nil
	}
	if ref, ok := strings.CutPrefix(inside, "refs/heads/"); ok {
		return memberRef, ref, nil
	}
	if path, ok := strings.CutPrefix(inside, "objects/"); ok && strings.Contains(path, "/") {
		return memberObject, path, nil
	}
	if c, ok := strings.CutSuffix(inside, ".commitpartial"); ok && strings.HasPrefix(c, "state/") {
		return memberPartial, strings.TrimPrefix(c, "state/"), nil
	}
	return memberIgnored, "", nil
}

// composeJSON is what we read of osbuild's compose.json; other keys may be there.
type composeJSON struct {
	Ref    string `json:"ref"`
	Commit string `json:"ostree-commit"`
}

func parseCompose(data []byte) (composeJSON, error) {
	var c composeJSON
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("%w: its compose.json is no JSON object: %v", ErrArchive, err)
	}
	if c.Ref != "" {
		if _, err := object.ParseRef(c.Ref); err != nil {
			return c, fmt.Errorf("%w: its compose.json: %w", ErrArchive, err)
		}
	}
	if c.Commit != "" {
		if _, err := object.ParseChecksum(c.Commit); err != nil {
			return c, fmt.Errorf("%w: its compose.json: %w", ErrArchive, err)
		}
	}
	return c, nil
}

// decompress finds out by its first bytes what in is and returns the tar inside. A plain tar that
// can seek stays so: archive/tar then jumps over the objects that are here already.
func decompress(in io.Reader) (tar io.Reader, done func(), err error) {
	head := make([]byte, 4)
	n, err := io.ReadFull(in, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, fmt.Errorf("%w: it ends after %d bytes", ErrArchive, n)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading it: %w", err)
	}
	whole := func() io.Reader { return io.MultiReader(bytes.NewReader(head), in) }
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bufio.NewReaderSize(whole(), 64<<10))
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %v", ErrArchive, err)
		}
		return z, func() { z.Close() }, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(whole(), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderMaxMemory(maxArchive))
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %v", ErrArchive, err)
		}
		return z, z.Close, nil
	}
	if s, ok := in.(io.Seeker); ok {
		if _, err := s.Seek(-int64(len(head)), io.SeekCurrent); err == nil {
			return in, func() {}, nil
		}
	}
	return bufio.NewReaderSize(whole(), 256<<10), func() {}, nil
}
