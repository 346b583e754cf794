package update

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

// osAgain is after how long a device asks once more that something keeps from rebooting.
const osAgain = time.Minute

// reboot goes into what is staged, or says when that may be tried again.
func (r *osRun) reboot(ctx context.Context, out *OSOutcome) (again time.Time, err error) {
	now := r.Now()
	at, last, err := r.plan(now)
	switch {
	case err != nil:
		return again, err
	case at.IsZero():
		out.Action = OSStaged
		if r.OS.Policy == profile.PolicyWindow {
			out.Reason = "the window never opens"
		}
		return again, nil
	case at.After(now):
		out.Action, out.At = OSWaiting, at
		if r.OS.Policy == profile.PolicyWindow {
			out.Reason = "window " + r.OS.Window.String()
		}
		return at, nil
	}
	out.Reason, err = r.obstacle(ctx, out)
	if err != nil {
		return again, err
	}
	if out.Reason != "" {
		out.Action = OSHeld
		if again = now.Add(osAgain); !last.IsZero() && again.After(last) {
			again = time.Time{}
		}
		return again, nil
	}
	s := r.state
	s.Boot = r.Boot
	if err := r.save(s); err != nil {
		return again, err
	}
	r.Tell("rebooting into " + osTitle(out.To))
	if _, err := r.Run.Run(ctx, command.Spec{Argv: []string{"systemctl", "reboot"}}); err != nil {
		return again, err
	}
	out.Action = OSRebooting
	return again, nil
}

// obstacle is what keeps the device from rebooting, in one line, or "".
func (r *osRun) obstacle(ctx context.Context, out *OSOutcome) (string, error) {
	reason, err := r.inhibited(ctx)
	if err != nil || reason != "" {
		return reason, err
	}
	return r.gate(ctx, out)
}

// notice tells who logs in. A run that finds nothing to tell takes the line away.
func (r *osRun) notice(out OSOutcome) error {
	if r.Notice == "" || r.DryRun {
		return nil
	}
	var text string
	title := osTitle(out.To)
	switch out.Action {
	case OSAvailable:
		text = fmt.Sprintf("An update of the operating system is available: %s. Take it with %q.\n", title, "appliance device update os --force")
	case OSStaged:
		text = fmt.Sprintf("An update of the operating system is staged: %s. The next reboot takes it.\n", title)
	case OSWaiting:
		text = fmt.Sprintf("An update of the operating system is staged: %s. This device reboots at %s.\n", title, out.At.Format("2006-01-02 15:04 MST"))
	case OSHeld:
		text = fmt.Sprintf("An update of the operating system is staged: %s. It waits: %s.\n", title, out.Reason)
	default:
		if err := os.Remove(r.Notice); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the notice: %w", err)
		}
		return nil
	}
	if old, err := os.ReadFile(r.Notice); err == nil && string(old) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.Notice), 0o755); err != nil {
		return fmt.Errorf("writing the notice: %w", err)
	}
	temp := r.Notice + ".new"
	if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the notice: %w", err)
	}
	if err := os.Rename(temp, r.Notice); err != nil {
		return fmt.Errorf("writing the notice: %w", err)
	}
	return nil
}
