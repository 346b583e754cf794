package podman

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	maxChallenge = 4 << 10
	maxToken     = 64 << 10
)

// parameter is one NAME="VALUE" of a challenge.
var parameter = regexp.MustCompile(`^\s*([a-zA-Z_]+)="([^"\\]*)"\s*(?:,|$)`)

// parseChallenge reads "Bearer realm="…",service="…",scope="…"", the header WWW-Authenticate of registries.
func parseChallenge(header string) (map[string]string, error) {
	kind, rest, _ := strings.Cut(header, " ")
	if len(header) > maxChallenge || !strings.EqualFold(kind, "Bearer") {
		return nil, fmt.Errorf("it wants %q, not an anonymous token", cut(kind, 40))
	}
	found := map[string]string{}
	for rest != "" {
		m := parameter.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("challenge %q cannot be read", cut(header, 120))
		}
		name := strings.ToLower(m[1])
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("challenge %q says %s twice", cut(header, 120), name)
		}
		found[name] = m[2]
		rest = rest[len(m[0]):]
	}
	return found, nil
}

// token gets an anonymous token for pulling. The registry names the place that gives it, so a registry
// could make a device ask anywhere: only HTTPS and the registry itself are asked.
func (r *Remote) token(ctx context.Context, challenge *http.Response, ref Reference) (string, error) {
	words, err := parseChallenge(challenge.Header.Get("WWW-Authenticate"))
	if err != nil {
		return "", err
	}
	realm, err := url.Parse(words["realm"])
	if err != nil || realm.Host == "" || realm.User != nil {
		return "", fmt.Errorf("realm %q is no address", cut(words["realm"], 120))
	}
	asked := challenge.Request.URL
	if realm.Scheme != "https" && (realm.Scheme != asked.Scheme || realm.Host != asked.Host) {
		return "", fmt.Errorf("realm %q is neither HTTPS nor the registry itself", cut(words["realm"], 120))
	}
	_, path, _ := strings.Cut(asked.Path, "/v2/")
	name, _, _ := strings.Cut(path, "/manifests/")
	query := realm.Query()
	query.Set("scope", "repository:"+name+":pull") // and never the more that a challenge may ask for
	if words["service"] != "" {
		query.Set("service", words["service"])
	}
	realm.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if err != nil {
		return "", err
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("no token for %q: status %d", ref, answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxToken+1))
	if err != nil {
		return "", err
	}
	return parseToken(data)
}

// parseToken reads {"token":"…"} or {"access_token":"…"}.
func parseToken(data []byte) (string, error) {
	if len(data) > maxToken {
		return "", errors.New("a token that is too long")
	}
	var given struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(data, &given); err != nil {
		return "", errors.New("a token that is no JSON") // the error would repeat a part of it
	}
	token := given.Token
	if token == "" {
		token = given.Access
	}
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return "", errors.New("a token with odd characters")
		}
	}
	if token == "" {
		return "", errors.New("no token")
	}
	return token, nil
}
