package blueprint

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// pusher makes commits as the git program would, upon what a repository has.
type pusher struct {
	t       *testing.T
	r       *Repository
	files   map[string]string
	mode    filemode.FileMode // 0: that of files
	objects []content
	tip     plumbing.Hash
}

func newPusher(t *testing.T, r *Repository) *pusher {
	p := &pusher{t: t, r: r, files: map[string]string{}, tip: r.now().tip}
	for name, h := range r.now().entries {
		o, err := r.store.get(h)
		if err != nil {
			t.Fatal(err)
		}
		p.files[name] = string(o.data)
	}
	return p
}

func (p *pusher) commit(parents ...plumbing.Hash) plumbing.Hash {
	p.t.Helper()
	if parents == nil && !p.tip.IsZero() {
		parents = []plumbing.Hash{p.tip}
	}
	var entries []object.TreeEntry
	for name, text := range p.files {
		o := content{plumbing.BlobObject, []byte(text)}
		mode := filemode.Regular
		if p.mode != 0 {
			mode = p.mode
		}
		entries = append(entries, object.TreeEntry{Mode: mode, Name: name, Hash: o.hash()})
		p.objects = append(p.objects, o)
	}
	tree, err := encodeTree(entries)
	if err != nil {
		p.t.Fatal(err)
	}
	who := by("p", time.Unix(1700000001, 0))
	c, err := encodeCommit(object.Commit{TreeHash: tree.hash(), ParentHashes: parents, Author: who, Committer: who, Message: "a commit\n"})
	if err != nil {
		p.t.Fatal(err)
	}
	p.objects = append(p.objects, tree, c)
	p.tip = c.hash()
	return p.tip
}

// push sends the commits and returns what the person sees; "" is success.
func (p *pusher) push(updates ...packp.Command) string {
	p.t.Helper()
	if updates == nil {
		updates = []packp.Command{{Name: branch, Old: p.r.now().tip, New: p.tip}}
	}
	var in, out bytes.Buffer
	request := packp.NewReferenceUpdateRequest()
	for _, u := range updates {
		request.Commands = append(request.Commands, &u)
	}
	seen := map[plumbing.Hash]bool{}
	var objects []content
	for _, o := range p.objects {
		if h := o.hash(); !seen[h] {
			seen[h], objects = true, append(objects, o)
		}
	}
	err := errors.Join(request.Capabilities.Set(capability.ReportStatus), request.Capabilities.Set(capability.Sideband64k), request.Encode(&in), writePack(&in, objects))
	if err != nil {
		p.t.Fatal(err)
	}
	err = p.r.Receive(p.t.Context(), &in, &out)
	if err != nil && !errors.Is(err, ErrPush) {
		p.t.Fatal(err)
	}
	told, refused := out.String(), strings.Contains(out.String(), "ng refs/")
	if refused != (err != nil) || !refused && !strings.Contains(told, "ok refs/") {
		p.t.Errorf("the client is told %q, and the error is %v", told, err)
	}
	if err == nil {
		return ""
	}
	return told
}

