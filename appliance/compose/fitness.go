package compose

import (
	"edge/appliance/sheet"
)

// Verdict of a Finding.
type Verdict string

// The verdicts, from good to bad.
const (
	Good Verdict = "ok"
	Warn Verdict = "warning"
	Bad  Verdict = "missing" // nothing can be composed
)

// Finding is what was looked at, how it is, and the command or the words that mend it.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Cure    string  `json:"cure,omitempty"`
}

// Fitness is what a host has and lacks for composing.
type Fitness struct {
	Host     string    `json:"host"`   // "fedora-43"
	Target   string    `json:"target"` // what would be composed: "rhel-9.6 edge-commit"
	Backend  string    `json:"backend"`
	Fit      bool      `json:"fit"` // no finding is Bad
	Findings []Finding `json:"findings"`
}

// Add appends a finding.
func (f *Fitness) Add(check string, v Verdict, detail, cure string) {
	f.Findings = append(f.Findings, Finding{check, v, detail, cure})
}

// Judge sets Fit from the findings.
func (f *Fitness) Judge() {
	f.Fit = true
	for _, finding := range f.Findings {
		if finding.Verdict == Bad {
			f.Fit = false
		}
	}
}

// Write is the page for a terminal: each finding in a line, its cure below it.
func (f Fitness) Write(s *sheet.Sheet) {
	verdict := "this host can compose"
	if !f.Fit {
		verdict = "this host cannot compose yet"
	}
	host := ""
	if f.Host != "" { // samples need none
		host = f.Host + " "
	}
	s.Line("%s%s with the backend %s: %s", host, sheet.Dash(f.Target), f.Backend, verdict)
	s.Blank()
	for _, finding := range f.Findings {
		s.Line("%-8s %-14s %s", finding.Verdict, finding.Check, finding.Detail)
		if finding.Cure != "" {
			s.Line("%-8s %-14s   mend: %s", "", "", finding.Cure)
		}
	}
}
