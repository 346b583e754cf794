package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// How often progress is shown.
const (
	redraw = 100 * time.Millisecond // on a terminal
	repeat = 2 * time.Second        // in a file or a pipe
)

// progress shows how far a long work is: on a terminal a bar that redraws itself, otherwise a line
// now and then. It is safe for concurrent use, and silent after End.
type progress struct {
	out      io.Writer
	label    string
	amount   func(int64) string // says Done and Total: formatSize or formatCount
	terminal bool
	colour   bool
	unicode  bool
	width    func() int
	now      func() time.Time

	mu           sync.Mutex
	stage        string
	began, shown time.Time
	drawn, ended bool
}

func newProgress(c console, label string, amount func(int64) string) *progress {
	p := &progress{out: c.err, label: label, amount: amount, terminal: isTerminal(c.err), colour: colours(c.err),
		unicode: speaksUnicode(), width: func() int { return widthOf(c.err) }, now: time.Now}
	p.began = p.now()
	p.shown = p.began
	return p
}

// Stage says that another part of the work begins, counted in its own way.
func (p *progress) Stage(name string, amount func(int64) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name != p.stage {
		p.stage, p.amount, p.began = name, amount, p.now()
	}
}

// Set says how much is done; total 0 means that it is not known.
func (p *progress) Set(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	pause := repeat
	if p.terminal {
		pause = redraw
	}
	if p.ended || now.Sub(p.shown) < pause {
		return
	}
	p.shown = now
	v := view{label: p.name(), amount: p.amount, done: done, total: total, took: now.Sub(p.began), unicode: p.unicode}
	if !p.terminal {
		fmt.Fprintln(p.out, v.line())
		return
	}
	p.drawn = true
	fmt.Fprintf(p.out, "\r\x1b[K%s", v.bar(p.width()-1, p.colour))
}

func (p *progress) name() string {
	if p.stage == "" {
		return p.label
	}
	return p.label + ", " + p.stage
}

// End takes the bar away.
func (p *progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn && !p.ended {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.ended = true
}

// view is one moment of a progress, to be put into words.
type view struct {
	label       string
	amount      func(int64) string
	done, total int64
	took        time.Duration
	unicode     bool
}

// line is for files and pipes.
func (v view) line() string {
	if v.total <= 0 {
		return fmt.Sprintf("%s: %s", v.label, v.amount(v.done))
	}
	return fmt.Sprintf("%s: %s of %s (%d %%)", v.label, v.amount(v.done), v.amount(v.total), v.percent())
}

const (
	shortBar = 10
	longBar  = 40
)

// bar is at most width columns wide. What does not fit goes, the least important first.
func (v view) bar(width int, colour bool) string {
	words := v.words()
	if v.total <= 0 {
		for len(words) > 1 && columns(words) > width {
			words = words[:len(words)-1]
		}
		return cut(strings.Join(words, "  "), width)
	}
	for len(words) > 2 && columns(words)+2+shortBar > width {
		words = words[:len(words)-1]
	}
	room := min(width-columns(words)-2, longBar)
	if room < shortBar {
		return cut(strings.Join(words, "  "), width)
	}
	return strings.Join([]string{words[0], v.drawBar(room, colour), strings.Join(words[1:], "  ")}, "  ")
}

// words are what is told, the most important first.
func (v view) words() []string {
	words := []string{v.label}
	amount := v.amount(v.done)
	if v.total > 0 {
		words = append(words, fmt.Sprintf("%3d %%", v.percent()))
		amount += " of " + v.amount(v.total)
	}
	words = append(words, amount)
	if v.took < time.Second || v.done <= 0 {
		return words
	}
	rate := float64(v.done) / v.took.Seconds()
	if rate < 1 {
		return words
	}
	words = append(words, v.amount(int64(rate))+"/s")
	if left := float64(v.total - v.done); v.total > 0 && left > 0 && left/rate < 100*3600 {
		words = append(words, formatClock(time.Duration(left/rate*float64(time.Second)))+" left")
	}
	return words
}

func (v view) percent() int64 {
	return int64(100 * v.fraction())
}

func (v view) fraction() float64 {
	return min(max(float64(v.done)/float64(v.total), 0), 1)
}

func (v view) drawBar(room int, colour bool) string {
	full, empty := "#", "."
	if v.unicode {
		full, empty = "━", "╌"
	}
	n := int(v.fraction() * float64(room))
	done, rest := strings.Repeat(full, n), strings.Repeat(empty, room-n)
	if colour {
		return cyan + done + plain + rest
	}
	return done + rest
}

func columns(words []string) int {
	n := 2 * (len(words) - 1)
	for _, w := range words {
		n += len([]rune(w))
	}
	return n
}

func cut(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:max(width, 0)])
	}
	return s
}
