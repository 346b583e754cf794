package deployment

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Limits of what is believed of another program's answer.
const (
	mostText        = 8 << 20
	mostDeployments = 64
	mostWord        = 512 // bytes of a version, a reference
)

// check holds a list to what every engine keeps: whole checksums, names that are fit for a path, and
// at most one booted and one staged deployment.
func check(list []entry) error {
	if len(list) > mostDeployments {
		return fmt.Errorf("%w: %d deployments, more than %d", ErrMeaning, len(list), mostDeployments)
	}
	var running, staged int
	for i, e := range list {
		switch {
		case !isCommit(e.checksum):
			return fmt.Errorf("%w: deployment %d has checksum %.80q", ErrMeaning, i, e.checksum)
		case !isCommit(e.Commit) && !isDigest(e.Commit):
			return fmt.Errorf("%w: deployment %d has commit %.80q", ErrMeaning, i, e.Commit)
		case !isName(e.stateroot):
			return fmt.Errorf("%w: deployment %d has stateroot %.80q", ErrMeaning, i, e.stateroot)
		case e.serial < 0:
			return fmt.Errorf("%w: deployment %d has serial %d", ErrMeaning, i, e.serial)
		}
		if e.Booted {
			running++
		}
		if e.Staged {
			staged++
		}
	}
	if running > 1 || staged > 1 {
		return fmt.Errorf("%w: %d booted and %d staged deployments", ErrMeaning, running, staged)
	}
	return nil
}

// isCommit says whether text is an OSTree checksum.
func isCommit(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// isDigest says whether text is the digest of an image.
func isDigest(text string) bool {
	hash, is := strings.CutPrefix(text, "sha256:")
	return is && isCommit(hash)
}

// isName says whether text is a stateroot, which is a folder's name.
func isName(text string) bool {
	if text == "" || len(text) > 255 || text[0] == '.' || text[0] == '-' {
		return false
	}
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("._-+", rune(c)) {
			return false
		}
	}
	return true
}

// remoteRef cuts REMOTE:REF into two words that are fit for a command line.
func remoteRef(text string) (remote, ref string, ok bool) {
	remote, ref, ok = strings.Cut(text, ":")
	return remote, ref, ok && isName(remote) && isRef(ref)
}

func isRef(ref string) bool {
	if len(ref) > 255 {
		return false
	}
	for part := range strings.SplitSeq(ref, "/") {
		if !isName(part) {
			return false
		}
	}
	return true
}

// plain is text that a person may be shown: bounded, without control characters.
func plain(text string) string {
	if len(text) > mostWord {
		text = text[:mostWord]
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text))
}

// short is a commit as people call it.
func short(commit string) string {
	hash := strings.TrimPrefix(commit, "sha256:")
	if !isCommit(hash) {
		return strconv.Quote(plain(commit))
	}
	return hash[:12]
}
