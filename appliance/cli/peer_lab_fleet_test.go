package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/appliance/object"
)

const (
	fleetSize  = 20
	fleetRound = 4 // updates of each device while the builder publishes, or more

	fleetPublications = 5 // to be caught in
)

// fleet is many devices without systemd: each a sysroot with a deployment, which real ostree updates.
type fleet struct {
	lab  *lab
	root string
}

// newFleet makes devices with what is published. Their files are links to those of the lab's cache.
func newFleet(t *testing.T, l *lab) *fleet {
	t.Helper()
	fleets := filepath.Join(filepath.Dir(l.releases), "devices", "fleet-")
	left, _ := filepath.Glob(fleets + "*") // of tests that were killed
	for _, dir := range left {
		if !exists("/proc/" + strings.TrimPrefix(dir, fleets)) {
			scrap(t, dir)
		}
	}
	f := &fleet{lab: l, root: fmt.Sprintf("%s%d", fleets, os.Getpid())}
	t.Cleanup(func() { scrap(t, f.root) })
	run(t, "bash", "-euc", `mkdir -p "$1"
		ostree admin init-fs "$1"
		ostree admin os-init debian --sysroot="$1"
		ostree config --repo="$1/ostree/repo" set sysroot.bootloader none
		ostree config --repo="$1/ostree/repo" set core.fsync false
		ostree remote add --repo="$1/ostree/repo" --no-gpg-verify edge "$2"
		ostree pull --repo="$1/ostree/repo" --localcache-repo="$3" edge debian/12/x86_64/edge
		ostree admin deploy --sysroot="$1" --os=debian edge:debian/12/x86_64/edge
		rm -f "$1/ostree/lock" "$1/ostree/repo/.lock"`, // they are made again, each device its own
		"bash", f.sysroot(0), l.house.url+"/"+labBlueprint+"/repo/", filepath.Join(l.releases, "objects"))
	for i := 1; i < fleetSize; i++ {
		run(t, "cp", "-al", f.sysroot(0), f.sysroot(i))
	}
	return f
}

func (f *fleet) sysroot(i int) string { return filepath.Join(f.root, strconv.Itoa(i)) }

// scrap removes a fleet.
func scrap(t *testing.T, root string) {
	t.Helper()
	deployments, _ := filepath.Glob(filepath.Join(root, "*/ostree/deploy/*/deploy/*"))
	for _, dir := range deployments {
		exec.Command("chattr", "-i", dir).Run() // libostree marks those that are folders
	}
	if err := os.RemoveAll(root); err != nil {
		t.Error(err)
	}
}

// upgrade is what a device does when its updater comes to it.
func (f *fleet) upgrade(i int) error {
	out, err := output("ostree", "admin", "upgrade", "--sysroot="+f.sysroot(i), "--os=debian")
	if err != nil {
		return fmt.Errorf("device %d: %w\n%s", i, err, out)
	}
	return nil
}

// together lets every device do something at the same time, and returns how long all and the fastest took.
func (f *fleet) together(t *testing.T, do func(i int) error) (all, fastest time.Duration) {
	t.Helper()
	begun := time.Now()
	took := make([]time.Duration, fleetSize)
	var group sync.WaitGroup
	for i := range fleetSize {
		group.Go(func() {
			if err := do(i); err != nil {
				t.Error(err)
			}
			took[i] = time.Since(begun)
		})
	}
	group.Wait()
	return time.Since(begun), slices.Min(took)
}

// deployed is the commit that a device boots next.
func (f *fleet) deployed(t *testing.T, i int) string {
	t.Helper()
	line, _, _ := strings.Cut(run(t, "ostree", "admin", "status", "--sysroot="+f.sysroot(i)), "\n")
	_, commit, _ := strings.Cut(strings.TrimSpace(line), " ")
	commit, _, _ = strings.Cut(commit, ".")
	if _, err := object.ParseChecksum(commit); err != nil {
		t.Fatalf("no commit in %q: %v", line, err)
	}
	return commit
}

// load is what the builder has done so far.
type load struct {
	requests, refused, bytes float64
	cpu                      time.Duration
	resident, peak           int // MB
}

