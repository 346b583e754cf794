//go:build containers_image_openpgp

package osbuild

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"edge/appliance/compose/manifest"
)

// Limits of what is kept of a build's words.
const (
	maxRecord   = 8 << 20 // bytes of a record; more is cut off
	maxContexts = 50_000
	lastLines   = 40
	maxWidth    = 2000 // bytes of a line
)

// scanner reads the stream of osbuild's JSONSeqMonitor: records of JSON after a byte 0x1e, each ended by a
// newline (RFC 7464). A context is told in full once and by its ID afterwards.
// Source: osbuild/monitor.py.
type scanner struct {
	rest     []byte
	skipping bool // the rest of a record that is too long
	contexts map[string]where

	log      func(line string)
	progress func(stage string, done, total int)
	packages map[string]int // to be installed, by pipeline; their sum is about what is fetched

	stage   string   // where the build is
	lines   []string // last ones of the stage
	failed  string   // stage
	output  []string // its last lines
	handled int      // packages that the stage has told of
	far     int      // in units
}

type where struct{ origin, pipeline, stage string }

type record struct {
	Message string `json:"message"`
	Context struct {
		ID       string `json:"id"`
		Origin   string `json:"origin"`
		Pipeline struct {
			Name  string `json:"name"`
			Stage struct {
				Name string `json:"name"`
			} `json:"stage"`
		} `json:"pipeline"`
	} `json:"context"`
	Progress struct {
		Done     int `json:"done"`
		Total    int `json:"total"`
		Progress struct {
			Done  int `json:"done"`
			Total int `json:"total"`
		} `json:"progress"`
	} `json:"progress"`
	Result *struct {
		Name    string `json:"name"`
		Success bool   `json:"success"`
		Output  string `json:"output"`
	} `json:"result"`
}

// Write takes the next bytes of the stream. It never fails: what is no record is skipped.
func (s *scanner) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		if !whole {
			if len(s.rest)+len(p) > maxRecord {
				s.rest, s.skipping = nil, true
			}
			if !s.skipping {
				s.rest = append(s.rest, p...)
			}
			return n, nil
		}
		if !s.skipping && len(s.rest)+len(line) <= maxRecord {
			s.take(append(s.rest, line...))
		}
		s.rest, s.skipping, p = s.rest[:0], false, rest
	}
}

func (s *scanner) take(line []byte) {
	var r record
	if json.Unmarshal(bytes.Trim(line, "\x1e \r"), &r) != nil {
		return
	}
	at := s.locate(r)
	if at.stage != "" || at.pipeline != "" {
		stage := strings.TrimSuffix(at.pipeline+": "+at.stage, ": ")
		if stage != s.stage || strings.HasPrefix(r.Message, "Starting module ") { // two in a row may be of one type
			s.stage, s.lines, s.handled = stage, nil, 0
		}
	}
	s.say(at, r.Message)
	s.tell(at, r)
	if r.Result != nil {
		s.conclude(at, r)
	}
}

func (s *scanner) locate(r record) where {
	if s.contexts == nil {
		s.contexts = map[string]where{}
	}
	c := r.Context
	at := where{c.Origin, c.Pipeline.Name, c.Pipeline.Stage.Name}
	if strings.HasPrefix(r.Message, "Starting pipeline ") {
		at.stage = "" // osbuild still names the last one of the pipeline before
	}
	if at != (where{}) && c.ID != "" && len(s.contexts) < maxContexts {
		s.contexts[c.ID] = at
	}
	if at == (where{}) {
		at = s.contexts[c.ID]
	}
	return at
}

// say logs a message and remembers the last ones of a stage.
func (s *scanner) say(at where, message string) {
	for line := range strings.Lines(manifest.Public(message)) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > maxWidth {
			line = strings.ToValidUTF8(line[:maxWidth], "") + "…"
		}
		if line == "" || strings.HasPrefix(line, "/usr/lib/tmpfiles.d/") {
			continue // what is wrong with the host's own tmpfiles.d, every stage says again
		}
		if at.origin != "osbuild.monitor" { // which tells of steps
			s.lines = append(s.lines, line)
			s.lines = s.lines[max(len(s.lines)-lastLines, 0):]
			s.count(at, line)
		}
		s.log(line)
	}
}

