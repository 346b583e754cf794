package podman

import (
	"fmt"
	"regexp"
	"strings"
)

// Reference is an image with a registry and a tag, as a profile has it: HOST[:PORT]/REPOSITORY:TAG.
type Reference struct {
	Host       string // builder.example:8080
	Repository string // 2048, library/nginx
	Tag        string // prod
}

const maxReference = 512

var (
	hostName   = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$`)
	repository = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagName    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	digestName = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	imageID    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ParseReference reads a reference. Short names are refused: which registry they mean depends on the
// device. So are digests: what has one never changes.
func ParseReference(text string) (Reference, error) {
	wrong := func(fault string) (Reference, error) {
		return Reference{}, fmt.Errorf("reading image %q: %s; write HOST[:PORT]/REPOSITORY:TAG", cut(text, 120), fault)
	}
	if len(text) > maxReference {
		return wrong("too long")
	}
	if strings.Contains(text, "@") {
		return wrong("a digest never changes")
	}
	host, rest, found := strings.Cut(text, "/")
	if !found || host != "localhost" && !strings.ContainsAny(host, ".:") || !hostName.MatchString(host) {
		return wrong("no registry")
	}
	name, tag, found := strings.Cut(rest, ":")
	if !found || !tagName.MatchString(tag) {
		return wrong("no tag")
	}
	if !repository.MatchString(name) {
		return wrong("no repository")
	}
	return Reference{host, name, tag}, nil
}

// String is the reference as ParseReference reads it.
func (r Reference) String() string { return r.Host + "/" + r.Repository + ":" + r.Tag }

// At is the image that has this digest, wherever the tag points.
func (r Reference) At(digest string) string { return r.Host + "/" + r.Repository + "@" + digest }

// IsDigest reports whether text is a SHA-256 digest as registries write it.
func IsDigest(text string) bool { return digestName.MatchString(text) }
