package blueprint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"edge/appliance/event"
)

// RemoteOptions say where else blueprints are kept.
type RemoteOptions struct {
	URL    string // http(s), of a git repository; may carry user and password
	Branch string // "": the one that its HEAD names
	Folder string // within it; "": the top
	// Every is how long to wait between two looks; 0: only Fetch looks.
	Every time.Duration
	HTTP  *http.Client // nil: one that gives up after a minute
}

// RemoteState is what became of the last look at a remote.
type RemoteState struct {
	URL     string    `json:"url"` // without a password
	Commit  Hash      `json:"commit,omitempty"`
	Looked  time.Time `json:"looked"`          // zero: never
	Taken   []string  `json:"taken"`           // NAME@VERSION
	Refused []string  `json:"refused"`         // files, with all their faults
	Error   string    `json:"error,omitempty"` // why there was nothing to be had
}

// Remote follows a git repository that lies elsewhere: what is on its branch is pushed here, as a file
// would be. What it drops stays here, and what it refuses to raise in version goes up by a patch.
type Remote struct {
	o    RemoteOptions
	repo *Repository

	turn  sync.Mutex // one look at a time
	mu    sync.Mutex
	state RemoteState
}

// ErrRemote is the cause when a remote cannot be read.
var ErrRemote = errors.New("remote is not readable")

// ParseRemote checks the address of a remote.
func ParseRemote(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("want the http(s) URL of a git repository, such as https://git.example/edge/blueprints.git")
	}
	return strings.TrimRight(s, "/"), nil
}

// NewRemote returns a remote that nobody looked at yet.
func NewRemote(repo *Repository, o RemoteOptions) (*Remote, error) {
	if _, err := ParseRemote(o.URL); err != nil {
		return nil, fmt.Errorf("following a remote: %w", err)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: time.Minute}
	}
	r := &Remote{o: o, repo: repo}
	r.state = RemoteState{URL: r.shown(), Taken: []string{}, Refused: []string{}}
	return r, nil
}

