package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"edge/appliance/command"
)

const (
	osGateEach = time.Minute     // for one program of the gate
	osGateAll  = 5 * time.Minute // for all of them
)

// gate runs the programs in the folder of the gate in the order of their names; each that does not end
// with status 0 keeps the device from rebooting. They run as root, so nobody else may be able to change
// them: one that somebody else could is not run, and keeps the gate closed until that is mended.
func (r *osRun) gate(ctx context.Context, out *OSOutcome) (string, error) {
	if r.Gate == "" {
		return "", nil
	}
	entries, err := os.ReadDir(r.Gate) // sorted
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the gate: %w", err)
	}
	if fault := osUnsafe(r.Gate, fs.ModeDir); fault != "" {
		return fault, nil
	}
	all, cancel := context.WithTimeout(ctx, osGateAll)
	defer cancel()
	env := []string{"APPLIANCE_FROM=" + out.From.Commit, "APPLIANCE_FROM_VERSION=" + out.From.Version,
		"APPLIANCE_TO=" + out.To.Commit, "APPLIANCE_TO_VERSION=" + out.To.Version}
	for _, e := range entries {
		path := filepath.Join(r.Gate, e.Name())
		info, err := os.Stat(path)
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if fault := osUnsafe(path, 0); fault != "" {
			return fault, nil
		}
		if fault := r.ask(all, path, env); fault != "" {
			return fault, ctx.Err()
		}
	}
	return "", nil
}

// ask runs one program of the gate.
func (r *osRun) ask(ctx context.Context, path string, env []string) string {
	ctx, cancel := context.WithTimeout(ctx, osGateEach)
	defer cancel()
	_, err := r.Run.Run(ctx, command.Spec{Argv: []string{path}, Env: env, Dir: "/"})
	var failed *command.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failed):
		words := strings.TrimSpace(failed.Stderr)
		words = words[strings.LastIndexByte(words, '\n')+1:]
		if words == "" {
			words = fmt.Sprintf("exit status %d", failed.Exit)
		}
		return fmt.Sprintf("%s says no: %s", path, words)
	case ctx.Err() != nil:
		return fmt.Sprintf("%s has not answered within %s", path, osGateEach)
	}
	return err.Error()
}

// osUnsafe says why a file must not be believed, or "". Root's programs belong to root; in a test they
// belong to who runs it.
func osUnsafe(path string, kind fs.FileMode) string {
	info, err := os.Lstat(path)
	if err != nil {
		return err.Error()
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode().Type() != kind:
		return fmt.Sprintf("%s is %s; replace it by what it should be", path, info.Mode())
	case !known || owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return fmt.Sprintf("%s does not belong to root; mend it with %q", path, "chown root "+path)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("%s can be changed by others than root; mend it with %q", path, "chmod go-w "+path)
	}
	return ""
}

// inhibited is who keeps the device from shutting down. Root's "systemctl reboot" would not ask. Where
// there is no logind nobody can.
func (r *osRun) inhibited(ctx context.Context) (string, error) {
	out, err := r.Run.Run(ctx, command.Spec{Argv: []string{"busctl", "--json=short", "call", "org.freedesktop.login1",
		"/org/freedesktop/login1", "org.freedesktop.login1.Manager", "ListInhibitors"}})
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		r.Tell(fmt.Sprintf("nobody can be asked for inhibitors: %v", err))
		return "", nil
	}
	return parseInhibitors(out)
}

// parseInhibitors reads what busctl prints of ListInhibitors, a(ssssuu): what, who, why, mode, uid, pid.
func parseInhibitors(data []byte) (string, error) {
	var answer struct {
		Type string `json:"type"`
		Data [][][]any
	}
	const most = 1 << 20
	if len(data) > most {
		return "", fmt.Errorf("reading the inhibitors: %d bytes, more than %d", len(data), most)
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return "", fmt.Errorf("reading the inhibitors: %w", err)
	}
	if answer.Type != "a(ssssuu)" || len(answer.Data) != 1 {
		return "", fmt.Errorf("reading the inhibitors: busctl answers with type %.40q, want a(ssssuu)", answer.Type)
	}
	for _, one := range answer.Data[0] {
		var words [4]string
		for i := range words {
			if i < len(one) {
				words[i], _ = one[i].(string)
			}
		}
		what, who, why, mode := words[0], words[1], words[2], words[3]
		if mode != "block" { // the others only delay, and systemd sees to that
			continue
		}
		for kind := range strings.SplitSeq(what, ":") {
			if kind == "shutdown" {
				return fmt.Sprintf("%.80q inhibits it: %.200q", who, why), nil
			}
		}
	}
	return "", nil
}
