//go:build containers_image_openpgp

package osbuild

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"edge/appliance/command"
	"edge/appliance/compose"
	"edge/appliance/compose/manifest"
)

// Files of a build, in its folder.
const (
	fileFacts   = "build.json"
	fileMonitor = "monitor.jsonseq" // what osbuild tells of its progress
	fileOutput  = "output"          // what it says besides
	filePid     = "pid"             // of the shell that runs it, once it does
	fileExit    = "exit"            // its exit code, once it has ended
	dirOut      = "out"
)

// script runs osbuild. It is in a shell so that there is somebody who writes down the exit code however long
// this process lives. The trap keeps the shell alive through the SIGINT that is for osbuild. Its mounts are in a namespace
// of their own, so that none stays, in the store or below /run/osbuild, however it ends. systemd makes one dollar
// sign of two, and something of one before a brace, so that there are none here (systemd.service(5)).
const script = `trap : INT TERM HUP
cd "$1" || exit 125
shift
sh -c 'echo $PPID' >pid.new && mv pid.new pid
apart="unshare --mount"
$apart true 2>/dev/null || apart=
$apart osbuild "$@" - <manifest.json >output 2>&1 3>>monitor.jsonseq
code=$?
echo $code >exit.new && mv exit.new exit`

// facts are what a process that takes a build up has to know.
type facts struct {
	Export   string         `json:"export"`   // pipeline
	Packages map[string]int `json:"packages"` // by pipeline
	Target   string         `json:"target"`
	Version  int            `json:"osbuild"`
	Log      int64          `json:"log"` // bytes of the log before the build began
	Started  time.Time      `json:"started"`
}

// build is one run of osbuild.
type build struct {
	facts
	dir     string
	backend *Backend
	order   compose.Order
}

// begun reports whether a build was started, or is about to be, by a process that has gone.
func (b *build) begun() bool {
	_, err := os.Stat(filepath.Join(b.dir, fileFacts))
	if err != nil {
		return false
	}
	_, pid := os.Stat(filepath.Join(b.dir, filePid))
	return pid == nil
}

// keep writes down the manifest, its documents and, last, the facts.
func (b *build) keep(made manifest.Made) error {
	if err := os.MkdirAll(filepath.Join(b.dir, dirOut), 0o755); err != nil {
		return err
	}
	data, err := json.Marshal(b.facts)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{compose.DocumentManifest, made.JSON}, {compose.DocumentPackages, made.Packages},
		{compose.DocumentSBOM, made.SBOM}, {fileMonitor, nil}, {fileFacts, data},
	} {
		if f.data == nil && f.name == compose.DocumentSBOM {
			continue
		}
		if err := os.WriteFile(filepath.Join(b.dir, f.name), f.data, 0o600); err != nil {
			return fmt.Errorf("keeping the build: %w", err)
		}
	}
	return nil
}

func (b *build) recall() error {
	data, err := os.ReadFile(filepath.Join(b.dir, fileFacts))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &b.facts); err != nil {
		return fmt.Errorf("reading %s: %w", fileFacts, err)
	}
	if b.Export == "" {
		return fmt.Errorf("reading %s: it does not say what is built", fileFacts)
	}
	return nil
}

// start runs osbuild as a unit of systemd where that is there, so that even the end of the server's own unit
// does not end it; otherwise in a session of its own.
func (b *build) start(ctx context.Context) error {
	b.order.Report(compose.Progress{Phase: compose.Building, Stage: "starting osbuild", Total: units})
	b.backend.sweep(b.order.Log)
	argv := []string{"sh", "-c", script, "appliance-build", b.dir}
	argv = append(argv, "--store", b.backend.Store, "--output-directory", filepath.Join(b.dir, dirOut),
		"--checkpoint", "build", "--cache-max-size", strconv.FormatInt(b.backend.Cache, 10), "--monitor=JSONSeqMonitor", "--monitor-fd=3",
		"--export", b.Export)
	if b.backend.systemd() {
		_, err := b.backend.Run.Run(ctx, command.Spec{Argv: append(b.unit(), argv...)})
		return err
	}
	detach := b.backend.Detach
	if detach == nil {
		detach = command.Detach
	}
	_, err := detach(command.Spec{Argv: argv})
	return err
}

