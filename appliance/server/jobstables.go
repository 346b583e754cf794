package server

import (
	"fmt"
	"strings"
	"time"

	"edge/appliance/job"
	"edge/appliance/sheet"
)

func writeJobs(s *sheet.Sheet, all []job.Job) {
	if len(all) == 0 {
		s.Line("no jobs")
		return
	}
	var rows [][]string
	for _, j := range all {
		rows = append(rows, []string{string(j.ID), j.Kind, j.Subject, jobState(j), sheet.When(j.Created), lasted(j), jobRemark(j)})
	}
	s.Table([]string{"JOB", "KIND", "SUBJECT", "STATE", "CREATED", ">TOOK", "REMARKS"}, rows)
}

// jobState is the state with how much is done.
func jobState(j job.Job) string {
	text := string(j.State)
	if p := j.Percent(); p >= 0 && !j.State.Ended() {
		text += fmt.Sprintf(" %d %%", p)
	}
	if j.Cancelling {
		text += ", being cancelled"
	}
	return text
}

func lasted(j job.Job) string {
	switch {
	case j.Started == nil:
		return "-"
	case j.Ended == nil:
		return time.Since(*j.Started).Truncate(time.Second).String()
	}
	return j.Ended.Sub(*j.Started).Truncate(100 * time.Millisecond).String()
}

// jobRemark is the first line of why it failed, or what it does.
func jobRemark(j job.Job) string {
	line, _, _ := strings.Cut(j.Error, "\n")
	if line == "" {
		line = j.Stage
	}
	if r := []rune(line); len(r) > 80 {
		line = string(r[:79]) + "…"
	}
	return line
}

func writeJob(s *sheet.Sheet, j job.Job) {
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return sheet.When(*t)
	}
	first, rest, _ := strings.Cut(j.Error, "\n")
	s.Fields(
		[2]string{"job", string(j.ID)},
		[2]string{"kind", j.Kind},
		[2]string{"subject", j.Subject},
		[2]string{"state", jobState(j)},
		[2]string{"stage", j.Stage},
		[2]string{"created", sheet.When(j.Created)},
		[2]string{"started", moment(j.Started)},
		[2]string{"ended", moment(j.Ended)},
		[2]string{"took", lasted(j)},
		[2]string{"by", j.Actor},
		[2]string{"error", first},
	)
	for line := range strings.Lines(rest) {
		s.Line("  %s", strings.TrimRight(line, "\n"))
	}
}