func (l *lab) load() load {
	l.t.Helper()
	var out load
	_, metrics := l.house.get("/metrics")
	for line := range strings.Lines(metrics) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		n, _ := strconv.ParseFloat(value, 64)
		switch {
		case !strings.Contains(name, `face="repo"`):
		case strings.HasPrefix(name, "appliance_http_response_bytes_total{"):
			out.bytes += n
		case strings.HasPrefix(name, "appliance_http_requests_total{"):
			out.requests += n
			if strings.Contains(name, `code="5`) || strings.Contains(name, `code="429"`) {
				out.refused += n
			}
		}
	}
	process := "/proc/" + strconv.Itoa(l.house.cmd.Process.Pid)
	stat := strings.Fields(readText(l.t, process+"/stat"))
	for _, ticks := range stat[13:15] {
		n, err := strconv.Atoi(ticks)
		if err != nil {
			l.t.Fatal(err)
		}
		out.cpu += time.Duration(n) * 10 * time.Millisecond
	}
	status := readText(l.t, process+"/status")
	for name, to := range map[string]*int{"\nVmRSS:": &out.resident, "\nVmHWM:": &out.peak} {
		_, rest, _ := strings.Cut(status, name)
		if _, err := fmt.Sscan(rest, to); err != nil {
			l.t.Fatal(err)
		}
		*to /= 1024
	}
	return out
}

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Twenty devices pull one publication at the same time: each gets all of it, and none is refused.
func TestLabFleet(t *testing.T) {
	t.Parallel()
	l := newLab(t, "--no-sign")
	f := newFleet(t, l)
	l.publish("0.0.3")
	want := l.house.commit(labBlueprint, "0.0.3")
	before := l.load()
	all, fastest := f.together(t, f.upgrade)
	after := l.load()
	for i := range fleetSize {
		if got := f.deployed(t, i); got != want {
			t.Errorf("device %d has %s, want %s", i, got, want)
		}
	}
	run(t, "ostree", "fsck", "--quiet", "--repo="+f.sysroot(0)+"/ostree/repo")
	requests, bytes, cpu := after.requests-before.requests, after.bytes-before.bytes, after.cpu-before.cpu
	t.Logf("%d devices took 0.0.3 in %.1f s, the first in %.1f s; the builder answered %.0f requests with %.1f MB, used %.2f s of CPU, had %d MB resident before and %d after, %d at most; load %s",
		fleetSize, all.Seconds(), fastest.Seconds(), requests, bytes/1e6, cpu.Seconds(), before.resident, after.resident, after.peak, strings.TrimSpace(readText(t, "/proc/loadavg")))
	if after.refused > 0 {
		t.Errorf("%.0f requests were refused", after.refused)
	}
	if per := requests / fleetSize; per < 500 || bytes < fleetSize*1e6 {
		t.Errorf("%.0f requests a device and %.0f bytes: the devices had nearly everything before", per, bytes)
	}
	if after.peak > 250 {
		t.Errorf("the builder needs %d MB for %d devices", after.peak, fleetSize)
	}
	f.publishing(t)
}

// publishing lets the builder publish one release after another while all devices update again and again.
func (f *fleet) publishing(t *testing.T) {
	stop := make(chan struct{})
	var count atomic.Int32 // of publications
	published := map[string]bool{f.lab.house.commit(labBlueprint, "0.0.3"): true}
	var builder sync.WaitGroup
	builder.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
			if out, err := f.lab.house.appliance("release", "publish", fmt.Sprintf("%s@0.0.%d", labBlueprint, 1+i%3)); err != nil {
				t.Errorf("publishing: %v\n%s", err, out)
				return
			}
			resp, err := http.Get(f.lab.house.url + "/" + labBlueprint + "/repo/refs/heads/debian/12/x86_64/edge")
			if err != nil {
				t.Error(err)
				return
			}
			commit := make([]byte, 64)
			resp.Body.Read(commit)
			resp.Body.Close()
			published[string(commit)] = true
			count.Add(1)
		}
	})
	f.together(t, func(i int) error {
		for round := 0; round < fleetRound || count.Load() < fleetPublications && round < 20*fleetRound; round++ {
			if err := f.upgrade(i); err != nil {
				return err
			}
		}
		return nil
	})
	close(stop)
	builder.Wait()
	t.Logf("%d publications while %d devices updated at least %d times each", count.Load(), fleetSize, fleetRound)
	if count.Load() < fleetPublications {
		t.Error("there was hardly anything to be caught in")
	}
	seen := map[string]bool{}
	for i := range fleetSize {
		got := f.deployed(t, i)
		if seen[got] = true; !published[got] {
			t.Errorf("device %d has %s, which was never published", i, got)
		}
	}
	for i := range 4 {
		run(t, "ostree", "fsck", "--quiet", "--repo="+f.sysroot(i*5)+"/ostree/repo")
	}
	f.lab.house.fsck(labBlueprint)
	t.Logf("they end on %d commits", len(seen))
}