// installedForm is how rpm names a package that it installs: bash-5.1.8-9.el9.x86_64.
var installedForm = regexp.MustCompile(`^[^ ]+-[^ -]+-[^ -]+\.[a-z0-9_]+$`)

// count counts the packages that are told of, a line each, by what takes most of the time.
func (s *scanner) count(at where, line string) {
	switch {
	case strings.HasPrefix(at.pipeline, sourcePrefix): // curl puts several into a line
		s.handled += strings.Count(line, "Downloaded ")
	case at.stage == "org.osbuild.rpm" && installedForm.MatchString(line):
		s.handled++
	}
}

// sourcePrefix begins the name of the pipeline that osbuild makes of a source.
const sourcePrefix = "source "

// expected is how many packages a pipeline will tell of; 0 where that is not known.
func (s *scanner) expected(pipeline string) int {
	if !strings.HasPrefix(pipeline, sourcePrefix) {
		return s.packages[pipeline]
	}
	sum := 0
	for _, n := range s.packages {
		sum += n
	}
	return sum
}

// units of a build's progress: stages of pipelines, in parts of the whole.
const units = 1000

// tell computes how far the build is: pipelines that are done, and the part of the present one.
func (s *scanner) tell(at where, r record) {
	p := r.Progress
	if p.Total <= 0 || p.Done < 0 || p.Total > 1e6 || p.Done >= p.Total {
		if p.Total > 0 && p.Done >= p.Total {
			s.advance(units)
		}
		return
	}
	done := units * p.Done / p.Total
	parts := p.Total // in so many parts the present step is one
	if sub := p.Progress; sub.Total > 0 && sub.Done >= 0 && sub.Total <= 1e6 {
		done += units * min(sub.Done, sub.Total) / sub.Total / p.Total
		if sub.Done >= sub.Total {
			s.advance(done)
			return
		}
		parts *= sub.Total
	}
	if all := s.expected(at.pipeline); all > 0 {
		done += units * min(s.handled, all) / all / parts
	}
	s.advance(done)
}

// advance never goes back: osbuild counts a pipeline twice at its end.
func (s *scanner) advance(done int) {
	s.far = max(s.far, min(done, units))
	s.progress(cmp.Or(s.stage, "starting"), s.far, units)
}

func (s *scanner) conclude(at where, r record) {
	if r.Result.Success || s.failed != "" {
		return
	}
	s.failed = strings.TrimSuffix(at.pipeline+": "+at.stage, ": ")
	if s.failed == "" {
		s.failed = r.Result.Name
	}
	s.output = s.lines
	if r.Result.Output != "" {
		s.output = last(r.Result.Output)
	}
}

// last are the last lines of a text.
func last(text string) []string {
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(manifest.Public(text), ""), "\r\n"), "\n")
	lines = lines[max(len(lines)-lastLines, 0):]
	for i, line := range lines {
		if len(line) > maxWidth {
			lines[i] = strings.ToValidUTF8(line[:maxWidth], "") + "…"
		}
	}
	return lines
}

// fault is why a build failed, with the last words: of the stage that did, where osbuild tells of results (it does since
// 138), or else of the last stage and of osbuild itself.
func (s *scanner) fault(exit string, output []string) error {
	words, stage := s.output, s.failed
	if len(words) == 0 {
		words = slices.Concat(s.lines, output)
		words = words[max(len(words)-lastLines, 0):]
	}
	if stage == "" {
		stage = s.stage
	}
	if stage != "" {
		stage = " in " + stage
	}
	text := strings.Join(words, "\n")
	err := fmt.Errorf("%w%s (%s)", ErrBuild, stage, exit)
	if strings.Contains(text, "No space left on device") { // as strerror(3) says ENOSPC
		err = fmt.Errorf("%w; %w: free some, or move [compose] store", err, ErrDisk)
	}
	return fmt.Errorf("%w; its last words:\n%s", err, text)
}