// shown is the address without a password.
func (r *Remote) shown() string {
	u, err := url.Parse(r.o.URL)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// State of the last look.
func (r *Remote) State() RemoteState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Follow looks at once and then every so often, until ctx ends. Faults are in State and in the diary.
func (r *Remote) Follow(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = r.Fetch(ctx) // State tells
		if r.o.Every <= 0 {
			return
		}
		t := time.NewTimer(r.o.Every)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// Fetch looks now and pushes what is new. Its error is ErrRemote where the remote cannot be read; what
// was refused is no error but told in the state.
func (r *Remote) Fetch(ctx context.Context) (RemoteState, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	before := r.State()
	next := RemoteState{URL: r.shown(), Commit: before.Commit, Looked: r.repo.o.Now().UTC(), Taken: []string{}, Refused: []string{}}
	err := r.fetch(ctx, &next)
	if err != nil {
		err = fmt.Errorf("fetching from %q: %w: %w", r.shown(), ErrRemote, r.censored(err))
		next.Error = err.Error()
	}
	if next.Error != before.Error || strings.Join(next.Refused, "") != strings.Join(before.Refused, "") {
		outcome := strings.Join(append(next.Refused, next.Error), "\n")
		if told := r.repo.tell(ctx, event.Event{Kind: "blueprint.fetched", Subject: r.shown(), Message: "looked at the remote", Outcome: strings.TrimSpace(outcome)}); told != nil {
			err = errors.Join(err, told)
		}
	}
	r.mu.Lock()
	r.state = next
	r.mu.Unlock()
	return next, err
}

// censored takes the address, which may carry a password, out of net/http's error.
func (r *Remote) censored(err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

// remoteLimits bound what a remote may send; it has a history, but only its end is asked for.
var remoteLimits = limits{objects: 20_000, object: maxObject, total: 64 << 20, depth: 4095}

// Limits of what is told of a remote's faults.
const (
	maxRefused = 100  // files
	maxRefusal = 4000 // characters of each
)

func (r *Remote) fetch(ctx context.Context, s *RemoteState) error {
	at, tip, err := r.tip(ctx)
	if err != nil {
		return err
	}
	objects, err := r.objects(ctx, at, tip)
	if err != nil {
		return err
	}
	get := reader(func(h plumbing.Hash) (content, error) {
		o, found := objects[h]
		if !found {
			return o, fmt.Errorf("%w: object %s did not come", ErrMalformed, h)
		}
		return o, nil
	})
	c, err := get.commit(tip)
	if err != nil {
		return err
	}
	tree, err := get.folder(c.TreeHash, r.o.Folder)
	if err != nil {
		return err
	}
	s.Commit = Hash(tip.String())
	ctx = event.WithActor(ctx, "remote "+r.shown())
	for _, e := range tree {
		if e.Mode != filemode.Regular || !strings.HasSuffix(e.Name, suffix) {
			continue
		}
		o, err := get(e.Hash)
		if err != nil {
			return err
		}
		p, err := r.repo.Push(ctx, o.data, PushOptions{File: e.Name, Author: c.Author.Name, Message: fmt.Sprintf("take %s from %s at %.10s", e.Name, r.shown(), tip.String()), follow: true})
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil && len(s.Refused) < maxRefused:
			s.Refused = append(s.Refused, fmt.Sprintf("%.*s", maxRefusal, err))
		case err != nil: // told enough
		case p.Changed:
			s.Taken = append(s.Taken, p.ID().String())
		}
	}
	return nil
}

// folder walks down from a tree.
func (get reader) folder(h plumbing.Hash, to string) ([]object.TreeEntry, error) {
	tree, err := get.tree(h)
	for part := range strings.SplitSeq(strings.Trim(path.Clean("/"+to), "/"), "/") {
		if part == "" || err != nil {
			continue
		}
		found := plumbing.ZeroHash
		for _, e := range tree {
			if e.Name == part && e.Mode == filemode.Dir {
				found = e.Hash
			}
		}
		if found.IsZero() {
			return nil, fmt.Errorf("it has no folder %q", to)
		}
		tree, err = get.tree(found)
	}
	return tree, err
}

// maxAnswer bounds an answer of a remote, in bytes.
const maxAnswer = 32 << 20

// tip finds the commit to take, and the address that answered, which may be another after a redirect.
func (r *Remote) tip(ctx context.Context) (at string, tip plumbing.Hash, err error) {
	body, at, err := r.ask(ctx, http.MethodGet, r.o.URL+"/info/refs?service="+UploadPack, nil)
	if err != nil {
		return "", tip, err
	}
	refs, err := readAdvertisement(body)
	if err != nil {
		return "", tip, err
	}
	name := "HEAD"
	if r.o.Branch != "" {
		name = "refs/heads/" + r.o.Branch
	}
	tip = refs[name]
	if tip.IsZero() {
		return "", tip, fmt.Errorf("it has no %s", name)
	}
	base, _, _ := strings.Cut(at, "/info/refs")
	return base, tip, nil
}

// objects fetches one commit and what is in it, without what came before.
func (r *Remote) objects(ctx context.Context, at string, tip plumbing.Hash) (map[plumbing.Hash]content, error) {
	ask, err := shallowWish(tip)
	if err != nil {
		return nil, err
	}
	body, _, err := r.ask(ctx, http.MethodPost, at+"/"+UploadPack, ask)
	if err != nil {
		return nil, err
	}
	pack, err := readShallowAnswer(body)
	if err != nil {
		return nil, fmt.Errorf("reading its answer: %w", err)
	}
	return readPack(pack, remoteLimits, nil)
}

func (r *Remote) ask(ctx context.Context, method, address string, body []byte) (answer []byte, at string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("User-Agent", "git/2.0 (appliance)") // some hosts answer nobody else
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-"+UploadPack+"-request")
	}
	resp, err := r.o.HTTP.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("it answers %.100q", resp.Status)
	}
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxAnswer)
	}
	return answer, resp.Request.URL.String(), err
}
