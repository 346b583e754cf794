package blueprint

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

var roomy = limits{objects: 1000, object: 1 << 20, total: 8 << 20, depth: 50}

func blob(text string) content { return content{plumbing.BlobObject, []byte(text)} }

func packOf(t testing.TB, objects ...content) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := writePack(&out, objects); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func resum(body []byte) []byte {
	sum := sha1.Sum(body)
	return append(body, sum[:]...)
}

// withDelta adds a delta to a pack. Its base is at an offset or has a name.
func withDelta(t testing.TB, pack []byte, at int, name plumbing.Hash, delta string) []byte {
	t.Helper()
	body := append([]byte{}, pack[:len(pack)-packTrailer]...)
	binary.BigEndian.PutUint32(body[8:], binary.BigEndian.Uint32(body[8:])+1)
	one := packOf(t, blob(delta))[packHeader:]
	if one[0]&0x80 != 0 {
		t.Fatal("the delta is too long for this test")
	}
	back := len(body) - at
	switch {
	case at == 0:
		body = append(append(body, one[0]&0x8f|byte(plumbing.REFDeltaObject)<<4), name[:]...)
	case back < 128:
		body = append(body, one[0]&0x8f|byte(plumbing.OFSDeltaObject)<<4, byte(back))
	default:
		t.Fatal("the base is too far for this test")
	}
	return resum(append(body, one[1:len(one)-packTrailer]...))
}

// "hello\n" becomes "hell!o\n": copy "hell", insert "!", copy "o\n".
const bang = "\x06\x07\x90\x04\x01!\x91\x04\x02"

