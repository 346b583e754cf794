package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/appliance/blueprint"
	"edge/appliance/compose"
	"edge/appliance/job"
	"edge/appliance/release"
)

const jobA = "20260102-150405-0a1b2c3d"

// fakeJobs has one job, which builds.
type fakeJobs struct {
	err   error
	calls []string
}

func (f *fakeJobs) called(format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return f.err
}

func theJob() job.Job {
	return job.Job{ID: jobA, Kind: "compose", Subject: "demo@0.0.3", State: "building", Stage: "os: org.osbuild.rpm", Done: 400, Total: 1000, Created: noon, Started: &noon}
}

func (f *fakeJobs) Compose(_ context.Context, id blueprint.ID, o release.ComposeOptions) (job.Job, error) {
	return theJob(), f.called("compose %s %+v", id, o)
}

func (f *fakeJobs) Latest(_ context.Context, n blueprint.Name) (blueprint.Version, error) {
	return "0.0.3", f.called("latest %s", n)
}
func (f *fakeJobs) List() []job.Job { return []job.Job{theJob()} }
func (f *fakeJobs) Get(id job.ID) (job.Job, error) {
	if id != jobA {
		return job.Job{}, fmt.Errorf("%w: %q", job.ErrUnknown, id)
	}
	return theJob(), nil
}
func (f *fakeJobs) Cancel(_ context.Context, id job.ID) (job.Job, error) {
	j := theJob()
	j.Cancelling = true
	return j, f.called("cancel %s", id)
}
func (f *fakeJobs) Follow(_ context.Context, id job.ID, more bool, each func([]byte) error) error {
	if err := each([]byte("line one\n")); err != nil || !more {
		return err
	}
	return each([]byte("line two\n"))
}

// Document has an SBOM and a manifest of 0.0.1.
func (f *fakeJobs) Document(_ context.Context, id blueprint.ID, name string) ([]byte, error) {
	switch {
	case id.Version != "0.0.1":
		return nil, release.ErrNoDocument
	case name == compose.DocumentManifest:
		return []byte(`{"users":{"admin":{"password":"$6$salt$abc./"}}}`), nil
	}
	return []byte(`{"spdxVersion":"SPDX-2.3"}`), nil
}

