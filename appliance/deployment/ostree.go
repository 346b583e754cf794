package deployment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/report"
)

// row is a deployment in the text of "ostree admin status".
type row struct {
	entry
	locked bool // staged, but the next reboot does not take it
}

// admin is a command line of "ostree admin".
func (s *System) admin(verb string, args ...string) command.Spec {
	argv := []string{"ostree", "admin", verb}
	if s.sysroot != "" {
		argv = append(argv, "--sysroot="+s.sysroot)
	}
	return command.Spec{Argv: append(argv, args...)}
}

// repo is a command line of ostree on the system's repository. Only where that is left to ostree does
// it make a read-only /sysroot writable for itself.
func (s *System) repo(verb string, args ...string) command.Spec {
	argv := []string{"ostree", verb}
	if s.sysroot != "" {
		argv = append(argv, "--repo="+s.sysroot+"/ostree/repo")
	}
	return command.Spec{Argv: append(argv, args...)}
}

// rows lists the deployments with the index that "ostree admin" knows each by, whatever the engine.
func (s *System) rows(ctx context.Context) ([]row, error) {
	out, err := s.run.Run(ctx, s.admin("status"))
	var failed *command.Error
	if errors.As(err, &failed) {
		// A commit whose signature cannot be checked any more spoils the whole list; 2024 and later
		// can leave signatures out.
		if again, other := s.run.Run(ctx, s.admin("status", "--skip-signatures")); other == nil {
			out, err = again, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return parseAdminStatus(out)
}

func (s *System) plainEntries(ctx context.Context) ([]entry, error) {
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	var list, locked []entry
	for _, r := range rows {
		if d, err := s.show(ctx, r.checksum); err == nil {
			r.Time = d.Time
		} else if ctx.Err() != nil {
			return nil, err
		}
		if r.locked {
			locked = append(locked, r.entry)
		} else {
			list = append(list, r.entry)
		}
	}
	return append(list, locked...), nil
}

// parseAdminStatus reads the text of "ostree admin status" as 2022.7 to 2026.4 print it
// (deployment_print_status in ot-admin-builtin-status.c): a line for each deployment with a mark in
// its first column, and further lines that begin with four spaces.
func parseAdminStatus(out []byte) ([]row, error) {
	if len(out) > mostText {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrMeaning, len(out), mostText)
	}
	var rows []row
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		detail, indented := strings.CutPrefix(line, "    ")
		switch {
		case line == "No deployments." && len(rows) == 0, line == "":
		case indented && len(rows) > 0:
			rows[len(rows)-1].detail(detail)
		default:
			r, err := parseRow(line)
			if err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	list := make([]entry, len(rows))
	for i := range rows {
		list[i] = rows[i].entry
	}
	return rows, check(list)
}

// parseRow reads "* STATEROOT CHECKSUM.SERIAL (staged)".
func parseRow(line string) (row, error) {
	bad := fmt.Errorf("%w: ostree admin status prints %.120q", ErrMeaning, line)
	if len(line) < 2 || line[1] != ' ' || line[0] != '*' && line[0] != ' ' {
		return row{}, bad
	}
	words := strings.Split(line[2:], " ")
	if len(words) < 2 {
		return row{}, bad
	}
	checksum, number, _ := strings.Cut(words[1], ".")
	serial, err := strconv.ParseUint(number, 10, 31)
	if err != nil || !isCommit(checksum) || !isName(words[0]) {
		return row{}, bad
	}
	r := row{entry: entry{checksum: checksum, stateroot: words[0], serial: int(serial)}}
	r.Commit, r.Booted = checksum, line[0] == '*'
	state := " " + strings.Join(words[2:], " ")
	r.locked = strings.Contains(state, " (finalization locked)")
	r.Staged = strings.Contains(state, " (staged)")
	return r, nil
}

// detail reads one of the further lines; most of them say nothing that matters here.
func (r *row) detail(text string) {
	name, value, found := strings.Cut(text, ": ")
	if !found {
		return
	}
	switch name {
	case "Version":
		r.Version = plain(value)
	case "origin refspec":
		r.Ref = plain(value)
	case "Pinned":
		r.Pinned = value == "yes"
	}
}

// show reads a commit of the system's repository, of which no more than its metadata needs to be there.
func (s *System) show(ctx context.Context, commit string) (report.Deployment, error) {
	out, err := s.run.Run(ctx, s.repo("show", commit))
	if err != nil {
		return report.Deployment{}, err
	}
	d, err := parseShow(out)
	if err == nil && d.Commit != commit {
		err = fmt.Errorf("%w: ostree show %s tells of %s", ErrMeaning, commit, d.Commit)
	}
	return d, err
}

// parseShow reads the head of what "ostree show" prints; the subject and body of the commit, which
// could look like it, come after an empty line or its first other line.
func parseShow(out []byte) (report.Deployment, error) {
	if len(out) > mostText {
		return report.Deployment{}, fmt.Errorf("%w: %d bytes, more than %d", ErrMeaning, len(out), mostText)
	}
	var d report.Deployment
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if d.Commit == "" {
			commit, is := strings.CutPrefix(line, "commit ")
			if !is || !isCommit(commit) {
				return d, fmt.Errorf("%w: ostree show prints %.120q", ErrMeaning, line)
			}
			d.Commit = commit
			continue
		}
		name, value, found := strings.Cut(line, ": ")
		switch {
		case found && name == "Date":
			t, err := time.Parse("2006-01-02 15:04:05 -0700", strings.TrimSpace(value))
			if err != nil {
				return d, fmt.Errorf("%w: ostree show prints the date %.80q", ErrMeaning, value)
			}
			d.Time = t.UTC()
		case found && name == "Version":
			d.Version = plain(value)
			return d, nil
		case found && (name == "Parent" || name == "ContentChecksum"):
		default:
			return d, nil
		}
	}
	if d.Commit == "" {
		return d, fmt.Errorf("%w: ostree show prints nothing", ErrMeaning)
	}
	return d, nil
}
