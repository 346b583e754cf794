package health

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"edge/appliance/grub"
	"edge/appliance/report"
)

// osPatience is how long the operating system may take to name its deployments.
const osPatience = 30 * time.Second

// scene is everything that is known when a boot is judged.
type scene struct {
	id     string // of the boot
	since  time.Time
	at     time.Time
	engine string

	env         grub.Block
	deployments []report.Deployment
	booted      report.Deployment // zero where nobody could tell

	earlier  []record // of other boots, oldest first
	present  record   // of this one; zero where there is none
	expected expectation
	history  history

	signs signs
	trial Trial
	notes []string // of what could not be found out
}

// look gathers the scene and changes nothing.
func (d Device) look(ctx context.Context) scene {
	now := scene{at: d.Now().UTC(), engine: Engine(d.Root)}
	note := func(err error) {
		if err != nil {
			now.notes = append(now.notes, reason(err))
		}
	}
	var err error
	now.id, now.since, err = d.boot(now.at)
	note(err)
	now.env, err = d.env()
	note(err)
	note(now.readOS(ctx, d.OS))
	records, err := d.shelf().records()
	note(err)
	for _, r := range records {
		if r.ID == now.id {
			now.present = r
		} else {
			now.earlier = append(now.earlier, r)
		}
	}
	if now.booted.Commit == "" && now.present.Commit != "" {
		now.booted = report.Deployment{Commit: now.present.Commit, Version: now.present.Version, Booted: true}
	}
	now.expected = d.shelf().expectation()
	now.weigh(d.attempts(now.engine))
	return now
}

// readOS asks for the deployments.
func (now *scene) readOS(ctx context.Context, os OS) error {
	if os == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, osPatience)
	defer cancel()
	all, err := os.Deployments(ctx)
	if err != nil {
		return fmt.Errorf("asking for the deployments: %w", err)
	}
	now.deployments = all
	for _, dep := range all {
		if dep.Booted {
			now.booted = dep
		}
	}
	return nil
}

// weigh finds out whether the deployment is on trial.
func (now *scene) weigh(attempts int) {
	now.history = recall(now.earlier, now.present, now.booted.Commit)
	value := func(name string) string { v, _ := now.env.Get(name); return v }
	others, staged := now.others()
	now.signs = signs{
		engine: now.engine, attempts: attempts,
		counter: value("boot_counter"), trigger: value("greenboot_rollback_trigger"), next: value("greenboot_next_deployment_id"),
		booted: now.booted.Commit, others: others, staged: staged != nil, expected: now.expected.Commit,
		lastGreen: now.history.lastGreen, green: now.history.green, failed: now.history.failed, tried: now.history.tried,
	}
	now.trial = now.signs.trial()
}

// others counts what could be booted instead, -1 where nobody could tell, and finds what is staged.
func (now *scene) others() (n int, staged *report.Deployment) {
	if len(now.deployments) == 0 {
		return -1, nil
	}
	for i, dep := range now.deployments {
		switch {
		case dep.Staged && dep.Commit != now.booted.Commit:
			staged = &now.deployments[i]
		case !dep.Staged && !dep.Booted:
			n++
		}
	}
	return n, staged
}

// byDefault is the deployment that GRUB boots when nothing is staged and nothing is counted.
func (now *scene) byDefault() (report.Deployment, bool) {
	i := slices.IndexFunc(now.deployments, func(dep report.Deployment) bool { return !dep.Staged })
	if i < 0 {
		return report.Deployment{}, false
	}
	return now.deployments[i], true
}

// fresh is the record that this boot gets when it has none.
func (now *scene) fresh() record {
	return record{
		Boot: report.Boot{
			ID: now.id, Since: now.since, Verdict: report.Running, Engine: now.engine,
			Trial: now.trial.On, Attempt: now.trial.Attempt, Attempts: now.trial.Attempts, Counter: now.trial.Counter,
		},
		Time: now.at, Commit: now.booted.Commit, Version: now.booted.Version,
	}
}

// begin looks, and before anything is checked writes down that this boot is under way: a check that hangs
// until the power is cut counts as an attempt too. In the first boot after a rollback it tells that.
// What fails here is noted: it must not decide over a deployment.
func (d Device) begin(ctx context.Context) scene {
	now := d.look(ctx)
	for _, err := range []error{d.noticeRollback(ctx, now), d.shelf().update(ctx, now.fresh(), func(*record) {})} {
		if err != nil {
			now.notes = append(now.notes, reason(err))
		}
	}
	return now
}

// boot is the kernel's name of this boot and when it began.
func (d Device) boot(at time.Time) (id string, since time.Time, err error) {
	data, err := os.ReadFile(d.path("/proc/sys/kernel/random/boot_id"))
	if err != nil {
		return "", at, fmt.Errorf("asking for the boot: %w", err)
	}
	id = strings.TrimSpace(string(data))
	if !bootID.MatchString(id) {
		return "", at, fmt.Errorf("asking for the boot: the kernel says %.40q", id)
	}
	up, err := os.ReadFile(d.path("/proc/uptime"))
	if err != nil {
		return id, at, fmt.Errorf("asking for the boot: %w", err)
	}
	first, _, _ := strings.Cut(string(up), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil || seconds < 0 || seconds > 1e10 {
		return id, at, fmt.Errorf("asking for the boot: it is up for %.40q seconds", first)
	}
	return id, at.Add(-time.Duration(seconds * float64(time.Second))).Truncate(time.Second), nil
}

// env reads the GRUB environment. A system without one is none that counts boots, which is no fault.
func (d Device) env() (grub.Block, error) {
	path := grub.Find(d.path("/"))
	if path == "" {
		return grub.Block{}, nil
	}
	f, err := grub.Open(path)
	if err != nil {
		return grub.Block{}, err
	}
	b, err := f.Read()
	if errors.Is(err, fs.ErrPermission) {
		return grub.Block{}, fmt.Errorf("%w; run it as root", err)
	}
	return b, err
}