func TestJobs(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		token              bool
		err                error
		status             int
		want, call         string
	}{
		{"POST", "releases/demo/0.0.3/compose", `{"backend":"sample","parent":"none"}`, true, nil, 202, `"state":"building"`, "compose demo@0.0.3 {Backend:sample Distro: Ref: Parent:none}"},
		{"POST", "blueprints/demo/compose", "", true, nil, 202, jobA, "compose demo@0.0.3"},
		{"POST", "releases/demo/0.0.3/compose", "", false, nil, 401, "Token needed", ""},
		{"POST", "releases/demo/0.0.3/compose", `{"parent":"x"}`, true, nil, 400, "not a commit", ""},
		{"POST", "releases/demo/0.0.3/compose", `{"nonsense":1}`, true, nil, 400, "nonsense", ""},
		{"POST", "releases/demo/3/compose", "", true, nil, 422, "invalid-name", ""},
		{"POST", "releases/demo/0.0.3/compose", "", true, release.ErrExists, 409, "urn:appliance:exists", ""},
		{"POST", "releases/demo/0.0.3/compose", "", true, release.ErrComposing, 409, "urn:appliance:composing", ""},
		{"POST", "releases/demo/0.0.3/compose", "", true, release.ErrNoSource, 404, "urn:appliance:unknown-blueprint", ""},
		{"POST", "releases/demo/0.0.3/compose", `{"distro":"windows"}`, true, nil, 400, "want one such as rhel-9.6", ""},
		{"POST", "releases/demo/0.0.3/compose", "", true, release.ErrBackend, 400, "No such backend", ""},
		{"POST", "releases/demo/0.0.3/compose", "", true, job.ErrTooMany, 503, "Too many jobs", ""},
		{"GET", "jobs", "", false, nil, 200, `"done":400`, ""},
		{"GET", "jobs/" + jobA, "", false, nil, 200, "demo@0.0.3", ""},
		{"GET", "jobs/20260102-150405-ffffffff", "", false, nil, 404, "urn:appliance:unknown-job", ""},
		{"GET", "jobs/17", "", false, nil, 404, "urn:appliance:unknown-job", ""},
		{"DELETE", "jobs/" + jobA, "", true, nil, 202, `"cancelling":true`, "cancel " + jobA},
		{"DELETE", "jobs/" + jobA, "", false, nil, 401, "Token needed", ""},
		{"DELETE", "jobs/" + jobA, "", true, job.ErrEnded, 409, "urn:appliance:job-ended", ""},
		{"GET", "jobs/" + jobA + "/log", "", false, nil, 200, "line one", ""},
		{"GET", "jobs/" + jobA + "/log?follow=1", "", false, nil, 200, "line two", ""},
		{"GET", "jobs/" + jobA + "/log?follow=x", "", false, nil, 400, "neither 1 nor 0", ""},
		{"GET", "releases/demo/0.0.1/sbom", "", false, nil, 200, "SPDX-2.3", ""},
		{"GET", "releases/demo/0.0.2/sbom", "", false, nil, 404, "urn:appliance:no-document", ""},
		{"GET", "releases/demo/0.0.1/manifest", "", false, nil, 401, "Token needed", ""},
		{"GET", "releases/demo/0.0.1/manifest", "", true, nil, 200, `"password":"$6$`, ""},
		{"GET", "preflight", "", false, nil, 200, `"fit":false`, ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			jobs := &fakeJobs{err: c.err}
			h := New(Options{Releases: &fakeReleases{}, Events: newScene(t).events, Jobs: jobs, Documents: jobs, Token: testToken,
				Preflight: func(context.Context) compose.Fitness {
					f := compose.Fitness{Backend: "osbuild"}
					f.Add("osbuild", compose.Bad, "missing", "dnf install osbuild")
					f.Judge()
					return f
				}})
			defer h.Shutdown(context.Background())
			r := httptest.NewRequest(c.method, "/api/v1/"+c.path, strings.NewReader(c.body))
			if c.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			if c.token {
				r.Header.Set("Authorization", "Bearer "+testToken)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, c.status, c.want)
			}
			if c.call != "" && !strings.Contains(strings.Join(jobs.calls, "; "), c.call) {
				t.Errorf("calls %q, want %q", jobs.calls, c.call)
			}
			if w.Code == http.StatusAccepted && c.method == "POST" && w.Header().Get("Location") != "/api/v1/jobs/"+jobA {
				t.Errorf("Location %q", w.Header().Get("Location"))
			}
		})
	}
}

// TestPreflightOneAtATime: each look runs programs of the host.
func TestPreflightOneAtATime(t *testing.T) {
	var looking, most atomic.Int32
	h := New(Options{Releases: &fakeReleases{}, Events: newScene(t).events, Preflight: func(context.Context) compose.Fitness {
		most.Store(max(most.Load(), looking.Add(1)))
		time.Sleep(20 * time.Millisecond)
		looking.Add(-1)
		return compose.Fitness{}
	}})
	defer h.Shutdown(context.Background())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/preflight", nil)); w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d looks at a time", most.Load())
	}
}

func TestJobTables(t *testing.T) {
	for path, want := range map[string]string{
		"jobs":         "building 40 %",
		"jobs/" + jobA: "os: org.osbuild.rpm",
	} {
		jobs := &fakeJobs{}
		h := New(Options{Releases: &fakeReleases{}, Events: newScene(t).events, Jobs: jobs})
		r := httptest.NewRequest("GET", "/api/v1/"+path, nil)
		r.Header.Set("Accept", "text/plain")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", path, w.Body)
		}
		h.Shutdown(context.Background())
	}
}