// inherited are the variables that a unit has to get from here: it has none of its own.
var inherited = []string{"PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}

// unit is the beginning of a command line that runs the rest of it as a unit. The values of variables, of which a
// proxy's may hold a password, are not in it: systemd-run takes them from its own environment (since 248).
func (b *build) unit() []string {
	argv := []string{
		"systemd-run", "--quiet", "--collect", "--unit=appliance-compose-" + filepath.Base(filepath.Dir(filepath.Dir(b.dir))),
		"--description=Compose of " + b.order.ID.String(), "-p", "KillSignal=SIGINT", "-p", "TimeoutStopSec=120",
	}
	for _, name := range inherited {
		if os.Getenv(name) != "" {
			argv = append(argv, "--setenv="+name)
		}
	}
	return append(argv, "--")
}

// systemd tells whether transient units can be started. Source: sd_booted(3).
func (b *Backend) systemd() bool {
	_, err := os.Stat(filepath.Join(cmp.Or(b.Root, "/"), "run/systemd/system"))
	return err == nil && os.Geteuid() == 0 && command.Have("systemd-run")
}

// glance is the time between two looks at the files of a build, longer and longer at its beginning; birth is what a build
// may take to appear.
const (
	firstGlance = 5 * time.Millisecond
	glance      = 100 * time.Millisecond
	birth       = 30 * time.Second
)

// follow reads what the build tells until it ends, somebody cancels it, or this process ends.
func (b *build) follow(ctx context.Context) error {
	b.order.Report(compose.Progress{Phase: compose.Building, Stage: "building", Total: units})
	scan := &scanner{
		packages: b.Packages,
		log:      func(line string) { fmt.Fprintln(b.order.Log, line) },
		progress: func(stage string, done, total int) {
			b.order.Report(compose.Progress{Phase: compose.Building, Stage: stage, Done: done, Total: total})
		},
	}
	monitor, err := os.Open(filepath.Join(b.dir, fileMonitor))
	if err != nil {
		return err
	}
	defer monitor.Close()
	pause := firstGlance
	for since := time.Now(); ; pause = min(2*pause, glance) {
		exit, ended := b.exit()
		started := b.started() // looked at first: what starts between the two looks is alive at the next
		alive := b.leader() > 0
		if _, err := io.Copy(scan, monitor); err != nil {
			return fmt.Errorf("following the build: %w", err)
		}
		switch {
		case ended && exit == 0:
			return b.check(scan)
		case ended:
			b.backend.sweep(b.order.Log) // a killed osbuild cannot tidy up
			return b.failed(scan, "exit code "+strconv.Itoa(exit))
		case !alive && started:
			if exit, ended = b.exit(); ended {
				continue // it ended between the two looks
			}
			b.backend.sweep(b.order.Log)
			return b.failed(scan, "osbuild was killed")
		case !alive && time.Since(since) > birth:
			return fmt.Errorf("%w: it did not start", ErrBuild)
		case b.backend.Timeout > 0 && time.Since(b.Started) > b.backend.Timeout:
			b.end()
			return fmt.Errorf("%w: more than %s; [compose] timeout allows for more", ErrTimeout, b.backend.Timeout)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if b.order.Cancelled() {
				b.end()
			}
			return context.Cause(ctx)
		}
	}
}

// check wants the repository that a build that succeeded has made.
func (b *build) check(scan *scanner) error {
	if _, err := os.Stat(filepath.Join(b.out(), "repo", "config")); err != nil {
		return b.failed(scan, "osbuild ended well, but made no OSTree repository")
	}
	return nil
}

// out is where the commit is: compose.json and repo/.
func (b *build) out() string { return filepath.Join(b.dir, dirOut, b.Export) }

func (b *build) failed(scan *scanner, exit string) error {
	output := &tail{limit: 32 << 10}
	if f, err := os.Open(filepath.Join(b.dir, fileOutput)); err == nil {
		_, _ = io.Copy(output, f) // the last words, as far as they can be read
		_ = f.Close()
	}
	var lines []string
	if text := strings.TrimSpace(string(output.kept)); text != "" {
		lines = last(text)
	}
	for _, line := range lines {
		fmt.Fprintln(b.order.Log, line)
	}
	if free, err := b.backend.free(b.backend.Store); err == nil && free < 256<<20 {
		return errors.Join(scan.fault(exit, lines), fmt.Errorf("%w: %q has %d MiB left", ErrDisk, b.backend.Store, free>>20))
	}
	return scan.fault(exit, lines)
}

// exit is osbuild's exit code, once it is there.
func (b *build) exit() (code int, ended bool) {
	data, err := os.ReadFile(filepath.Join(b.dir, fileExit))
	if err != nil {
		return 0, false
	}
	code, err = strconv.Atoi(strings.TrimSpace(string(data)))
	return code, err == nil
}

// composed hands the commit on, with the documents.
func (b *build) composed() compose.Composed {
	made := compose.Composed{Unpacked: b.out(), Documents: map[string][]byte{}, Origin: fmt.Sprintf("osbuild %d, %s", b.Version, b.Target)}
	for _, name := range []string{compose.DocumentManifest, compose.DocumentPackages, compose.DocumentSBOM} {
		if data, err := os.ReadFile(filepath.Join(b.dir, name)); err == nil {
			made.Documents[name] = data
		}
	}
	return made
}

// tail keeps the last bytes written to it.
type tail struct {
	kept  []byte
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - t.limit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}