func TestPack(t *testing.T) {
	a, b := blob("hello\n"), blob(strings.Repeat("long ", 10_000))
	got, err := readPack(packOf(t, a, b), roomy, nil)
	if err != nil || len(got) != 2 || string(got[b.hash()].data) != string(b.data) {
		t.Errorf("%d objects, %v", len(got), err)
	}
	want := blob("hell!o\n")
	elsewhere := func(h plumbing.Hash) (content, bool) { return a, h == a.hash() }
	for name, pack := range map[string][]byte{
		"by offset":       withDelta(t, packOf(t, a), packHeader, plumbing.ZeroHash, bang),
		"by name":         withDelta(t, packOf(t, a), 0, a.hash(), bang),
		"before its base": withDelta(t, withDelta(t, packOf(t, a), 0, want.hash(), "\x07\x01\x01x"), packHeader, plumbing.ZeroHash, bang),
	} {
		got, err := readPack(pack, roomy, nil)
		if err != nil || string(got[want.hash()].data) != string(want.data) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	thin := withDelta(t, packOf(t, b), 0, a.hash(), bang)
	if got, err := readPack(thin, roomy, elsewhere); err != nil || len(got) != 2 || got[want.hash()].data == nil {
		t.Errorf("upon what is elsewhere: %d objects, %v", len(got), err)
	}
}

func TestPackRefuses(t *testing.T) {
	a := blob("hello\n")
	good := packOf(t, a)
	chain := withDelta(t, withDelta(t, good, packHeader, plumbing.ZeroHash, bang), 0, blob("hell!o\n").hash(), "\x07\x01\x01x")
	for name, tt := range map[string]struct {
		pack   []byte
		limits limits
		want   error
	}{
		"nothing":            {nil, roomy, ErrMalformed},
		"another version":    {resum(append([]byte("PACK\x00\x00\x00\x03"), good[8:len(good)-packTrailer]...)), roomy, ErrMalformed},
		"a wrong checksum":   {append(append([]byte{}, good[:len(good)-1]...), good[len(good)-1]^1), roomy, ErrMalformed},
		"more behind":        {append(append([]byte{}, good...), 1), roomy, ErrMalformed},
		"more within":        {resum(append(append([]byte{}, good[:len(good)-packTrailer]...), 1)), roomy, ErrMalformed},
		"too many objects":   {packOf(t, a, blob("")), limits{1, 100, 100, 1}, ErrTooLarge},
		"too large":          {good, limits{1, 5, 100, 1}, ErrTooLarge},
		"too large together": {packOf(t, a, blob("12345")), limits{2, 6, 10, 1}, ErrTooLarge},
		"too deep":           {chain, limits{9, 100, 100, 1}, ErrTooLarge},
		"another base":       {withDelta(t, good, packHeader, plumbing.ZeroHash, "\x05\x01\x01x"), roomy, ErrMalformed},
		"no base":            {withDelta(t, good, 0, blob("x").hash(), bang), roomy, ErrMalformed},
		"a base between":     {withDelta(t, good, packHeader+1, plumbing.ZeroHash, bang), roomy, ErrMalformed},
		"a copy beyond":      {withDelta(t, good, packHeader, plumbing.ZeroHash, "\x06\x07\x90\x07"), roomy, ErrMalformed},
		"a short delta":      {withDelta(t, good, packHeader, plumbing.ZeroHash, "\x06\x07\x01x"), roomy, ErrMalformed},
		"a cut delta":        {withDelta(t, good, packHeader, plumbing.ZeroHash, "\x06\x80"), roomy, ErrMalformed},
		"a bomb":             {withDelta(t, good, packHeader, plumbing.ZeroHash, "\x06\xff\xff\xff\x7f\x01x"), roomy, ErrTooLarge},
		"an endless size":    {resum(append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\xbf"), bytes.Repeat([]byte{0xff}, 40)...)), roomy, ErrMalformed},
		"a huge size":        {resum([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\xbf\xff\xff\xff\xff\x0fxxxxxxxx")), roomy, ErrTooLarge},
	} {
		if _, err := readPack(tt.pack, tt.limits, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := readPack(chain, limits{9, 100, 100, 2}, nil); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

// An object that inflates to more than it says is not inflated to its end.
func TestPackHoldsToItsWord(t *testing.T) {
	whole := packOf(t, blob(strings.Repeat("\x00", 100<<20)))
	head := 0
	for whole[packHeader+head]&0x80 != 0 {
		head++
	}
	lie := append(append([]byte{}, whole[:packHeader]...), byte(plumbing.BlobObject)<<4|5)
	lie = resum(append(lie, whole[packHeader+head+1:len(whole)-packTrailer]...))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readPack(lie, roomy, nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("it takes %d bytes of memory to refuse 5 bytes that are 100 MB", used)
	}
}

// The git program makes packs with every kind of delta, and reads ours.
func TestPackIsThatOfGit(t *testing.T) {
	if os.Getenv("APPLIANCE_PEERS") != "1" {
		t.Skip("runs with APPLIANCE_PEERS=1")
	}
	dir := t.TempDir()
	git := func(stdin []byte, args ...string) []byte {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=b"}, args...)...)
		cmd.Stdin = bytes.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %s: %v", args, err)
		}
		return out
	}
	git(nil, "init", "-q")
	for i := range 20 {
		text := strings.Repeat("a line that is the same\n", 200) + fmt.Sprint(i) + strings.Repeat("\nand another one", 100)
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		git(nil, "add", "file")
		git(nil, "commit", "-qm", fmt.Sprint(i))
	}
	for _, flags := range [][]string{{"--delta-base-offset"}, {"--no-reuse-delta"}} {
		pack := git([]byte("HEAD\n"), append([]string{"pack-objects", "--revs", "--stdout", "-q"}, flags...)...)
		objects, err := readPack(pack, roomy, nil)
		if err != nil || len(objects) != 60 {
			t.Fatalf("%s: %d objects, %v", flags, len(objects), err)
		}
		var all []content
		for h, c := range objects {
			if c.hash() != h {
				t.Errorf("%s is %s", h, c.hash())
			}
			all = append(all, c)
		}
		git(packOf(t, all...), "index-pack", "--stdin", "--strict")
	}
}

func FuzzReadPack(f *testing.F) {
	a := blob("hello\n")
	trim := func(b []byte) []byte { return b[packHeader : len(b)-packTrailer] }
	f.Add(uint32(1), trim(packOf(f, a)))
	f.Add(uint32(2), trim(withDelta(f, packOf(f, a), packHeader, plumbing.ZeroHash, bang)))
	f.Add(uint32(2), trim(withDelta(f, packOf(f, a), 0, a.hash(), bang)))
	f.Fuzz(func(t *testing.T, n uint32, body []byte) {
		pack := append(binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), n), body...)
		l := limits{objects: 50, object: 1 << 16, total: 1 << 18, depth: 5}
		objects, err := readPack(resum(pack), l, nil)
		total := 0
		for h, c := range objects {
			if total += len(c.data); c.hash() != h || int64(len(c.data)) > l.object {
				t.Errorf("%s of %d bytes", h, len(c.data))
			}
		}
		if int64(total) > l.total || err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes, %v", total, err)
		}
	})
}
