package iso

import (
	"bytes"
	"context"
	"crypto/md5" // the format's; it finds bad media, not attackers
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// The media check that implantisomd5 puts into the application's area of the primary volume descriptor. Source: the
// programs implantisomd5 and checkisomd5 of isomd5sum 1.2.
const (
	sealOffset    = 16*sectorSize + 883
	sealLength    = 512
	skipSectors   = 15 // at the end of the volume are not hashed
	fragmentCount = 20
	fragmentSum   = 3        // hexadecimal digits of each fragment
	hashedAtOnce  = 32 << 10 // a fragment ends with the piece of so many bytes that reaches into the next one
	sealEnd       = "THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!"
)

// Seal is a media check as it stands in an image.
type Seal struct {
	Sum       string `json:"md5"`
	Fragments string `json:"fragments"`
	Supported bool   `json:"supported"` // RHLISOSTATUS, which checkisomd5 only prints
}

// readSeal returns nil where nothing is implanted.
func readSeal(area []byte) (*Seal, error) {
	text := string(area)
	if !strings.Contains(text, "ISO MD5SUM = ") {
		return nil, nil
	}
	var s Seal
	given := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		given[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	s.Sum, s.Fragments, s.Supported = given["ISO MD5SUM"], given["FRAGMENT SUMS"], given["RHLISOSTATUS"] == "1"
	isHex := func(t string, n int) bool {
		_, err := hex.DecodeString(t)
		return err == nil && len(t) == n
	}
	if given["SKIPSECTORS"] != strconv.Itoa(skipSectors) || given["FRAGMENT COUNT"] != strconv.Itoa(fragmentCount) ||
		!isHex(s.Sum, 32) || !isHex(s.Fragments, fragmentCount*fragmentSum) {
		return nil, fmt.Errorf("%w: its media check is not one that implantisomd5 writes", ErrUnsupported)
	}
	return &s, nil
}

// bytes are the application's area that holds s.
func (s Seal) bytes() []byte {
	status := 0
	if s.Supported {
		status = 1
	}
	text := fmt.Sprintf("ISO MD5SUM = %s;SKIPSECTORS = %d;RHLISOSTATUS=%d;FRAGMENT SUMS = %s;FRAGMENT COUNT = %d;%s",
		s.Sum, skipSectors, status, s.Fragments, fragmentCount, sealEnd)
	return append([]byte(text), bytes.Repeat([]byte(" "), sealLength-len(text))...)
}

// Checkpoint is a media check that has come to a certain byte and can go on from there.
type Checkpoint struct {
	Offset    int64  `json:"offset"` // a multiple of 32 KiB
	State     []byte `json:"state"`  // of crypto/md5
	Fragments string `json:"fragments"`
	Fragment  int64  `json:"fragment"`
}

// checker goes through a volume once.
type checker struct {
	md5      hash.Hash
	total    int64 // bytes to hash
	at       int64
	sums     []byte
	fragment int64
}

// newChecker begins a media check of a volume of so many bytes.
func newChecker(volume int64) *checker {
	return &checker{md5: md5.New(), total: max(volume-skipSectors*sectorSize, 0)}
}

func resume(volume int64, c Checkpoint) (*checker, error) {
	k := newChecker(volume)
	if c.Offset%hashedAtOnce != 0 || c.Offset < 0 || c.Offset > k.total || len(c.Fragments) > fragmentCount*fragmentSum {
		return nil, fmt.Errorf("resuming a media check at byte %d: %w", c.Offset, ErrMalformed)
	}
	if err := k.md5.(encoding.BinaryUnmarshaler).UnmarshalBinary(c.State); err != nil {
		return nil, fmt.Errorf("resuming a media check: %w", err)
	}
	k.at, k.sums, k.fragment = c.Offset, []byte(c.Fragments), c.Fragment
	return k, nil
}

func (k *checker) checkpoint() (Checkpoint, error) {
	state, err := k.md5.(encoding.BinaryMarshaler).MarshalBinary()
	return Checkpoint{k.at, state, string(k.sums), k.fragment}, err
}

// run goes on to byte end, a multiple of 32 KiB or past the end. progress may be nil.
func (k *checker) run(ctx context.Context, r io.ReaderAt, end int64, progress func(done int64)) error {
	end = min(end, k.total)
	buffer := make([]byte, max(min(1<<20, end-k.at), 0))
	for k.at < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		data := buffer[:min(int64(len(buffer)), end-k.at)]
		if n, err := r.ReadAt(data, k.at); n < len(data) {
			return fmt.Errorf("checking the medium at byte %d: %w", k.at, err)
		}
		k.add(data)
		if progress != nil {
			progress(k.at)
		}
	}
	return nil
}

// add hashes data, which begins at k.at, and leaves it changed.
func (k *checker) add(data []byte) {
	each := max(k.total/(fragmentCount+1), 1)
	for len(data) > 0 {
		piece := data[:min(hashedAtOnce, len(data))]
		blank(piece, k.at)
		k.md5.Write(piece)
		if n := k.at / each; n != k.fragment {
			k.fragment = n
			if len(k.sums) < fragmentCount*fragmentSum {
				for _, b := range k.md5.Sum(nil)[:fragmentSum] {
					k.sums = append(k.sums, strconv.FormatInt(int64(b), 16)[0]) // the first digit, whichever it is
				}
			}
		}
		data = data[len(piece):]
		k.at += int64(len(piece))
	}
}

// blank puts spaces where the check itself stands.
func blank(piece []byte, at int64) {
	from, to := max(sealOffset-at, 0), min(sealOffset+sealLength-at, int64(len(piece)))
	for i := from; i < to; i++ {
		piece[i] = ' '
	}
}

// seal is the finished check.
func (k *checker) seal(supported bool) Seal {
	sums := string(k.sums)
	for len(sums) < fragmentCount*fragmentSum { // a volume too small for twenty fragments
		sums += "0"
	}
	return Seal{hex.EncodeToString(k.md5.Sum(nil)), sums, supported}
}