func TestReceive(t *testing.T) {
	r := newTest(t)
	p := newPusher(t, r)
	p.files["demo.toml"], p.files["README.md"] = "name = 'demo'\nversion = '0.0.1'\n", "# hello\n"
	p.commit()
	p.files["demo.toml"] = "name = 'demo'\nversion = '0.3.0'\n[[packages]]\nname = 'git'\n"
	p.files["other.toml"] = "name = 'other'\nversion = '1.0.0'\n"
	p.commit()
	delete(p.files, "other.toml")
	p.commit()
	if told := p.push(); told != "" {
		t.Fatal(told)
	}
	for _, r := range []*Repository{r, openTest(t, r.o.Dir)} {
		if s, err := r.Show(t.Context(), "demo", ""); err != nil || s.Version != "0.3.0" || s.Versions != 2 {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := r.Show(t.Context(), "other", "1.0.0"); err != nil {
			t.Error(err)
		}
	}
	push(t, r, "name = 'demo'\n", PushOptions{})
	if got := newPusher(t, r).files["README.md"]; got != "# hello\n" {
		t.Errorf("a push of a file loses others: %q", got)
	}
}

// What is refused changes nothing, says why, and leaves no object behind.
func TestReceiveRefuses(t *testing.T) {
	const good = "name = 'demo'\nversion = '0.0.2'\n"
	for name, tt := range map[string]struct {
		do   func(p *pusher) []packp.Command
		want string
	}{
		"plain password": {func(p *pusher) []packp.Command {
			p.files["demo.toml"] = good + "[[customizations.user]]\nname = 'a'\npassword = 'R3dh4t1!'\n"
			p.commit()
			p.files["demo.toml"] = "name = 'demo'\nversion = '0.0.3'\n"
			p.commit()
			return nil
		}, "the password of \"a\" is plain"},
		"hostile name": {func(p *pusher) []packp.Command { p.files["<script>.toml"] = good; p.commit(); return nil }, `"<script>.toml": want blueprints`},
		"another name": {func(p *pusher) []packp.Command { p.files["b.toml"] = good; p.commit(); return nil }, `it is the blueprint "demo"`},
		"unknown key":  {func(p *pusher) []packp.Command { p.files["demo.toml"] = good + "x = 1\n"; p.commit(); return nil }, `demo.toml:3:1: unknown key "x"`},
		"not raised": {func(p *pusher) []packp.Command {
			p.files["demo.toml"] = "name = 'demo'\nversion = '0.0.1'\n#\n"
			p.commit()
			return nil
		}, "version is not raised"},
		"no version":  {func(p *pusher) []packp.Command { p.files["demo.toml"] = "name = 'demo'\n"; p.commit(); return nil }, "the version is missing"},
		"other files": {func(p *pusher) []packp.Command { p.files["run.sh"] = "#!/bin/sh"; p.commit(); return nil }, `"run.sh": want blueprints`},
		"programs":    {func(p *pusher) []packp.Command { p.mode = filemode.Executable; p.commit(); return nil }, "plain files only"},
		"links":       {func(p *pusher) []packp.Command { p.mode = filemode.Symlink; p.commit(); return nil }, "plain files only"},
		"large file": {func(p *pusher) []packp.Command {
			p.files["README.md"] = strings.Repeat("x", maxOther+1)
			p.commit()
			return nil
		}, "has more than"},
		"lines of Windows": {func(p *pusher) []packp.Command {
			p.files["demo.toml"] = strings.ReplaceAll(good, "\n", "\r\n")
			p.commit()
			return nil
		}, "lines end"},
		"rewritten": {func(p *pusher) []packp.Command {
			p.tip = plumbing.ZeroHash
			p.files["demo.toml"] = good
			p.commit()
			return nil
		}, "history would be rewritten"},
		"merge":          {func(p *pusher) []packp.Command { a := p.tip; p.commit(a, a); return nil }, "without merges"},
		"an old state":   {func(p *pusher) []packp.Command { return []packp.Command{{Name: branch, New: p.commit()}} }, "history would be rewritten"},
		"deleted branch": {func(p *pusher) []packp.Command { return []packp.Command{{Name: branch, Old: p.tip}} }, "the branch main stays"},
		"another branch": {func(p *pusher) []packp.Command { return []packp.Command{{Name: "refs/heads/x", New: p.tip}} }, "there is one branch"},
		"a tag":          {func(p *pusher) []packp.Command { return []packp.Command{{Name: "refs/tags/x", New: p.tip}} }, "tags are made here"},
		"half of it": {func(p *pusher) []packp.Command {
			p.files["demo.toml"] = good
			p.commit()
			p.objects = p.objects[1:]
			return nil
		}, "did not come"},
		"good and bad at once": {func(p *pusher) []packp.Command {
			old := p.tip
			p.files["demo.toml"] = good
			return []packp.Command{{Name: branch, Old: old, New: p.commit()}, {Name: "refs/heads/x", New: p.tip}}
		}, "there is one branch"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTest(t)
			push(t, r, "name = 'demo'\n", PushOptions{})
			before, objects := everything(t, r)
			p := newPusher(t, r)
			updates := tt.do(p)
			if told := p.push(updates...); !strings.Contains(told, tt.want) {
				t.Errorf("%q, want %q", told, tt.want)
			}
			if after, n := everything(t, r); after != before || n != objects {
				t.Error("something was kept")
			}
		})
	}
}

// A tag that is the same as the one to be made is no harm.
func TestReceiveItsOwnTags(t *testing.T) {
	r := newTest(t)
	p := newPusher(t, r)
	p.files["a.toml"] = "name = 'a'\nversion = '0.0.1'\n"
	tip := p.commit()
	if told := p.push(packp.Command{Name: branch, New: tip}, packp.Command{Name: "refs/tags/a/0.0.1", New: tip}); told != "" {
		t.Error(told)
	}
}

// Whatever comes, what was there stays readable, and no password is kept.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("006700000000000000000000000000000000000000001111111111111111111111111111111111111111 refs/heads/main\x000000PACK"), true)
	f.Add([]byte("0000"), false)
	r := newTest(f)
	push(f, r, demo, PushOptions{})
	tip := r.now().tip
	f.Fuzz(func(t *testing.T, data []byte, send bool) {
		if send {
			r.Send(bytes.NewReader(data), io.Discard)
			return
		}
		err := r.Receive(t.Context(), bytes.NewReader(data), io.Discard)
		if r.now().tip != tip {
			t.Fatalf("a push of %q is taken: %v", data, err)
		}
	})
}
