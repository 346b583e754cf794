package health

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"edge/appliance/command"
	"edge/appliance/profile"
)

// command looks whether a program ends with status 0.
func (d Device) command(c profile.Check) func(context.Context) error {
	return func(ctx context.Context) error {
		spec := command.Spec{Argv: c.Command}
		if c.User {
			var err error
			if spec, err = d.asUser(spec); err != nil {
				return err
			}
		}
		_, err := d.Run.Run(ctx, spec)
		if errors.Is(err, command.ErrNotFound) {
			return final{fmt.Errorf("the program %q is not installed", spec.Argv[0])} // and does not come with time
		}
		return err
	}
}

// searched is where services of the system find programs, whatever this process was started with.
const searched = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// binary looks for a program: a path, or a name on the search path of system services.
func (d Device) binary(c profile.Check) func(context.Context) error {
	return func(context.Context) error {
		places := []string{c.Target}
		if !strings.ContainsRune(c.Target, '/') {
			places = nil
			for _, dir := range filepath.SplitList(searched) {
				places = append(places, filepath.Join(dir, c.Target))
			}
		}
		for _, p := range places {
			st, err := os.Stat(d.path(p))
			if err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o111 != 0 {
				return nil
			}
		}
		if len(places) == 1 {
			return final{fmt.Errorf("%q is no program", c.Target)}
		}
		return final{fmt.Errorf("no program %q on %s", c.Target, searched)}
	}
}

// file looks whether something is there.
func (d Device) file(c profile.Check) func(context.Context) error {
	return func(context.Context) error {
		_, err := os.Stat(d.path(c.Target))
		if err != nil {
			return fmt.Errorf("%q: %w", c.Target, plainPath(err))
		}
		return nil
	}
}

// plainPath is an error of a file without the path, which the caller has said already.
func plainPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// unitActive looks whether a unit of the system or of the user is active. A oneshot counts while it
// remains after exit.
func (d Device) unitActive(c profile.Check) func(context.Context) error {
	return func(ctx context.Context) error {
		var as *command.User
		if c.User {
			as = d.User
			if as == nil {
				return d.noUser()
			}
		}
		s, err := d.unit(ctx, as, c.Target)
		if err != nil {
			return err
		}
		return s.fault()
	}
}

// disk looks whether enough bytes are left for programs that are not root's.
func (d Device) disk(c profile.Check) func(context.Context) error {
	return func(context.Context) error {
		var st syscall.Statfs_t
		if err := syscall.Statfs(d.path(c.Target), &st); err != nil {
			return fmt.Errorf("%q: %w", c.Target, err)
		}
		free := st.Bavail * uint64(max(st.Bsize, 0))
		if want := uint64(max(c.Free, 0)); free < want {
			return fmt.Errorf("%q has %s left, want %s", c.Target, size(free), size(want))
		}
		return nil
	}
}

// size is a number of bytes for people.
func size(n uint64) string {
	const units = "KMGT"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for ; value >= 1024 && unit < len(units)-1; unit++ {
		value /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

// clock looks whether the time can be true: a device without a battery wakes up in 1970 and takes no
// certificate until it has been told the time.
func (d Device) clock(c profile.Check) func(context.Context) error {
	since := built(d.Built)
	if c.Since != "" {
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, c.Since); err == nil {
				return d.after(t)
			}
		}
		return never(fmt.Errorf("reading %q as a date, want 2006-01-02 or RFC 3339", c.Since))
	}
	return d.after(since)
}

func (d Device) after(since time.Time) func(context.Context) error {
	return func(context.Context) error {
		if now := d.Now(); now.Before(since) {
			return fmt.Errorf("the clock says %s, which is before %s", now.UTC().Format(time.RFC3339), since.UTC().Format(time.RFC3339))
		}
		return nil
	}
}

// built is when this program was made: as handed in, or as the compiler noted its commit, or at least when
// this line was written.
func built(given time.Time) time.Time {
	if !given.IsZero() {
		return given
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return t
			}
		}
	}
	return time.Date(2025, time.November, 1, 0, 0, 0, 0, time.UTC)
}

// asUser makes a program one of the user's session. As that user itself nothing has to change but the
// environment, which a system service of the user lacks.
func (d Device) asUser(s command.Spec) (command.Spec, error) {
	switch u := d.User; {
	case u == nil:
		return s, d.noUser()
	case os.Geteuid() == int(u.UID):
		s.Env = append([]string{"XDG_RUNTIME_DIR=" + u.Runtime(), "DBUS_SESSION_BUS_ADDRESS=unix:path=" + u.Runtime() + "/bus"}, s.Env...)
	default:
		s.As = u
	}
	return s, nil
}

func (d Device) noUser() error {
	return fmt.Errorf("the account %q does not exist; create it with %q", d.Profile.User, "useradd -m "+d.Profile.User)
}

// systemctl is a call of systemctl, for the system or, with as, for the manager of a user.
func (d Device) systemctl(as *command.User, args ...string) (command.Spec, error) {
	if as == nil {
		return command.Spec{Argv: append([]string{"systemctl"}, args...)}, nil
	}
	return d.asUser(command.Spec{Argv: append([]string{"systemctl", "--user"}, args...)})
}
