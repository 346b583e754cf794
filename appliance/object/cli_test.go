package object

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"edge/appliance/gvariant"
	"edge/appliance/rpm"
)

func TestReadsWhatOstreeWrites(t *testing.T) {
	for _, mode := range []string{"--no-xattrs", "--canonical-permissions", ""} {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t)
			args := []string{"-b", "rhel/9/x86_64/edge", "--subject=First", "--body=Long text", "--tree=dir=" + plant(t),
				"--add-metadata-string=version=9.4", "--add-detached-metadata-string=note=detached",
				"--bind-ref=other",
				"--add-metadata=odd.maybe=@mv nothing", "--add-metadata=odd.some=@mas just ['a', '']",
				"--add-metadata=odd.dict={'a': {'b': <1.5>, 'c': <@ai []>}}", "--add-metadata=odd.numbers=(int64 -5, uint16 3, true, byte 7)",
				"--add-metadata=odd.path=objectpath '/a/b_1'", "--add-metadata=odd.signature=signature 'a{sv}'"}
			if mode != "" {
				args = append(args, mode)
			}
			first, _ := ParseChecksum(p.ostree("commit", args...))
			second, _ := ParseChecksum(p.ostree("commit", append(args, "--timestamp=2030-01-02T03:04:05Z", "--tree=dir="+plant(t))...))
			p.ostree("commit", "-b", "app", "--orphan", "--tree=ref=rhel/9/x86_64/edge")
			if kinds := p.roundTrips(); kinds[KindCommit] != 3 || kinds[KindFile] < 260 || kinds[KindDirTree] < 5 ||
				kinds[KindDirMeta] < 1 || kinds[KindCommitMeta] != 2 {
				t.Errorf("objects by kind: %v", kinds)
			}
			p.checkCommit(first, second)
			p.checkSummary(second)
		})
	}
}

func (p peer) checkCommit(first, second Checksum) {
	p.Helper()
	c, err := ParseCommit(p.read("objects/" + Name{second, KindCommit}.Path()))
	if err != nil {
		p.Fatal(err)
	}
	if c.Subject != "First" || c.Body != "Long text" || c.Version() != "9.4" || c.Parent != first {
		p.Errorf("commit: %q %q %q %q", c.Subject, c.Body, c.Version(), c.Parent)
	}
	if want := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC); !c.Time.Equal(want) {
		p.Errorf("time %s, want %s", c.Time, want)
	}
	if refs, bound := c.RefBindings(); !bound || strings.Join(refs, " ") != "other rhel/9/x86_64/edge" {
		p.Errorf("bindings %q, %v", refs, bound)
	}
	// A re-stamp of a stranger's commit must stay readable and keep the odd values.
	stamped := c.Restamp("0.0.2", first, c.Time.Add(time.Hour))
	sum := p.put(KindCommit, stamped.Encode())
	was, is := p.upToTheTime(second), p.upToTheTime(sum)
	if want := strings.Replace(was, "<'9.4'>", "<'0.0.2'>", 1); is != want || is == was {
		p.Errorf("the re-stamp is\n%s\nwant\n%s", is, want)
	}
}

// upToTheTime is a commit as the stock program reads it: metadata, parent,
// subject and body, but not the time, which a re-stamp changes.
func (p peer) upToTheTime(c Checksum) string {
	_, raw, _ := strings.Cut(p.ostree("show", "--raw", string(c)), "\n")
	text, _, _ := strings.Cut(raw, "uint64 ")
	return text
}

func (p peer) checkSummary(tip Checksum) {
	p.Helper()
	p.ostree("static-delta", "generate", "rhel/9/x86_64/edge")
	p.ostree("static-delta", "generate", "--empty", "rhel/9/x86_64/edge")
	p.ostree("summary", "-u")
	s, err := ParseSummary(p.read("summary"))
	if err != nil {
		p.Fatal(err)
	}
	if len(s.Refs) != 2 || s.Refs[0].Ref != "app" || s.Refs[1].Commit != tip || s.Refs[1].Version != "9.4" {
		p.Errorf("refs: %+v", s.Refs)
	}
	for _, r := range s.Refs {
		data := p.read("objects/" + Name{r.Commit, KindCommit}.Path())
		c, err := ParseCommit(data)
		if err != nil || r.Size != int64(len(data)) || !r.Time.Equal(c.Time) {
			p.Errorf("%s: %d bytes of %s, want %d of %s (%v)", r.Ref, r.Size, r.Time, len(data), c.Time, err)
		}
	}
	if since := time.Since(s.LastModified); since < 0 || since > time.Hour {
		p.Errorf("modified %s", s.LastModified)
	}
	c, _ := ParseCommit(p.read("objects/" + Name{tip, KindCommit}.Path()))
	if len(s.Deltas) != 2 || s.Deltas[string(tip)] == "" || s.Deltas[string(c.Parent)+"-"+string(tip)] == "" {
		p.Errorf("deltas: %v", s.Deltas)
	}
	if !s.IndexedDeltas {
		p.Error("the deltas are not indexed")
	}
}

func TestOstreeReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	attrs := []XAttr{{"user.z", []byte("last")}, {"security.selinux", []byte("system_u:object_r:bin_t:s0\x00")}}
	tool := p.putFile(File{Mode: 0o100755, XAttrs: attrs}, "#!/bin/sh\necho hello\n")
	empty := p.putFile(File{Mode: 0o100600, UID: 70000, GID: 12}, "")
	big := p.putFile(File{Mode: 0o104755}, strings.Repeat("0123456789abcdef", 100000))
	link := p.putFile(File{Mode: 0o120777, Target: "../lib/bïg"}, "")
	meta := p.put(KindDirMeta, Meta{Mode: 0o040755, XAttrs: attrs}.Encode())
	var many []FileEntry
	for i := range 3000 {
		many = append(many, FileEntry{fmt.Sprintf("file%d", i), tool})
	}
	bin := p.put(KindDirTree, Tree{Files: []FileEntry{{"tool", tool}, {"link", link}, {"empty", empty}}}.Encode())
	lib := p.put(KindDirTree, Tree{Files: append(many, FileEntry{"bïg", big})}.Encode())
	root := p.put(KindDirTree, Tree{Dirs: []DirEntry{{"lib", lib, meta}, {"bin", bin, meta}}}.Encode())
	packages := []rpm.Package{
		{Name: "zsh", Version: "5.8", Release: "9.el9", Arch: "x86_64"},
		{Name: "bind", Epoch: "32", Version: "9.16.23", Release: "1.el9", Arch: "x86_64"},
	}
	c := Commit{Subject: "Sample", Time: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), Tree: root, Meta: meta,
		Metadata: gvariant.Dict(gvariant.Entry{Key: "version", Value: gvariant.Str("0.0.1")})}.WithPackages(packages)
	first := p.put(KindCommit, c.Encode())
	data := c.Restamp("0.0.2", first, c.Time.Add(time.Minute)).Encode()
	second := p.put(KindCommit, data)
	p.write("refs/heads/rhel/9/edge", []byte(second+"\n"))
	p.write("objects/"+Name{second, KindCommitMeta}.Path(), AddSignature(gvariant.Value{}, KeyEd25519, bytes.Repeat([]byte{7}, 64)).Data())
	p.write("summary", Summary{LastModified: time.Now(), IndexedDeltas: true, Refs: []SummaryRef{
		{Ref: "rhel/9/edge", Commit: second, Size: int64(len(data)), Time: c.Time, Version: "0.0.2"},
		{Ref: "app", Commit: first, Size: 100, Time: c.Time}}}.Encode())

	p.ostree("fsck", "-a")
	for _, expect := range []struct{ want, verb, arg1, arg2 string }{
		{"Version: 0.0.2", "show", "rhel/9/edge", ""},
		{"2024-05-06 07:09:09 +0000", "show", "rhel/9/edge", ""},
		{"Parent:  " + string(first), "log", "rhel/9/edge", ""},
		{"[('bind', '32', '9.16.23', '1.el9', 'x86_64'), ('zsh', '0', '5.8', '9.el9', 'x86_64')]", "show",
			"--print-metadata-key=rpmostree.rpmdb.pkglist", "rhel/9/edge"},
		{"[[byte 0x07, 0x07", "show", "--print-detached-metadata-key=ostree.sign.ed25519", "rhel/9/edge"},
		{"-00600 70000 12      0 /bin/empty", "ls", "-R", "rhel/9/edge"},
		{"l00777 0 0      0 /bin/link -> ../lib/bïg", "ls", "-R", "rhel/9/edge"},
		{"-04755 0 0 1600000 /lib/bïg", "ls", "-R", "rhel/9/edge"},
		{"/lib/file2999", "ls", "-R", "rhel/9/edge"},
		{"{ [(b'security.selinux', b'system_u:object_r:bin_t:s0'), (b'user.z', [0x6c, 0x61, 0x73, 0x74])] } /bin/tool", "ls", "-RX", "rhel/9/edge"},
		{"* rhel/9/edge", "summary", "-v", ""},
		{fmt.Sprintf("Latest Commit (%d bytes)", len(data)), "summary", "-v", ""},
		{"Version (ostree.commit.version): 0.0.2", "summary", "-v", ""},
	} {
		args := []string{expect.arg1}
		if expect.arg2 != "" {
			args = append(args, expect.arg2)
		}
		if out := p.ostree(expect.verb, args...); !strings.Contains(out, expect.want) {
			t.Errorf("ostree %s %q has no %q in\n%.2000s", expect.verb, args, expect.want, out)
		}
	}
}
