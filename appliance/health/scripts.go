package health

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/report"
)

// maxScripts is how many scripts of one folder run.
const maxScripts = 500

// Script is what became of one script.
type Script struct {
	Path     string
	Required bool
	OK       bool
	Reason   string
	Took     time.Duration
}

// places are the folders of greenboot, first those of the image.
var places = [2]string{"/usr/lib/greenboot", "/etc/greenboot"}

// runChecks runs the checks in greenboot's order and stops at the first required one that fails.
func (d Device) runChecks(ctx context.Context, t Trial) (ran []Script, well bool) {
	limit := Longest(d.Profile.Health, t.factor()) + time.Minute
	for _, place := range places {
		for _, path := range d.scripts(place + "/check/required.d") {
			s := d.script(ctx, path, limit)
			s.Required = true
			ran = append(ran, s)
			if !s.OK {
				return ran, false
			}
		}
		for _, path := range d.scripts(place + "/check/wanted.d") {
			ran = append(ran, d.script(ctx, path, limit))
		}
	}
	return ran, true
}

// runAll runs the scripts of green.d or red.d, whatever becomes of them.
func (d Device) runAll(ctx context.Context, dir string) []Script {
	var ran []Script
	for _, place := range places {
		for _, path := range d.scripts(place + "/" + dir) {
			ran = append(ran, d.script(ctx, path, hookPatience))
		}
	}
	return ran
}

// hookPatience is how long a script of green.d or red.d may take: the reboot waits for it.
const hookPatience = 2 * time.Minute

// scripts are the files *.sh below a folder, sorted by their whole path as greenboot does.
func (d Device) scripts(dir string) []string {
	var found []string
	root := d.path("/")
	_ = filepath.WalkDir(d.path(dir), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return nil // a folder that is not there has no scripts
		}
		if len(found) == maxScripts {
			return filepath.SkipAll
		}
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && strings.HasSuffix(path, ".sh") {
			found = append(found, "/"+strings.TrimPrefix(strings.TrimPrefix(path, root), "/"))
		}
		return nil
	})
	slices.Sort(found)
	return found
}

// script runs one script. Unlike greenboot it does not wait for ever: one that hangs has failed.
func (d Device) script(ctx context.Context, path string, limit time.Duration) Script {
	begin := time.Now()
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, err := d.Run.Run(within, command.Spec{Argv: []string{"bash", d.path(path)}})
	s := Script{Path: path, OK: err == nil, Took: time.Since(begin)}
	var failed *command.Error
	switch {
	case err == nil:
		fmt.Fprintf(d.Out, "%s: well\n", path)
		_, _ = d.Out.Write(out) // to a journal that is full or not
	case errors.As(err, &failed):
		s.Reason = oneLine(fmt.Sprintf("exit status %d: %s", failed.Exit, failed.Stderr))
	case within.Err() != nil:
		s.Reason = fmt.Sprintf("it did not end within %s", limit)
	default:
		s.Reason = reason(err)
	}
	return s
}

// blame makes results of scripts that failed and had to succeed.
func blame(scripts []Script) []report.Result {
	var bad []report.Result
	for _, s := range scripts {
		if s.Required && !s.OK {
			bad = append(bad, report.Result{Name: filepath.Base(s.Path), Required: true, Reason: s.Reason, Took: s.Took})
		}
	}
	return bad
}
