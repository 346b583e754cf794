package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"
	"unicode"

	"edge/appliance/podman"
	"edge/appliance/report"
)

// AppState is what is remembered of an app: the file UNIT.json in the folder of the apps' state. It is
// history and a journal; what runs is asked of podman.
type AppState struct {
	Format   int            `json:"format"` // 1
	Image    string         `json:"image"`  // the followed tag
	Digest   string         `json:"digest,omitempty"`
	ID       string         `json:"id,omitempty"`
	Since    time.Time      `json:"since,omitzero"` // when Digest was found good
	Previous *Pin           `json:"previous,omitempty"`
	Update   *report.Update `json:"update,omitempty"` // the last one that did something
	Trial    *Trial         `json:"trial,omitempty"`  // one that is under way
}

// Pin is an image for good: the digest that a registry knows it by, and podman's ID.
type Pin struct {
	Digest string `json:"digest,omitempty"`
	ID     string `json:"id"`
}

// Trial is the journal of an update: enough to finish it after a power cut at any moment.
type Trial struct {
	Step   Step      `json:"step"`
	From   Pin       `json:"from"`
	To     Pin       `json:"to,omitzero"`
	Begun  time.Time `json:"begun"`
	Tries  int       `json:"tries,omitempty"`  // runs that were begun, not ended
	Failed int       `json:"failed,omitempty"` // how often To had failed before
	Reason string    `json:"reason,omitempty"` // of StepBack
}

// Step is how far an update is.
type Step string

// Steps.
const (
	StepPull Step = "pull" // podman pulls by tag: the tag may point at something unproven
	StepTry  Step = "try"  // the tag points at To, which runs or will
	StepBack Step = "back" // To is bad, for Reason
)

const (
	stateFormat = 1
	maxState    = 64 << 10
	maxText     = 512
)

var (
	imageID  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	unitName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// ReadApp reads what is remembered of the app with this unit. Root may read what the user wrote: no link is
// followed, and what is too long or misshapen is an error. An app without history has the zero AppState.
func ReadApp(dir, unit string) (AppState, error) {
	f, err := openFolder(dir)
	if err != nil {
		return AppState{}, err
	}
	defer f.close()
	return f.read(unit)
}

// parseState reads UNIT.json strictly.
func parseState(data []byte) (AppState, error) {
	var s AppState
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return AppState{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return AppState{}, errors.New("more than one JSON value")
	}
	if s.Format != stateFormat {
		return AppState{}, fmt.Errorf("format %d, want %d", s.Format, stateFormat)
	}
	if err := s.check(); err != nil {
		return AppState{}, err
	}
	return s, nil
}

func (s AppState) check() error {
	digests, ids, texts := []string{s.Digest}, []string{s.ID}, []string{s.Image}
	if s.Previous != nil {
		digests, ids = append(digests, s.Previous.Digest), append(ids, s.Previous.ID)
	}
	if u := s.Update; u != nil {
		digests, texts = append(digests, u.From, u.To), append(texts, u.Outcome, u.Reason)
	}
	if t := s.Trial; t != nil {
		digests, ids, texts = append(digests, t.From.Digest, t.To.Digest), append(ids, t.From.ID, t.To.ID), append(texts, t.Reason)
		switch {
		case t.Step != StepPull && t.Step != StepTry && t.Step != StepBack:
			return fmt.Errorf("unknown step %q", t.Step)
		case t.From.ID == "" || t.Step != StepPull && t.To.ID == "":
			return fmt.Errorf("step %q without images", t.Step)
		case t.Tries < 0 || t.Failed < 0:
			return fmt.Errorf("%d tries, %d failures", t.Tries, t.Failed)
		case t.Step != StepPull && t.To.Digest == "":
			return fmt.Errorf("step %q without a digest", t.Step)
		}
	}
	for _, d := range digests {
		if d != "" && !podman.IsDigest(d) {
			return fmt.Errorf("%q is no digest", d)
		}
	}
	for _, id := range ids {
		if id != "" && !imageID.MatchString(id) {
			return fmt.Errorf("%q is no image ID", id)
		}
	}
	for _, text := range texts {
		if len(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return errors.New("text that is too long or not on one line")
		}
	}
	return nil
}

// read gives what is remembered of an app.
func (f *folder) read(unit string) (AppState, error) {
	if !unitName.MatchString(unit) || unit == "quarantine" { // whose file lies here too
		return AppState{}, fmt.Errorf("reading the history of %q: no app's unit may be called so", unit)
	}
	data, err := f.load(unit+".json", maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return AppState{Format: stateFormat}, nil
	}
	if err != nil {
		return AppState{}, err
	}
	s, err := parseState(data)
	if err != nil {
		return AppState{}, fmt.Errorf("reading the history of %q: %w", unit, err)
	}
	return s, nil
}

// write replaces what is remembered of an app.
func (f *folder) write(unit string, s AppState) error {
	s.Format = stateFormat
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	if err := f.save(unit+".json", append(data, '\n')); err != nil {
		return fmt.Errorf("writing the history of %q: %w", unit, err)
	}
	return nil
}
