package profile

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a profile says ends up in units, paths, environment files and arguments. Each kind of word
// therefore has a form that holds nothing which means something there.
var (
	nameForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,127}$`)
	unitForm      = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	userForm      = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`) // useradd's NAME_REGEX on RHEL, in lower case
	blueprintForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	remoteForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	refForm       = regexp.MustCompile(`^(?:[A-Za-z0-9_][-._A-Za-z0-9]*/)*[A-Za-z0-9_][-._A-Za-z0-9]*$`) // libostree's own
	hexForm       = regexp.MustCompile(`^[0-9a-f]{64}$`)
	journalForm   = regexp.MustCompile(`^[1-9][0-9]{0,6}[KMGT]?$`)
	variableForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	plainURL      = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/\[\]-]+$`)
	anyURL        = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/?\[\]@!&*+,;=%-]+$`)
	probeForm     = regexp.MustCompile(`^/[A-Za-z0-9._~:/?@!&*+,;=%-]*$`)
)

// form makes a check of a pattern and what to say when it does not fit.
func form(pattern *regexp.Regexp, want string) func(string) error {
	return func(s string) error {
		if !pattern.MatchString(s) {
			return fmt.Errorf("%.100q is no %s", s, want)
		}
		return nil
	}
}

func checkName(s string) error {
	return form(nameForm, "name: want lower-case letters, digits and ._-, such as simple-http")(s)
}

// checkUnit wants what can stand in container-UNIT.service. The reserved words are files beside those
// of the apps in /var/lib/appliance/apps.
func checkUnit(s string) error {
	if s == "quarantine" || s == "lock" {
		return fmt.Errorf("%q is the device's own word: choose another one, such as app1", s)
	}
	return form(unitForm, "name of a unit: want lower-case letters, digits, _ and -, such as app1")(s)
}

func checkUser(s string) error {
	if s == "root" {
		return errors.New("apps do not run as root: name an ordinary user, such as admin")
	}
	return form(userForm, "user: want lower-case letters, digits, _ and -, such as admin")(s)
}

func checkBlueprint(s string) error { return form(blueprintForm, "blueprint, such as demo_upgrade")(s) }

func checkRemote(s string) error {
	return form(remoteForm, "name of a remote: want letters, digits, _ and -, such as edge")(s)
}

func checkRef(s string) error {
	if len(s) > 400 || hexForm.MatchString(s) {
		return fmt.Errorf("%.100q is no ref: want one such as rhel/9/x86_64/edge", s)
	}
	return form(refForm, "ref: want one such as rhel/9/x86_64/edge")(s)
}

func checkJournal(s string) error {
	if s == "" {
		return nil
	}
	return form(journalForm, `size of a journal: want one such as 200M, or "" to leave the journal alone`)(s)
}

// checkKey wants the line of trusted.ed25519.
func checkKey(s string) error {
	key, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize || base64.StdEncoding.EncodeToString(key) != s {
		return fmt.Errorf("%.100q is no ed25519 public key: want the base64 of %d bytes, as the builder serves it at /NAME/ed25519.pub", s, ed25519.PublicKeySize)
	}
	return nil
}

func checkPort(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != s {
		return fmt.Errorf("%.20q is no port: want 1 to 65535", s)
	}
	return nil
}

// ParseServer takes the URL by which devices reach a builder, http://HOST:PORT, without slashes at its
// end.
func ParseServer(s string) (string, error) {
	s = strings.TrimRight(s, "/")
	if err := checkAddress(s, plainURL); err != nil {
		return "", fmt.Errorf("%.100q is no URL of a server: want http://HOST:PORT", s)
	}
	return s, nil
}

func checkRepository(s string) error {
	if err := checkAddress(s, plainURL); err != nil {
		return fmt.Errorf("%.100q is no URL of a repository: want one such as http://HOST:PORT/NAME/repo/", s)
	}
	return nil
}

func checkURL(s string) error {
	if err := checkAddress(s, anyURL); err != nil {
		return fmt.Errorf("%.100q is no URL: want http://HOST:PORT/PATH without a user", s)
	}
	return nil
}

func checkAddress(s string, pattern *regexp.Regexp) error {
	u, err := url.Parse(s)
	if err != nil || !pattern.MatchString(s) || len(s) > 1000 || u.User != nil {
		return ErrInvalid
	}
	return checkHost(u.Host)
}

func checkProbePath(s string) error {
	if _, err := url.ParseRequestURI(s); s != "" && (err != nil || !probeForm.MatchString(s) || len(s) > 1000) {
		return fmt.Errorf(`%.100q is no path to ask for: want one such as /healthz, or "" for a connection only`, s)
	}
	return nil
}

// checkPattern wants a regular expression of Go, on one line.
func checkPattern(s string) error {
	if err := checkPlain(s, 1000); err != nil {
		return err
	}
	if _, err := regexp.Compile(s); err != nil {
		return fmt.Errorf("%.100q is no regular expression: %w", s, err)
	}
	return nil
}

// checkPlain wants text on one line that shows as what it is.
func checkPlain(s string, longest int) error {
	if len(s) > longest {
		return fmt.Errorf("it has %d bytes, and %d are allowed", len(s), longest)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError }) {
		return fmt.Errorf("%.100q has characters that cannot be seen: no line breaks, tabs and the like", s)
	}
	return nil
}

// checkVariable wants what can stand on one line NAME=VALUE, of which podman takes the rest as it is.
func checkVariable(name, value string) error {
	if !variableForm.MatchString(name) {
		return errors.New("it is no name of a variable: want letters, digits and _, such as GREETING")
	}
	return checkPlain(value, 4096)
}

// parseCertificates wants certificates in PEM and returns them in their usual form, and nothing else
// that stood around them.
func parseCertificates(s string) (string, error) {
	fault := errors.New("want certificates in PEM: -----BEGIN CERTIFICATE-----, and so on")
	if len(s) > 64<<10 {
		return "", errors.New("64 KiB of certificates are enough")
	}
	var out []byte
	rest := []byte(s)
	for len(strings.TrimSpace(string(rest))) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return "", fault
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", fmt.Errorf("reading a certificate: %w", err)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
		rest = after
	}
	if len(out) == 0 && s != "" {
		return "", fault
	}
	return string(out), nil
}
