//go:build containers_image_openpgp

package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/types"
	"github.com/docker/distribution/registry/api/errcode"
	"github.com/opencontainers/go-digest"
)

// sentinels are the causes of this room.
var sentinels = []error{
	ErrUnknown, ErrInvalidName, ErrImmutable, ErrPrecondition, ErrManifest, ErrDenied, ErrUnreachable, ErrForbidden,
}

// fault is an error of the image library in our words. It does not hold the original, which may
// quote what a registry answered to our credentials.
type fault struct {
	cause error
	text  string
}

func (f *fault) Error() string {
	if f.text == "" {
		return f.cause.Error()
	}
	return f.cause.Error() + ": " + f.text
}

func (f *fault) Unwrap() error { return f.cause }

// explain finds the reason for err: the caller gave up, the guard refused, or what the registry says.
func (v *visit) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = classify(err, false)
	if refused := v.pass.fault(); refused != nil && (errors.Is(err, ErrUnreachable) || errors.Is(err, ErrDenied)) {
		return refused // which the library takes for one of these two
	}
	var f *fault
	if errors.As(err, &f) {
		return &fault{cause: f.cause, text: redact(f.text, v.token)}
	}
	return err
}

// classify gives err one of our causes, unless it has one. writing says that a tag was to be moved.
func classify(err error, writing bool) error {
	if err == nil || slices.ContainsFunc(sentinels, func(c error) bool { return errors.Is(err, c) }) {
		return err
	}
	return &fault{cause: causeOf(err, writing), text: err.Error()}
}

func causeOf(err error, writing bool) error {
	code, status := answerOf(err)
	switch {
	case writing && immutable(status, err.Error()):
		return ErrImmutable
	case errors.As(err, new(docker.ErrUnauthorizedForCredentials)):
		return ErrDenied
	case errors.As(err, new(types.ManifestTypeRejectedError)),
		strings.Contains(err.Error(), "exceeded maximum allowed size"), // no type says it
		errors.Is(err, digest.ErrDigestUnsupported):
		return ErrManifest
	}
	switch code {
	case "NAME_UNKNOWN", "MANIFEST_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN":
		return ErrUnknown
	case "UNAUTHORIZED", "DENIED", "UNSUPPORTED":
		return ErrDenied
	case "NAME_INVALID":
		return ErrInvalidName
	case "MANIFEST_INVALID", "MANIFEST_UNVERIFIED", "SIZE_INVALID", "DIGEST_INVALID", "TAG_INVALID":
		return ErrManifest
	}
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return ErrUnknown
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusPaymentRequired:
		return ErrDenied
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return ErrManifest
	}
	return ErrUnreachable
}

// immutable reports whether a registry refused to move a tag for good. Quay, ECR, GitLab and this
// program say the word, with a code of their own each; Harbor answers 412.
func immutable(status int, text string) bool {
	text = strings.ToLower(text)
	return status == http.StatusPreconditionFailed ||
		strings.Contains(text, "immutable") || strings.Contains(text, "immutability")
}

// statusText is how the library prints the status of an answer that it could not read; the type is its own.
var statusText = regexp.MustCompile(`StatusCode: ([1-5][0-9][0-9]),`)

// answerOf finds the code that a registry's error has in the distribution specification, and the
// status of the answer; "" and 0 where there are none.
func answerOf(err error) (code string, status int) {
	var known errcode.ErrorCoder
	if errors.As(err, &known) {
		return known.ErrorCode().Descriptor().Value, 0
	}
	var unexpected docker.UnexpectedHTTPStatusError
	if errors.As(err, &unexpected) {
		return "", unexpected.StatusCode
	}
	if m := statusText.FindStringSubmatch(err.Error()); m != nil {
		status, _ = strconv.Atoi(m[1])
	}
	return "", status
}

// What a registry may have woven into its answer, or the library into its text.
var (
	schemeText = regexp.MustCompile(`(?i)\b(basic|bearer)[\s:]+[A-Za-z0-9+/=._~-]{16,}`)
	queryText  = regexp.MustCompile(`\?[^\s"']*`)
	userText   = regexp.MustCompile(`//[^/\s"'@]*@`)
	sampleText = regexp.MustCompile(`(?s), body start .*`) // of a token server's answer
)

// longestText is what of a foreign error message is worth repeating, in bytes.
const longestText = 300

// redact takes the credentials out of a text, in every form in which they travel.
func redact(text string, token types.DockerAuthConfig) string {
	text = sampleText.ReplaceAllString(text, "")
	basic := base64.StdEncoding.EncodeToString([]byte(token.Username + ":" + token.Password))
	for _, secret := range []string{token.Password, token.IdentityToken, basic} {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprintf("%q", secret), strings.TrimRight(secret, "=")} {
			text = strings.ReplaceAll(text, form, "[redacted]")
		}
	}
	text = schemeText.ReplaceAllString(text, "$1 [redacted]")
	text = userText.ReplaceAllString(text, "//")
	text = queryText.ReplaceAllString(text, "")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return strings.ToValidUTF8(text, "�")
}
