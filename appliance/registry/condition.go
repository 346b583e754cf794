package registry

import (
	"net/http"
	"slices"
	"strings"
)

// condition is what a write demands of what its tag names now, "" being nothing.
type condition func(tag string, now Digest) error

// conditionOf reads If-Match and If-None-Match (RFC 9110). The distribution specification has no
// conditions; an entity tag here is the digest, quoted or bare.
func conditionOf(h http.Header) condition {
	match, noneMatch := entityTags(h.Values("If-Match")), entityTags(h.Values("If-None-Match"))
	return func(tag string, now Digest) error {
		if len(match) > 0 && !includes(match, now) {
			return unmet(tag, now, "If-Match asks for "+clip(strings.Join(match, ", ")))
		}
		if len(noneMatch) > 0 && includes(noneMatch, now) {
			return unmet(tag, now, "If-None-Match rules out "+clip(strings.Join(noneMatch, ", ")))
		}
		return nil
	}
}

// expecting is Put's expect as a condition.
func expecting(expect *Digest) condition {
	return func(tag string, now Digest) error {
		switch {
		case expect == nil || *expect == now:
			return nil
		case *expect == "":
			return unmet(tag, now, "it must name nothing")
		}
		return unmet(tag, now, "it must name "+string(*expect))
	}
}

func unmet(tag string, now Digest, why string) error {
	if now == "" {
		return refusing(http.StatusPreconditionFailed, "DENIED", ErrPrecondition, "%s does not exist, and %s", tag, why)
	}
	return refusing(http.StatusPreconditionFailed, "DENIED", ErrPrecondition, "%s names %s, and %s", tag, now, why)
}

func includes(tags []string, now Digest) bool {
	return now != "" && (slices.Contains(tags, "*") || slices.Contains(tags, string(now)))
}

// entityTags takes lists of "sha256:…", sha256:…, W/"sha256:…" and *. A list of nothing but commas stays
// a condition, one that nothing meets.
func entityTags(values []string) []string {
	var tags []string
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			tags = append(tags, strings.Trim(tag, `"`))
		}
	}
	return tags
}
