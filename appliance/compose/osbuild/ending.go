//go:build containers_image_openpgp

package osbuild

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"edge/appliance/compose"
)

// started reports whether the shell of the build has come to life.
func (b *build) started() bool {
	_, err := os.Stat(filepath.Join(b.dir, filePid))
	return err == nil
}

// leader is the process of the build's shell, or 0 when it is gone. A process that has got the same number
// since does not have the build's folder in its command line.
func (b *build) leader() int {
	data, err := os.ReadFile(filepath.Join(b.dir, filePid))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 1 {
		return 0
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !bytes.Contains(line, []byte(b.dir)) {
		return 0 // a zombie has no command line
	}
	return pid
}

// reminders are how often a build that does not end is told again, within the grace that it has. An osbuild that is
// interrupted between two steps may wait for its own threads for ever (191 does, at times); the next SIGINT frees it.
const reminders = 12

// end ends a build: SIGINT lets osbuild take down its mounts, SIGKILL comes when it does not, and what is
// left after that is swept away.
func (b *build) end() {
	pid := b.leader()
	if pid == 0 {
		// A shell that comes to life only now has nothing to build; one that has it already has said who it is.
		_ = os.Remove(filepath.Join(b.dir, compose.DocumentManifest))
		if pid = b.leader(); pid == 0 {
			return
		}
	}
	grace := cmp.Or(b.backend.Grace, 2*time.Minute)
	var told time.Time
	for begun := time.Now(); time.Since(begun) < grace; time.Sleep(glance / 2) {
		if b.leader() == 0 {
			b.backend.sweep(b.order.Log)
			return
		}
		if time.Since(told) > grace/reminders {
			_ = syscall.Kill(-pid, syscall.SIGINT)
			told = time.Now()
		}
	}
	fmt.Fprintln(b.order.Log, "osbuild did not end in time; it is killed")
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for begun := time.Now(); b.leader() != 0 && time.Since(begun) < 10*time.Second; {
		time.Sleep(glance / 2)
	}
	b.backend.sweep(b.order.Log)
}

// sweep takes away what a killed osbuild left in its store: mounts and temporary trees. It does nothing while
// another osbuild works on the store.
func (b *Backend) sweep(log io.Writer) {
	temporary, err := filepath.EvalSymlinks(filepath.Join(b.Store, "tmp")) // as the kernel calls it in its table
	if err != nil {
		return // nothing was ever built
	}
	left, err := os.ReadDir(temporary)
	if err != nil || len(left) == 0 || busy(b.Store) || busy(filepath.Dir(temporary)) {
		return
	}
	mounted, err := mountsBelow("/proc/self/mounts", temporary)
	if err != nil {
		fmt.Fprintf(log, "looking for what an earlier build left mounted: %v\n", err)
		return
	}
	for _, at := range mounted {
		if err := syscall.Unmount(at, syscall.MNT_DETACH|umountNoFollow); err != nil {
			fmt.Fprintf(log, "unmounting %s, which an earlier build left: %v\n", at, err)
			return // removing through a mount would remove what is mounted
		}
	}
	if mounted, err = mountsBelow("/proc/self/mounts", temporary); err != nil || len(mounted) > 0 {
		return
	}
	for _, entry := range left {
		if err := os.RemoveAll(filepath.Join(temporary, entry.Name())); err != nil {
			fmt.Fprintf(log, "removing what an earlier build left: %v\n", err)
		}
	}
}

const umountNoFollow = 8 // UMOUNT_NOFOLLOW of umount2(2)

// busy reports whether an osbuild works on a store.
func busy(store string) bool {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range lines {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		words := bytes.Split(data, []byte{0})
		if slices.ContainsFunc(words, func(w []byte) bool { return string(w) == store }) &&
			slices.ContainsFunc(words, func(w []byte) bool { return filepath.Base(string(w)) == "osbuild" }) {
			return true
		}
	}
	return false
}

// mountsBelow are the mount points under a folder, the deepest first. Source: proc_mounts(5).
func mountsBelow(table, dir string) ([]string, error) {
	data, err := os.ReadFile(table)
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		at := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\043`, "#", `\134`, `\`).Replace(fields[1])
		if strings.HasPrefix(at, dir+"/") {
			found = append(found, at)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return found, nil
}
