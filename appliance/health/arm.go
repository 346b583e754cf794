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
	"syscall"
	"time"

	"edge/appliance/command"
	"edge/appliance/grub"
	"edge/appliance/report"
)

// Armed is what Arm has done.
type Armed struct {
	Deployment report.Deployment // that is staged; zero where none is, or where nobody could say which
	Attempts   int               // boots that it gets
	Done       bool              // boots will be counted
	Reason     string            // why not, or by whom
}

// Arm prepares the trial of a deployment that is staged: GRUB counts its boots down and falls back at the
// end, also when the kernel does not even start. It is called when something was staged, may be called
// again, and does nothing where nothing new is. Where nobody can say what is staged, but something is, it
// arms: to count the boots of a good deployment does no harm. Beside greenboot it refuses.
func (d Device) Arm(ctx context.Context) (Armed, error) {
	d = d.complete()
	if e := Engine(d.Root); e == Greenboot || e == GreenbootRS {
		return Armed{}, fmt.Errorf("arming the boot counter: %w (%s) and arms it itself; disable appliance-health-arm.service", ErrGreenboot, e)
	}
	w := d.patient(ctx)
	if w.known && w.next == nil {
		return Armed{Reason: "nothing new is staged"}, nil
	}
	a := Armed{Attempts: d.Profile.Health.Attempts}
	if w.next != nil {
		a.Deployment = *w.next
		// First the note: with it the trial is known even where GRUB has no environment.
		if err := d.Expect(ctx, a.Deployment); err != nil {
			return a, fmt.Errorf("arming the boot counter: %w", err)
		}
	}
	err := d.changeEnv(ctx, d.armed)
	switch {
	case errors.Is(err, errNoEnv) && w.next != nil:
		a.Reason = "there is no GRUB environment; the boots are counted by their records"
	case err != nil:
		return a, fmt.Errorf("arming the boot counter: %w", errors.Join(err, w.err))
	default:
		a.Done, a.Reason = true, "GRUB counts"
	}
	return a, nil
}

// waiting is what the next boot brings.
type waiting struct {
	next  *report.Deployment // nil: nothing new, or nobody could say what
	known bool               // it is certain that next is all
	err   error
}

// stagedFile is where ostree itself keeps what is staged, whichever program has done it.
const stagedFile = "/run/ostree/staged-deployment"

// waits asks what is staged. A daemon that is just staging may not know it yet; then ostree's own file tells
// that there is something.
func (d Device) waits(ctx context.Context) waiting {
	var now scene
	w := waiting{err: now.readOS(ctx, d.OS)}
	_, w.next = now.others()
	seen := slices.ContainsFunc(now.deployments, func(dep report.Deployment) bool { return dep.Staged })
	_, err := os.Lstat(d.path(stagedFile))
	w.known = seen || errors.Is(err, fs.ErrNotExist)
	return w
}

// patient is waits, repeated for a while as long as nobody could say what is staged.
func (d Device) patient(ctx context.Context) waiting {
	begin := d.Now()
	for {
		w := d.waits(ctx)
		if w.known || d.Now().Sub(begin) >= armPatience || !rest(ctx, armPatience/20) {
			return w
		}
	}
}

// armPatience is how long Arm waits for the operating system to name what it stages.
const armPatience = 10 * time.Second

// armed gives the next deployment its attempts.
func (d Device) armed(b *grub.Block) error {
	return errors.Join(b.Set("boot_counter", strconv.Itoa(d.Profile.Health.Attempts)), b.Set("boot_success", "0"))
}

// errNoEnv is the cause where GRUB keeps no environment on a device.
var errNoEnv = errors.New("there is no GRUB environment")

// setEnv changes the GRUB environment where there is one.
func (d Device) setEnv(ctx context.Context, change func(*grub.Block) error) error {
	if err := d.changeEnv(ctx, change); !errors.Is(err, errNoEnv) {
		return err
	}
	return nil
}

// changeEnv changes the GRUB environment.
func (d Device) changeEnv(ctx context.Context, change func(*grub.Block) error) error {
	path := grub.Find(d.path("/"))
	if path == "" {
		return errNoEnv
	}
	f, err := grub.Open(path)
	if err != nil {
		return err
	}
	return d.writable(ctx, f.Path(), func() error { return f.Update(ctx, change) })
}

// writable does something that writes to a file. Where its file system is read-only, as bootc has /boot, it
// is made writable for the while.
func (d Device) writable(ctx context.Context, path string, do func() error) error {
	err := do()
	if !errors.Is(err, syscall.EROFS) {
		return err
	}
	out, err := d.Run.Run(ctx, command.Spec{Argv: []string{"findmnt", "--noheadings", "--output", "TARGET", "--target", path}})
	if err != nil {
		return err
	}
	mount := func(options string) error {
		_, err := d.Run.Run(ctx, command.Spec{Argv: []string{"mount", "-o", options, strings.TrimSpace(string(out))}})
		return err
	}
	if err := mount("remount,rw"); err != nil {
		return err
	}
	return errors.Join(do(), mount("remount,bind,ro"))
}
