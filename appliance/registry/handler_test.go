package registry

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edge/appliance/event"
)

func basic(user, pass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass))
}

// ask sends one request; header lists names and values in turn.
func ask(t testing.TB, h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "builder:8080"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	outer := t
	one, two := paint("one"), paint("two")
	push, index, image := basic("any", password), string(one.index.Raw), string(one.children[0].Raw)
	digest, child := string(one.index.Digest), string(one.children[0].Digest)
	var s *Store // a new one after each case that changed it
	for _, tt := range []struct {
		name, method, target, body string
		header                     []string
		status                     int
		want, not                  string // in headers and body
	}{
		{"ping anonymously", "GET", "/v2/", "", nil, 401, `Bearer realm="http://builder:8080/v2/_token",service="appliance"`, "scope="},
		{"ping with an empty Basic", "GET", "/v2/", "", []string{"Authorization", basic("", "")}, 401, "Bearer realm=", ""},
		{"ping with the password", "GET", "/v2/", "", []string{"Authorization", push}, 200, "{}", ""},
		{"ping with a wrong password", "GET", "/v2/", "", []string{"Authorization", basic("any", "guess")}, 401, "UNAUTHORIZED", password},
		{"ping with a foreign token", "GET", "/v2/", "", []string{"Authorization", "Bearer v1.e30.AAAA"}, 401, `error="invalid_token"`, ""},
		{"ping with another scheme", "GET", "/v2/", "", []string{"Authorization", "Digest x"}, 401, "UNAUTHORIZED", ""},
		{"the way to a token is not what a proxy says", "GET", "/v2/", "", []string{"X-Forwarded-Host", "evil", "X-Forwarded-Proto", "https", "Forwarded", "host=evil"}, 401, "http://builder:8080", "evil"},
		{"tags", "GET", "/v2/2048/tags/list", "", nil, 200, `"prod","v1"`, ""},
		{"tags with credentials that are wrong", "GET", "/v2/2048/tags/list", "", []string{"Authorization", basic("any", "old")}, 401, "", "prod"},
		{"tags of nothing", "GET", "/v2/nothing/tags/list", "", nil, 404, "NAME_UNKNOWN", ""},
		{"catalog", "GET", "/v2/_catalog", "", nil, 200, `{"repositories":["2048"]}`, ""},
		{"manifest", "GET", "/v2/2048/manifests/prod", "", nil, 200, digest, ""},
		{"manifest that is not there", "GET", "/v2/2048/manifests/nope", "", nil, 404, "MANIFEST_UNKNOWN", ""},
		{"child by digest", "HEAD", "/v2/2048/manifests/" + child, "", nil, 200, child, ""},
		{"referrers of nothing", "GET", "/v2/nothing/referrers/" + digest, "", nil, 200, `"manifests":[]`, ""},
		{"blob that is not there", "GET", "/v2/2048/blobs/sha256:" + someDigits, "", nil, 404, "BLOB_UNKNOWN", ""},

		{"push anonymously", "PUT", "/v2/2048/manifests/new", index, nil, 401, `scope="repository:2048:pull,push"`, "insufficient"},
		{"upload anonymously", "POST", "/v2/2048/blobs/uploads/", "", nil, 401, "UNAUTHORIZED", "Location"},
		{"delete anonymously", "DELETE", "/v2/2048/manifests/prod", "", nil, 401, "UNAUTHORIZED", ""},
		{"push", "PUT", "/v2/2048/manifests/new", index, []string{"Authorization", push, "Content-Type", typeIndex}, 201, digest, ""},
		{"push without a media type", "PUT", "/v2/2048/manifests/new", index, []string{"Authorization", push}, 201, digest, ""},
		{"push by digest with tags", "PUT", "/v2/2048/manifests/" + digest + "?tag=a&tag=b", index, []string{"Authorization", push}, 201, "Oci-Tag: b", ""},

		{"immutable", "PUT", "/v2/2048/manifests/v1", string(two.index.Raw), []string{"Authorization", push, "Content-Type", typeIndex}, 409, "tag v1 is immutable", "Docker-Content-Digest"},
		{"immutable by the query", "PUT", "/v2/2048/manifests/" + child + "?tag=free&tag=v1", image, []string{"Authorization", push}, 409, "DENIED", ""},
		{"immutable, the same again", "PUT", "/v2/2048/manifests/v1", index, []string{"Authorization", push, "Content-Type", typeIndex}, 201, digest, ""},
		{"immutable, deleted", "DELETE", "/v2/2048/manifests/v1", "", []string{"Authorization", push}, 409, "DENIED", ""},
		{"immutable, deleted by digest", "DELETE", "/v2/2048/manifests/" + digest, "", []string{"Authorization", push}, 409, "DENIED", ""},
		{"a part deleted", "DELETE", "/v2/2048/manifests/" + child, "", []string{"Authorization", push}, 409, "is a part of", ""},
		{"a blob in use deleted", "DELETE", "/v2/2048/blobs/" + child, "", []string{"Authorization", push}, 409, "is a part of", ""},
		{"a tag deleted", "DELETE", "/v2/2048/manifests/prod", "", []string{"Authorization", push}, 202, "", ""},
		{"nothing deleted", "DELETE", "/v2/2048/manifests/nope", "", []string{"Authorization", push}, 404, "MANIFEST_UNKNOWN", ""},

		{"If-Match that fits", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-Match", `"` + digest + `"`}, 201, child, ""},
		{"If-Match without quotes", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-Match", "sha256:" + someDigits + ", " + digest}, 201, child, ""},
		{"If-Match that does not fit", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-Match", `"` + child + `"`}, 412, "prod names " + digest, ""},
		{"If-Match that is empty", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-Match", `""`}, 412, "DENIED", ""},
		{"If-Match of anything", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-Match", "*"}, 201, child, ""},
		{"If-Match of anything, and nothing is there", "PUT", "/v2/2048/manifests/new", image, []string{"Authorization", push, "If-Match", "*"}, 412, "does not exist", ""},
		{"If-None-Match", "PUT", "/v2/2048/manifests/prod", image, []string{"Authorization", push, "If-None-Match", "*"}, 412, "DENIED", ""},
		{"If-None-Match, and nothing is there", "PUT", "/v2/2048/manifests/new", image, []string{"Authorization", push, "If-None-Match", "*"}, 201, child, ""},
		{"If-Match of a deletion", "DELETE", "/v2/2048/manifests/prod", "", []string{"Authorization", push, "If-Match", child}, 412, "DENIED", ""},

		{"If-Match of a deletion of nothing", "DELETE", "/v2/2048/manifests/nope", "", []string{"Authorization", push, "If-Match", "*"}, 412, "does not exist", ""},

		{"unknown media type", "PUT", "/v2/2048/manifests/new", `{}`, []string{"Authorization", push, "Content-Type", "application/json"}, 400, "MANIFEST_INVALID", ""},
		{"old Docker schema", "PUT", "/v2/2048/manifests/new", `{"schemaVersion":1}`, []string{"Authorization", push, "Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"}, 400, "MANIFEST_INVALID", ""},
		{"media type that is none", "PUT", "/v2/2048/manifests/new", `{}`, []string{"Authorization", push, "Content-Type", "///"}, 400, "MANIFEST_INVALID", ""},
		{"called one thing, sent as another", "PUT", "/v2/2048/manifests/new", index, []string{"Authorization", push, "Content-Type", typeImage}, 400, "calls itself", ""},
		{"image and index at once", "PUT", "/v2/2048/manifests/new", `{"layers":[],"manifests":[]}`, []string{"Authorization", push, "Content-Type", typeIndex}, 400, "at once", ""},
		{"no JSON", "PUT", "/v2/2048/manifests/new", `hello`, []string{"Authorization", push, "Content-Type", typeIndex}, 400, "MANIFEST_INVALID", ""},
		{"manifest without its blobs", "PUT", "/v2/2048/manifests/new", string(paint("three").children[0].Raw), []string{"Authorization", push}, 400, "MANIFEST_BLOB_UNKNOWN", ""},
		{"manifest that is too large", "PUT", "/v2/2048/manifests/new", strings.Repeat(" ", MaxManifest+1), []string{"Authorization", push, "Content-Type", typeIndex}, 413, "SIZE_INVALID", ""},
		{"other content than its digest", "PUT", "/v2/2048/manifests/" + child, index, []string{"Authorization", push}, 400, "DIGEST_INVALID", ""},
		{"other content than the query says", "PUT", "/v2/2048/manifests/new?digest=" + child, index, []string{"Authorization", push}, 400, "DIGEST_INVALID", ""},
		{"tag of the query is malformed", "PUT", "/v2/2048/manifests/" + digest + "?tag=a/b", index, []string{"Authorization", push}, 400, "TAG_INVALID", ""},
		{"tags in path and query", "PUT", "/v2/2048/manifests/new?tag=v1", index, []string{"Authorization", push}, 400, "UNSUPPORTED", ""},
		{"blob that is too large", "POST", "/v2/2048/blobs/uploads/?digest=" + child, strings.Repeat("x", 5000), []string{"Authorization", push}, 413, "SIZE_INVALID", ""},
		{"blob with a wrong digest", "POST", "/v2/2048/blobs/uploads/?digest=sha256:" + someDigits, "content", []string{"Authorization", push}, 400, "BLOB_UPLOAD_INVALID", ""},

		{"name in capitals", "GET", "/v2/ABC/tags/list", "", nil, 400, "NAME_INVALID", ""},
		{"name of the store's own files", "PUT", "/v2/2048/blobs/x/manifests/a", index, []string{"Authorization", push}, 400, "NAME_INVALID", ""},
		{"name of an index", "POST", "/v2/a/index.json.1/blobs/uploads/", "", []string{"Authorization", push}, 400, "NAME_INVALID", ""},
		{"path that climbs", "GET", "/v2/a/%2e%2e/2048/tags/list", "", nil, 404, "", "prod"},
		{"path with two slashes", "PUT", "/v2/2048//manifests/v1", index, []string{"Authorization", push}, 404, "", ""},
		{"tag with a slash", "GET", "/v2/2048/manifests/a%2Fb", "", nil, 404, "", ""},
		{"tag with a colon", "GET", "/v2/2048/manifests/a:b", "", nil, 400, "DIGEST_INVALID", ""},
		{"another path", "GET", "/v2/2048/other", "", nil, 404, "", ""},
		{"another version", "GET", "/v22/2048/tags/list", "", nil, 404, "", ""},
		{"method", "POST", "/v2/2048/manifests/prod", index, []string{"Authorization", push}, 405, "UNSUPPORTED", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if s == nil {
				s = scene(outer)
			}
			w := ask(t, s, tt.method, tt.target, tt.body, tt.header...)
			var said strings.Builder
			_ = w.Header().Write(&said)
			said.WriteString(w.Body.String())
			if w.Code != tt.status || !strings.Contains(said.String(), tt.want) || tt.not != "" && strings.Contains(said.String(), tt.not) {
				t.Errorf("%d\n%s\nwant %d with %q and without %q", w.Code, said.String(), tt.status, tt.want, tt.not)
			}
			if w.Code >= 400 && names(t, s, "2048", "v1") != one.index.Digest {
				t.Error("v1 moved")
			}
			if w.Code >= 400 && tt.method != "GET" && names(t, s, "2048", "prod") != one.index.Digest {
				t.Error("prod moved")
			}
			if w.Code < 300 && tt.method != "GET" {
				s = nil
			}
		})
	}
}

// scene is a store whose v1 and prod are one picture, with the blobs of another that no tag names.
func scene(t *testing.T) *Store {
	t.Helper()
	s := open(t, Options{MaxUpload: 4000})
	load(t, s, "2048", "prod", "one")
	load(t, s, "2048", "v1", "one")
	for d, data := range paint("two").blobs {
		if err := s.putBlob(t.Context(), "2048", d, data); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestEventsOfClients(t *testing.T) {
	l := event.NewLog(100)
	s := open(t, Options{Events: l})
	one, two := load(t, s, "2048", "v1", "one"), load(t, s, "2048", "v2", "two")
	push := []string{"Authorization", basic("x", password), "User-Agent", "peer/1\x00.2"}
	for _, tag := range []string{"prod", "prod", "v1"} {
		ask(t, s, "PUT", "/v2/2048/manifests/"+tag, string(two.index.Raw), push...)
	}
	ask(t, s, "DELETE", "/v2/2048/manifests/prod", "", push...)
	if err := s.Put(as(t, "tester"), "2048", "prod", one.index, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2048:v1 none -> " + string(one.index.Digest),
		"2048:v2 none -> " + string(two.index.Digest),
		"2048:prod none -> " + string(two.index.Digest) + " 192.0.2.1 peer/1.2",
		"2048:prod " + string(two.index.Digest) + " -> none 192.0.2.1 peer/1.2",
		"2048:prod none -> " + string(one.index.Digest) + " tester",
	}
	if got := record(l, "tag.moved"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("moves:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := record(l, "tag.refused"); len(got) != 1 || !strings.HasPrefix(got[0], "2048:v1 "+string(one.index.Digest)+" -> "+string(two.index.Digest)+" refused: tag v1 is immutable") {
		t.Errorf("refusals: %q", got)
	}
}
