//go:build containers_image_openpgp

package manifest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	upstream "github.com/osbuild/images/data/repositories"
)

const packedFile = "../../../embedded/repositories.json.gz"

func packed(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(packedFile)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func target(t testing.TB, name string) Target {
	t.Helper()
	found, err := Find(name, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestPackedRepositories keeps what travels in the program equal to what the library has, for those that
// can be composed. UPDATE=1 renews it.
func TestPackedRepositories(t *testing.T) {
	wanted := regexp.MustCompile(`^((rhel|almalinux|rocky|centos)-9(\.\d)?|fedora-\d+)\.json$`)
	entries, err := upstream.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]json.RawMessage{}
	for _, e := range entries {
		if !wanted.MatchString(e.Name()) {
			continue
		}
		data, err := upstream.FS.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		var small bytes.Buffer
		if err := json.Compact(&small, data); err != nil {
			t.Fatal(err)
		}
		want[strings.TrimSuffix(e.Name(), ".json")] = small.Bytes()
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		var out bytes.Buffer
		w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		w.Write(text)
		w.Close()
		if err := os.WriteFile(packedFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unpack, err := gzip.NewReader(bytes.NewReader(packed(t)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(unpack)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("embedded/repositories.json.gz differs from the library's repositories (%v): UPDATE=1 renews it", err)
	}
}

func TestRepositories(t *testing.T) {
	centos := target(t, "centos-9")
	all, err := Repositories(centos, nil, packed(t))
	if err != nil || len(all) < 2 || all[0].RHSM || len(all[0].GPGKeys) == 0 {
		t.Errorf("%d repositories, %v", len(all), err)
	}
	rhel, err := Repositories(target(t, "rhel-9.6"), nil, packed(t))
	if err != nil || len(rhel) == 0 || !rhel[0].RHSM {
		t.Errorf("%d repositories, %v", len(rhel), err)
	}
	for _, r := range rhel {
		if strings.Contains(r.Name, "google") {
			t.Errorf("repository %q is for another type of image", r.Name)
		}
	}
	first, second := t.TempDir(), t.TempDir()
	write := func(dir, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(first, "centos-9.json", `{"x86_64":[{"name":"mine","baseurl":"https://repo.example/","rhsm":true}],"aarch64":[]}`)
	write(second, "centos-9.json", `{"x86_64":[{"name":"other","baseurl":"https://other.example/"}]}`)
	write(second, "centos-9-extra.json", `{"x86_64":[{"name":"extra","baseurl":["https://extra.example/"]}]}`)
	all, err = Repositories(centos, []string{"/nowhere", first, second}, packed(t))
	if err != nil || len(all) != 2 || all[0].Name != "mine" || !all[0].RHSM || all[1].Name != "extra" || len(all[1].PackageSets) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Repositories(target(t, "fedora-46"), nil, packed(t)); !errors.Is(err, ErrRepositories) || !strings.Contains(err.Error(), "fedora-46.json") {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{
		`{"x86_64":`:                    "not JSON",
		`{"x86_64":[{"name":"empty"}]}`: "neither baseurl",
		`{"x86_64":[{"baseurl":[1]}]}`:  "non-string",
		`{"x86_64":[]}`:                 "no package repositories",
		`a: &a [1]`:                     "not JSON",
	} {
		write(first, "centos-9.json", text)
		if _, err := Repositories(centos, []string{first}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseRepositories(f *testing.F) {
	f.Add([]byte(`{"x86_64":[{"name":"a","baseurl":"https://a/"}]}`))
	centos := target(f, "centos-9")
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parseRepositories(centos, data)
		for _, r := range all {
			if err == nil && len(r.BaseURLs) == 0 && r.Metalink == "" && r.MirrorList == "" {
				t.Fatal("a repository without a place")
			}
		}
	})
}
