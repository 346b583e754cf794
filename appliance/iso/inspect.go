package iso

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Report is what an ISO does on which machine.
type Report struct {
	Label   string   `json:"label"`
	Product string   `json:"product"`
	Arch    string   `json:"arch"`
	Layout  Layout   `json:"layout"`
	Size    int64    `json:"size"`
	Padding int64    `json:"padding"` // bytes in which a kickstart would fit
	Starts  []Start  `json:"starts"`
	Check   Verdict  `json:"media_check"`
	Notes   []string `json:"notes"`
	Changes *Changes `json:"changes,omitempty"` // against a stock ISO, where one is given
}

// Start is one row of the matrix of firmware and medium.
type Start struct {
	Firmware string   `json:"firmware"`
	Medium   string   `json:"medium"`
	Via      string   `json:"via,omitempty"` // "": it does not boot
	Reads    []string `json:"reads"`         // more than one where firmware differs
	Entry    string   `json:"entry"`
	Command  string   `json:"command"` // the kernel's
	Differ   bool     `json:"differ"`  // what it may read does not start the same
}

// Verdict is the result of the media check.
type Verdict string

// Verdicts.
const (
	Passes    Verdict = "passes"
	Fails     Verdict = "fails"
	Unchecked Verdict = "none"
)

// Inspect looks at any ISO, a customised one too, and reads all of it. progress may be nil.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, progress func(int64)) (Report, error) {
	s := survey{w: window{r, size}, base: &Base{Format: format, Size: size}, curious: true}
	b, err := s.run()
	if err != nil {
		return Report{}, err
	}
	report := Report{Label: b.Label, Product: b.Product, Arch: b.Arch, Layout: b.Layout, Size: size, Padding: b.Padding.Length, Check: Unchecked, Notes: b.Notes}
	for _, p := range b.Paths {
		start, err := b.start(p)
		if err != nil {
			return Report{}, err
		}
		report.Starts = append(report.Starts, start)
	}
	if b.Volume < size {
		report.Notes = append(report.Notes, fmt.Sprintf("%d bytes lie behind the file system, where the media check does not look", size-b.Volume))
	}
	if b.Seal == nil {
		return report, nil
	}
	k := newChecker(b.Volume)
	if err := k.run(ctx, r, b.Volume, progress); err != nil {
		return Report{}, err
	}
	report.Check = Fails
	if got := k.seal(b.Seal.Supported); got == *b.Seal {
		report.Check = Passes
	}
	return report, nil
}

func (b *Base) start(p Path) (Start, error) {
	s := Start{Firmware: p.Firmware, Medium: p.Medium, Via: p.Via, Reads: []string{}}
	for n, i := range p.Menus {
		m := b.Menus[i]
		parsed, err := parseMenu(m.Dialect, []byte(m.Text))
		if err != nil {
			return s, fmt.Errorf("reading %q: %w", m.Place(), err)
		}
		s.Reads = append(s.Reads, m.Place())
		entry, command := "", ""
		if e := parsed.starts(m.Dialect); e != nil {
			entry = e.title
			if e.boot != nil {
				command = strings.Join(e.boot.args, " ")
			}
		}
		if n == 0 {
			s.Entry, s.Command = entry, command
		}
		s.Differ = s.Differ || entry != s.Entry || command != s.Command
	}
	return s, nil
}
