package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/appliance/registry"
)

// pushImage stores a multi-platform image: two manifests, their configuration and an index.
func (s *scene) pushImage(t *testing.T, repository, tag string) registry.Digest {
	t.Helper()
	config := []byte(`{"created":"2023-03-01T12:00:00Z","os":"linux","architecture":"amd64"}`)
	s.home.blobs[digest(config)] = config
	image := func(size int) string {
		return fmt.Sprintf(`{"config":{"digest":%q,"size":100},"layers":[{"size":%d},{"size":1}]}`, digest(config), size)
	}
	amd, arm := s.home.push(t, repository, "", image(1000)), s.home.push(t, repository, "", image(2000))
	return s.home.push(t, repository, tag, fmt.Sprintf(`{"manifests":[
		{"digest":"sha256:0","platform":{"os":"unknown","architecture":"unknown"}},
		{"digest":%q,"platform":{"os":"linux","architecture":"amd64"}},
		{"digest":%q,"platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}`, amd, arm))
}

func TestTags(t *testing.T) {
	s := newScene(t)
	s.retag(t, "2048", "v2")
	d := s.pushImage(t, "2048", "v4")
	tags, err := s.Tags(t.Context(), "2048")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, tag := range tags {
		lines = append(lines, fmt.Sprintf("%s %v followed %t immutable %t", tag.Name, tag.SameAs, tag.Followed, tag.Immutable))
	}
	want := []string{"prod [v2] followed true immutable false", "v1 [] followed false immutable true",
		"v2 [prod] followed false immutable true", "v3 [] followed false immutable true", "v4 [] followed false immutable true"}
	if !slices.Equal(lines, want) {
		t.Errorf("tags = %q, want %q", lines, want)
	}
	v4 := tags[4]
	if v4.Digest != d || !slices.Equal(v4.Platforms, []string{"linux/amd64", "linux/arm64/v8"}) || v4.Size != 1101 || v4.Created == nil ||
		!v4.Created.Equal(time.Date(2023, 3, 1, 12, 0, 0, 0, time.UTC)) || !strings.Contains(v4.MediaType, "index") {
		t.Errorf("v4 = %+v", v4)
	}
	all, err := s.AllTags(t.Context(), "2048")
	if err != nil || len(all) != 6 || all[1].Name != "prod.prev" || !slices.Equal(all[1].SameAs, []string{"v1"}) {
		t.Errorf("all tags = %+v, %v", all, err)
	}
	asked := s.home.asked
	if _, err := s.Tags(t.Context(), "2048"); err != nil || s.home.asked-asked > 7 {
		t.Errorf("the second time asks %d times, %v: what digests name is known", s.home.asked-asked, err)
	}
	if _, err := s.Tags(t.Context(), "nobody"); err == nil {
		t.Error("tags of nobody")
	}
	if tags, err := s.Tags(t.Context(), "simple-http"); err != nil || len(tags) != 0 {
		t.Errorf("tags of an app without an image = %v, %v", tags, err)
	}
}

func TestSinglePlatform(t *testing.T) {
	s := newScene(t)
	config := []byte(`{"created":"1970-01-01T00:00:00Z","os":"linux","architecture":"arm64"}`)
	s.home.blobs[digest(config)] = config
	s.home.push(t, "simple-http", "prod", fmt.Sprintf(`{"config":{"digest":%q,"size":7},"layers":[{"size":5}]}`, digest(config)))
	s.home.push(t, "simple-http", "odd", `[]`)
	tags, err := s.Tags(t.Context(), "simple-http")
	if err != nil || len(tags) != 2 || !slices.Equal(tags[1].Platforms, []string{"linux/arm64"}) || tags[1].Size != 12 || tags[1].Created != nil {
		t.Errorf("tags = %+v, %v", tags, err)
	}
	if len(tags[0].Platforms) != 0 || tags[0].Platforms == nil || tags[0].SameAs == nil {
		t.Errorf("what cannot be read = %+v", tags[0])
	}
}

func TestList(t *testing.T) {
	s := newScene(t)
	all, err := s.List(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("List = %+v, %v", all, err)
	}
	if a := all[0]; a.Name != "2048" || a.Image != "2048" || a.Tag != "prod" || a.Digest != s.v["v1"] || !slices.Equal(a.SameAs, []string{"v1"}) || a.Tags != 4 || a.Fault != "" || a.Port != 8081 {
		t.Errorf("2048 = %+v", a)
	}
	if a := all[1]; a.Name != "far" || a.Digest != s.v["v1"] || a.Tags != 4 {
		t.Errorf("far = %+v", a)
	}
	if a := all[2]; a.Digest != "" || a.Tags != 0 || a.Fault != "" || !a.Cold {
		t.Errorf("simple-http = %+v", a)
	}
	asked := s.remote.asked
	if _, err := s.List(t.Context()); err != nil || s.remote.asked != asked {
		t.Errorf("a remote registry is asked again at once, %d times", s.remote.asked-asked)
	}
	s.retag(t, "far", "v2")
	if all, _ = s.List(t.Context()); all[1].Digest != s.v["v2"] {
		t.Errorf("far after a retag = %+v", all[1])
	}
}

func TestFaultOfOneRegistryIsNotThatOfTheList(t *testing.T) {
	s := newScene(t)
	s.remote.fault = fmt.Errorf("registry.test: %w", registry.ErrUnreachable)
	all, err := s.List(t.Context())
	if err != nil || all[0].Fault != "" || all[0].Digest == "" || !strings.Contains(all[1].Fault, "not reachable") {
		t.Errorf("List = %+v, %v", all, err)
	}
	_, err = s.Tags(t.Context(), "far")
	wants(t, err, registry.ErrUnreachable)
	delete(s.remotes.hosts, "registry.test")
	if all, _ = s.List(t.Context()); !strings.Contains(all[1].Fault, "not allowed") {
		t.Errorf("far = %+v", all[1])
	}
}
