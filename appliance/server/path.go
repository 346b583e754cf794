package server

import (
	"net/url"
	"strings"
)

// splitRepo cuts /NAME/repo/REST. ok is false for every other path; REST may
// be anything then.
func splitRepo(path string) (name, rest string, ok bool) {
	if len(path) < 2 || path[0] != '/' {
		return "", "", false
	}
	i := strings.IndexByte(path[1:], '/') + 1
	if i < 2 {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(path[i+1:], "repo/")
	return path[1:i], rest, ok
}

// plain reports whether a path says what it means: no empty, "." or ".."
// segment, no backslash, no control character, and nothing of that in
// percent-encoding. rest is the decoded path below a repository; it may end
// in a slash.
func plain(rest string) bool {
	if rest == "" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return strings.IndexFunc(rest, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) < 0
}

// disguised reports whether u hides a dot, a slash or a backslash in percent-encoding.
func disguised(u *url.URL) bool {
	raw := strings.ToLower(u.RawPath)
	return strings.Contains(raw, "%2f") || strings.Contains(raw, "%2e") || strings.Contains(raw, "%5c")
}
