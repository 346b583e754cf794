package cli_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// faults gathers what must never happen in a page: words on the console, exceptions that nobody caught,
// violations of the policy, requests to others, the token in an address.
type faults struct {
	h       *house
	token   string
	mu      sync.Mutex
	all     []string
	allowed []*regexp.Regexp
	under   map[network.RequestID]bool // requests under way, but for those that never end
	moved   time.Time                  // when one began or ended last
}

func newFaults(h *house) *faults {
	return &faults{h: h, token: h.secret(), under: map[network.RequestID]bool{}}
}

// quiet reports whether the page has asked for nothing for a moment.
func (f *faults) quiet() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.under) == 0 && time.Since(f.moved) > 60*time.Millisecond
}

// request notes the beginning or the end of one.
func (f *faults) request(id network.RequestID, begins bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.under, id)
	if begins {
		f.under[id] = true
	}
	f.moved = time.Now()
}

// hear listens to one tab. It must not wait for anything.
func (f *faults) hear(e any) {
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		words := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			words += " " + e.ExceptionDetails.Exception.Description
		}
		f.note("exception: %s", words)
	case *runtime.EventConsoleAPICalled:
		var words []string
		for _, a := range e.Args {
			words = append(words, string(a.Value)+a.Description)
		}
		f.note("console.%s: %s", e.Type, strings.Join(words, " "))
	case *log.EventEntryAdded:
		f.note("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		at := e.Request.URL
		if !strings.HasPrefix(at, f.h.url+"/") && !strings.HasPrefix(at, "blob:"+f.h.url+"/") && !strings.HasPrefix(at, "data:") && at != "about:blank" {
			f.note("request to %s", at)
		}
		if strings.Contains(at, f.token) {
			f.note("the token is in the address of a request")
		}
		if !strings.Contains(at, "/api/v1/events") && !strings.Contains(at, "follow=1") {
			f.request(e.RequestID, true)
		}
	case *network.EventLoadingFinished:
		f.request(e.RequestID, false)
	case *network.EventLoadingFailed:
		f.request(e.RequestID, false)
	}
}

func (f *faults) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fmt.Sprintf(format, args...))
}

// allow says which faults a test makes on purpose.
func (w *window) allow(pattern string) {
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.allowed = append(w.faults.allowed, regexp.MustCompile(pattern))
}

// check makes an error of whatever was not allowed.
func (f *faults) check(w *window) {
	w.t.Helper()
	f.gather(w)
	if told := f.told(); told != "" {
		w.t.Error(told)
	}
}

// gather asks the page for violations of its policy, which the console does not always tell of.
func (f *faults) gather(w *window) {
	w.t.Helper()
	var violations []string
	if err := w.tryValue(&violations, "window.violations?.splice(0) || []"); err != nil {
		w.t.Errorf("asking the page for violations of its policy: %v", err)
	}
	for _, v := range violations {
		f.note("policy: %s", v)
	}
}

// told lists what was not allowed.
func (f *faults) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var words strings.Builder
next:
	for _, fault := range f.all {
		for _, a := range f.allowed {
			if a.MatchString(fault) {
				continue next
			}
		}
		fmt.Fprintf(&words, "\nin the page: %s", fault)
	}
	return words.String()
}

// Nothing of what must never happen goes unheard.
func webFaults(t *testing.T, b *browser) {
	h := newHouse(t)
	w := b.window(t, h, look{})
	w.open("#/")
	w.settle("#/")
	w.faults.gather(w)
	if told := w.faults.told(); told != "" {
		t.Fatal(told)
	}
	w.value(nil, `void (() => {
		console.error("told to the console");
		setTimeout(() => { throw new Error("thrown by nobody"); });
		Promise.reject(new Error("rejected by nobody"));
		document.body.insertAdjacentHTML("beforeend", '<b style="color: red">x</b><b onclick="x()">y</b><img alt="" src="http://192.0.2.1/z.png">');
		fetch("/healthz?token=" + %s);
		fetch("/nothing");
	})()`, h.secret())
	for _, want := range []string{"told to the console", "thrown by nobody", "rejected by nobody", "policy: style-src-attr", "policy: img-src", "the token is in the address", "status of 404"} {
		w.wait(want, func() bool {
			w.faults.gather(w)
			return strings.Contains(w.faults.told(), want)
		})
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.all = nil
}
