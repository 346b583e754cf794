package compose

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"edge/appliance/blueprint"
	"edge/appliance/object"
	"edge/appliance/rpm"
)

const samples = "../../embedded/samples"

func id(v string) blueprint.ID {
	return blueprint.ID{Blueprint: SampleBlueprint, Version: blueprint.Version(v)}
}

// unpacked is an archive's members by name, and its commit.
type unpacked struct {
	members map[string][]byte
	sum     object.Checksum
	commit  object.Commit
}

func composed(t *testing.T, r Request) unpacked {
	t.Helper()
	var out bytes.Buffer
	if err := NewSample(os.DirFS(samples)).Compose(t.Context(), r, &out); err != nil {
		t.Fatal(err)
	}
	return unpack(t, &out)
}

func unpack(t *testing.T, archive io.Reader) unpacked {
	t.Helper()
	u := unpacked{members: map[string][]byte{}}
	for in := tar.NewReader(archive); ; {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := u.members[h.Name]; twice {
			t.Errorf("member %q comes twice", h.Name)
		}
		if u.members[h.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	var about struct {
		Ref    object.Ref      `json:"ref"`
		Commit object.Checksum `json:"ostree-commit"`
	}
	if err := json.Unmarshal(u.members["compose.json"], &about); err != nil {
		t.Fatal(err)
	}
	u.sum = about.Commit
	var err error
	if u.commit, err = object.ParseCommit(u.object(t, object.KindCommit, u.sum)); err != nil {
		t.Fatal(err)
	}
	return u
}

func (u unpacked) object(t *testing.T, kind object.Kind, sum object.Checksum) []byte {
	t.Helper()
	data, ok := u.members["repo/objects/"+object.Name{Checksum: sum, Kind: kind}.Path()]
	if !ok {
		t.Fatalf("object %s.%s is not in the archive", sum, kind)
	}
	return data
}

// tree reads the whole tree: path -> file, with its content.
func (u unpacked) tree(t *testing.T) map[string]file {
	t.Helper()
	found := map[string]file{}
	var read func(dir string, tree, meta object.Checksum)
	read = func(dir string, tree, meta object.Checksum) {
		m, err := object.ParseMeta(u.object(t, object.KindDirMeta, meta))
		if err != nil {
			t.Fatal(err)
		}
		found[dir+"/"] = file{mode: m.Mode}
		listed, err := object.ParseTree(u.object(t, object.KindDirTree, tree))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range listed.Files {
			h, content, err := object.ReadFile(bytes.NewReader(u.object(t, object.KindFile, f.Checksum)))
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(content)
			if err != nil {
				t.Fatal(err)
			}
			if h.UID != 0 || h.GID != 0 {
				t.Errorf("%s/%s belongs to %d:%d", dir, f.Name, h.UID, h.GID)
			}
			found[dir+"/"+f.Name] = file{mode: h.Mode, content: data, target: h.Target}
		}
		for _, d := range listed.Dirs {
			read(dir+"/"+d.Name, d.Tree, d.Meta)
		}
	}
	read("", u.commit.Tree, u.commit.Meta)
	return found
}

// The checksums are what tests, documents and people's notes refer to. They change only when the
// sample data does; then change them here, in one commit with the data.
func TestSampleGolden(t *testing.T) {
	golden := map[string]object.Checksum{
		"0.0.1": "22c649cd1f061f165a7173106026f666d228eaa7c6a0b2a85802bc997638fcd5",
		"0.0.2": "c050ab3594ff8c0afa952c9200d8b3b3503ee965837390b524ca1c827460e131",
		"0.0.3": "c90e6ff903466f6ebbe735a0461a7fdd0b4375448972d29cdf52a6981840c37c",
	}
	var parent object.Checksum
	for _, id := range NewSample(os.DirFS(samples)).IDs() {
		u := composed(t, Request{ID: id, Parent: parent})
		if want := golden[string(id.Version)]; u.sum != want {
			t.Errorf("%s is commit %s, want %s", id, u.sum, want)
		}
		if u.commit.Parent != parent {
			t.Errorf("%s has parent %q, want %q", id, u.commit.Parent, parent)
		}
		parent = u.sum
	}
}

func TestSampleReproducible(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := NewSample(os.DirFS(samples)).Compose(t.Context(), Request{ID: id("0.0.3")}, out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two composes of one request differ")
	}
}

func TestSampleArchive(t *testing.T) {
	u := composed(t, Request{ID: id("0.0.1")})
	objects := 0
	for name, data := range u.members {
		path, ok := strings.CutPrefix(name, "repo/objects/")
		if !ok {
			continue
		}
		objects++
		n, err := object.ParseName(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := object.Verify(n, bytes.NewReader(data)); err != nil {
			t.Error(err)
		}
	}
	if objects < 300 || objects > 700 {
		t.Errorf("%d objects, want 300 to 700", objects)
	}
	if got := string(u.members["repo/refs/heads/"+string(SampleRef)]); got != string(u.sum)+"\n" {
		t.Errorf("the ref says %q", got)
	}
	if got := string(u.members["repo/config"]); !strings.Contains(got, "mode=archive-z2") {
		t.Errorf("config is %q", got)
	}
}

func TestSampleMetadata(t *testing.T) {
	u := composed(t, Request{ID: id("0.0.2"), Ref: "a/b"})
	if got := u.commit.Version(); got != "0.0.2" {
		t.Errorf("version %q", got)
	}
	if refs, bound := u.commit.RefBindings(); !bound || !slices.Equal(refs, []string{"a/b"}) {
		t.Errorf("bound to %q", refs)
	}
	if v, ok := u.commit.Metadata.Lookup(KeySample); !ok || !v.Bool() {
		t.Error("not marked as a sample")
	}
	if v, ok := u.commit.Metadata.Lookup("rpmostree.inputhash"); !ok || len(v.Str()) != 64 {
		t.Error("no input hash")
	}
}

// TestSamplePackages checks that the step from 0.0.1 to 0.0.2 is that of the demonstration.
func TestSamplePackages(t *testing.T) {
	lists := map[string][]rpm.Package{}
	for _, v := range []string{"0.0.1", "0.0.2", "0.0.3"} {
		packages, listed, err := composed(t, Request{ID: id(v)}).commit.Packages()
		if !listed || err != nil {
			t.Fatalf("%s: listed %v, %v", v, listed, err)
		}
		lists[v] = packages
	}
	for _, step := range []struct {
		from, to       string
		removed, added int
	}{{"0.0.1", "0.0.2", 55, 1}, {"0.0.2", "0.0.3", 0, 55}, {"0.0.1", "0.0.3", 0, 1}} {
		d := rpm.Compute(lists[step.from], lists[step.to])
		if len(d.Removed) != step.removed || len(d.Added) != step.added || len(d.Upgraded)+len(d.Downgraded) != 0 {
			t.Errorf("%s to %s: %d removed, %d added, %d upgraded, %d downgraded", step.from, step.to,
				len(d.Removed), len(d.Added), len(d.Upgraded), len(d.Downgraded))
		}
	}
	if got := rpm.Compute(lists["0.0.1"], lists["0.0.2"]).Added[0].String(); got != "zsh-5.8-9.el9.x86_64" {
		t.Errorf("added %s", got)
	}
}

func TestSampleRefusals(t *testing.T) {
	files := os.DirFS(samples)
	for _, tt := range []struct {
		name  string
		files fstest.MapFS
		r     Request
		want  error
	}{
		{"unknown version", nil, Request{ID: id("0.0.4")}, ErrUnknown},
		{"unknown blueprint", nil, Request{ID: blueprint.ID{Blueprint: "other", Version: "0.0.1"}}, ErrUnknown},
		{"bad ref", nil, Request{ID: id("0.0.1"), Ref: "../x"}, object.ErrBadName},
		{"bad parent", nil, Request{ID: id("0.0.1"), Parent: "abc"}, object.ErrBadName},
		{"no list", fstest.MapFS{}, Request{ID: id("0.0.1")}, ErrSample},
		{"malformed list", fstest.MapFS{"base.txt": {Data: []byte("bash\n")}}, Request{ID: id("0.0.1")}, rpm.ErrMalformed},
		{"package twice", fstest.MapFS{"base.txt": {Data: []byte("a-1-1.x86_64\n")}, "git.txt": {Data: []byte("a-2-1.x86_64\n")}},
			Request{ID: id("0.0.1")}, ErrSample},
		{"no tree", fstest.MapFS{"base.txt": {Data: []byte("a-1-1.x86_64\n")}, "git.txt": {Data: []byte("b-2-1.x86_64\n")}},
			Request{ID: id("0.0.1")}, ErrSample},
	} {
		s := NewSample(files)
		if tt.files != nil {
			s = NewSample(tt.files)
		}
		if err := s.Compose(t.Context(), tt.r, io.Discard); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
