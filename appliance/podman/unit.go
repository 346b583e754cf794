package podman

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is the state of a unit in the user's systemd, in systemd's own words.
type Unit struct {
	Load   string // loaded, not-found, masked, …
	Active string // active, inactive, failed, activating, …
	Sub    string // running, auto-restart, listening, …
	Result string // success, exit-code, timeout, …
}

// Unit asks for the state of a unit. A unit that does not exist is one with Load "not-found".
func (s *Session) Unit(ctx context.Context, name string) (Unit, error) {
	out, err := s.systemctl(ctx, "show", "--property=LoadState,ActiveState,SubState,Result", name)
	if err != nil {
		return Unit{}, err
	}
	u, err := parseUnit(out)
	if err != nil {
		return Unit{}, fmt.Errorf("reading the state of unit %q: %w", name, err)
	}
	return u, nil
}

// parseUnit reads lines NAME=VALUE. A unit type without results, such as a timer of old, has no Result.
func parseUnit(data []byte) (Unit, error) {
	var u Unit
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if len(value) > 64 {
			return Unit{}, fmt.Errorf("%s of %d bytes", cut(name, 40), len(value))
		}
		value = cut(value, 64)
		switch name {
		case "LoadState":
			u.Load = value
		case "ActiveState":
			u.Active = value
		case "SubState":
			u.Sub = value
		case "Result":
			u.Result = value
		}
	}
	if u.Load == "" || u.Active == "" {
		return Unit{}, fmt.Errorf("systemd told %q", cut(string(data), 80))
	}
	return u, nil
}

// Start starts a unit and waits until it is up, or says why it is not.
func (s *Session) Start(ctx context.Context, name string) error {
	_, err := s.systemctl(ctx, "start", name)
	return err
}

// Restart stops and starts a unit and waits until it is up: for a unit with a gate in ExecStartPost, until
// the gate has opened.
func (s *Session) Restart(ctx context.Context, name string) error {
	_, err := s.systemctl(ctx, "restart", name)
	return err
}

// Stop stops units and waits until they are down. Whatever restarts of theirs were due are off.
func (s *Session) Stop(ctx context.Context, names ...string) error {
	_, err := s.systemctl(ctx, append([]string{"stop"}, names...)...)
	return err
}

// Forgive makes systemd forget how often units failed, so that none is refused another start.
func (s *Session) Forgive(ctx context.Context, names ...string) error {
	_, err := s.systemctl(ctx, append([]string{"reset-failed"}, names...)...)
	return err
}

// Stopping reports whether the user's systemd is on its way down, when every unit fails for that reason.
func (s *Session) Stopping(ctx context.Context) bool {
	out, err := s.systemctl(ctx, "show", "--property=SystemState")
	return err != nil || strings.TrimSpace(string(out)) == "SystemState=stopping"
}

func (s *Session) systemctl(ctx context.Context, argv ...string) ([]byte, error) {
	return s.do(ctx, append([]string{"systemctl", "--user"}, argv...)...)
}

// LastWords is the last complaint of a unit's programs since a moment, on one line; "" when there is none
// or when the user may not read the journal.
func (s *Session) LastWords(ctx context.Context, unit string, since time.Time) string {
	const lines = "40"
	out, err := s.do(ctx, "journalctl", "--user", "--quiet", "--no-pager", "--output=cat", "--lines="+lines,
		"--since=@"+strconv.FormatInt(since.Unix(), 10), "--unit="+unit)
	if err != nil {
		return ""
	}
	return complaint(string(out))
}

// complaint finds the last line with which podman or this program ended.
func complaint(text string) string {
	found := ""
	for line := range strings.Lines(text) {
		for _, mark := range []string{"Error: ", "appliance: "} {
			if words, ours := strings.CutPrefix(strings.TrimSpace(line), mark); ours {
				found = words
			}
		}
	}
	return cut(found, 200)
}
