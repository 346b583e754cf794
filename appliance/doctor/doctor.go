// Package doctor examines a device and says of each point that experience has taught to look at whether
// it is well, and if not, what mends it.
//
// It changes nothing. It asks programs and reads files through what it is handed, so that a device can
// be examined from its folder, too; it does not know how anything came to be where it is.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"edge/appliance/command"
	"edge/appliance/profile"
	"edge/appliance/report"
	"edge/appliance/rootfs"
)

// Grade is how much a finding matters.
type Grade string

// Grades, from the best on.
const (
	Well    Grade = "ok"
	Note    Grade = "note"    // worth knowing
	Warning Grade = "warning" // will hurt some day
	Fault   Grade = "fault"   // hurts now
)

// Finding is what was found at one point.
type Finding struct {
	Point string `json:"point"` // "greenboot enabled"
	Grade Grade  `json:"grade"`
	What  string `json:"what"`           // one line
	Cure  string `json:"cure,omitempty"` // a command, or a sentence; "" where all is well
}

// Files reads the device; *rootfs.Root is one.
type Files interface {
	Read(path string, limit int64) ([]byte, error)
	Stat(path string) (rootfs.Info, error)
	Lstat(path string) (rootfs.Info, error)
	Names(path string) ([]string, error)
}

// Runner runs a program; command.Programs is one.
type Runner interface {
	Run(ctx context.Context, s command.Spec) ([]byte, error)
}

// Patient is a device and what is known of it already.
type Patient struct {
	Files   Files
	Run     Runner
	Live    bool // systemd runs here; else only files are examined
	Profile profile.Profile
	User    *command.User // who runs the apps; nil where there is no such user

	Greenboot string    // "bash", "rs", "none"
	Podman    [2]int    // major, minor; zero: not known
	Quadlet   bool      // the units of the apps are quadlets
	Built     time.Time // of this program: no clock is before it

	OS      []report.Deployment
	Bad     []report.Bad
	Changed []string // files that are not as they were installed
	Kept    []string // new files that wait beside edited ones: FILE.appliance-new
}

// point is one thing to look at.
type point struct {
	name string
	live bool // only on a running device
	look func(context.Context, *Patient) []Finding
}

func points() []point {
	return slices.Concat(bootPoints(), hostPoints(), appPoints(), updatePoints(), installPoints())
}

// perPoint is the time that one point gets.
const perPoint = 10 * time.Second

// Examine looks at every point, several at a time, and returns the findings in the order of the points.
func Examine(ctx context.Context, p Patient) []Finding {
	all := points()
	found := make([][]Finding, len(all))
	var g errgroup.Group
	g.SetLimit(4)
	for i, at := range all {
		if at.live && !p.Live {
			continue
		}
		g.Go(func() error {
			within, cancel := context.WithTimeout(ctx, perPoint)
			defer cancel()
			found[i] = at.look(within, &p)
			for j := range found[i] {
				found[i][j].Point = cmp.Or(found[i][j].Point, at.name)
			}
			return nil
		})
	}
	_ = g.Wait() // no point fails: what cannot be looked at is a finding
	return slices.Concat(found...)
}

// Worst is the worst grade among findings.
func Worst(findings []Finding) Grade {
	order := []Grade{Well, Note, Warning, Fault}
	worst := Well
	for _, f := range findings {
		if slices.Index(order, f.Grade) > slices.Index(order, worst) {
			worst = f.Grade
		}
	}
	return worst
}

func well(what string) []Finding { return []Finding{{Grade: Well, What: what}} }
func found(g Grade, what, cure string) []Finding {
	return []Finding{{Grade: g, What: what, Cure: cure}}
}

// unlooked says that a point could not be looked at.
func unlooked(err error) []Finding {
	what := strings.ReplaceAll(err.Error(), "\n", "; ")
	if errors.Is(err, command.ErrNotFound) {
		return found(Note, "not looked at: "+what, "")
	}
	return found(Warning, "cannot be looked at: "+what, "run it again; as root, if it was not")
}

// maxFile is how much of a configuration file is read.
const maxFile = 256 << 10

// read is a file's text, "" where there is none.
func (p *Patient) read(path string) (string, error) {
	data, err := p.Files.Read(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

func (p *Patient) there(path string) bool {
	_, err := p.Files.Stat(path)
	return err == nil
}

// masked reports whether a unit is a link to /dev/null.
func (p *Patient) masked(path string) bool {
	info, err := p.Files.Lstat(path)
	return err == nil && info.Target == "/dev/null"
}

// ask runs a program as root and returns what it says, trimmed.
func (p *Patient) ask(ctx context.Context, argv ...string) (string, error) {
	out, err := p.Run.Run(ctx, command.Spec{Argv: argv})
	return strings.TrimSpace(string(out)), err
}

// askUser runs a program as the user of the apps.
func (p *Patient) askUser(ctx context.Context, argv ...string) (string, error) {
	out, err := p.Run.Run(ctx, command.Spec{Argv: argv, As: p.User})
	return strings.TrimSpace(string(out)), err
}

// active is what "systemctl is-active" says, which ends with a status of its own for "inactive".
func active(out string, err error) (string, error) {
	var ended *command.Error
	if errors.As(err, &ended) {
		return cmp.Or(out, "inactive"), nil
	}
	return out, err
}
