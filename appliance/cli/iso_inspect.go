package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/iso"
	"edge/appliance/sheet"
)

type isoInspectOptions struct {
	*globals
	against string
}

func newISOInspect(c console, g *globals) *cobra.Command {
	o := isoInspectOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "inspect FILE.iso",
		Short: "Tell what an ISO does: firmware by medium, which menu each reads, media check",
		Long: "Tell what any boot ISO does, whoever made it: which menu a machine with BIOS or UEFI reads from a CD (or a BMC's\n" +
			"virtual medium, or over HTTP) and from a USB stick, what that starts, and whether the media check passes. With\n" +
			"--against the vendor's ISO, what differs from it. Needs no server.\n\n" +
			"Where two menus that a firmware may read start different things the exit code is 3: it is the fault by which a\n" +
			"stick ignores a kickstart that the same file obeys as a CD.",
		Example: "  appliance iso inspect custom.iso\n  appliance iso inspect custom.iso --against rhel-9.6-x86_64-boot.iso",
		Args:    takes("FILE.iso"),
		RunE:    action(c, o.run),
	}
	cmd.Flags().StringVar(&o.against, "against", "", "the vendor's `ISO` that it was made of")
	return cmd
}

func (o *isoInspectOptions) run(ctx context.Context, c console, args []string) error {
	own, size, err := openISO(args[0])
	if err != nil {
		return err
	}
	defer own.Close()
	bar := newProgress(c, "checking", formatSize)
	r, err := iso.Inspect(ctx, own, size, func(done int64) { bar.Set(done, size) })
	bar.End()
	if err != nil {
		return invalidError{fmt.Errorf("inspecting %q: %w", args[0], err), ""}
	}
	if o.against != "" {
		if r.Changes, err = o.compare(ctx, c, own, size); err != nil {
			return err
		}
	}
	if o.json() {
		err = printJSON(c.out, r)
	} else {
		var s sheet.Sheet
		writeReport(&s, r)
		_, err = s.WriteTo(c.out)
	}
	if err != nil {
		return err
	}
	return verdict(r)
}

func (o *isoInspectOptions) compare(ctx context.Context, c console, own *os.File, size int64) (*iso.Changes, error) {
	stock, stockSize, err := openISO(o.against)
	if err != nil {
		return nil, err
	}
	defer stock.Close()
	bar := newProgress(c, "comparing", formatSize)
	defer bar.End()
	changes, err := iso.Compare(ctx, stock, own, stockSize, size, func(done int64) { bar.Set(done, size) })
	if err != nil {
		return nil, fmt.Errorf("comparing with %q: %w", o.against, err)
	}
	return changes, nil
}

func openISO(name string) (*os.File, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("inspecting: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is no file", name)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("inspecting: %w", errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// verdict is an error where the ISO will not do what it looks like.
func verdict(r iso.Report) error {
	if r.Check == iso.Fails {
		return invalidError{errors.New("the media check fails: an installer that checks its medium refuses this one"), "make it anew, or download it again"}
	}
	for i, s := range r.Starts {
		if s.Differ || i > 0 && s.Via != "" && r.Starts[0].Via != "" && s.Command != r.Starts[0].Command {
			return invalidError{fmt.Errorf("%s from %s does not start what the others do", s.Firmware, s.Medium), "the menu that it reads was not changed with the others"}
		}
	}
	return nil
}

func writeReport(s *sheet.Sheet, r iso.Report) {
	s.Fields(
		[2]string{"product", r.Product}, [2]string{"architecture", r.Arch}, [2]string{"label", r.Label},
		[2]string{"layout", string(r.Layout)}, [2]string{"size", formatSize(r.Size)}, [2]string{"media check", string(r.Check)},
		[2]string{"room for a kickstart", formatSize(r.Padding)},
	)
	var rows [][]string
	for _, p := range r.Starts {
		entry := sheet.Dash(p.Entry)
		if p.Differ {
			entry = "depends on the firmware"
		}
		rows = append(rows, []string{p.Firmware, p.Medium, sheet.Dash(p.Via), sheet.Dash(strings.Join(p.Reads, ", or ")), entry})
	}
	s.Part([]string{"FIRMWARE", "MEDIUM", "VIA", "READS", "STARTS"}, rows)
	told := map[string]bool{}
	for _, p := range r.Starts {
		if p.Command != "" && !told[p.Command] {
			told[p.Command] = true
			s.Blank()
			s.Line("kernel arguments: %s", p.Command)
		}
	}
	for _, n := range r.Notes {
		s.Blank()
		s.Line("note: %s", n)
	}
	if r.Changes != nil {
		writeChanges(s, r.Changes, r.Size)
	}
}

func writeChanges(s *sheet.Sheet, c *iso.Changes, size int64) {
	s.Blank()
	s.Line("%d of %d bytes differ, in %s", c.Bytes, size, plural(len(c.Ranges)+c.More, "range"))
	var rows [][]string
	for _, e := range c.Ranges[:min(len(c.Ranges), 20)] {
		rows = append(rows, []string{fmt.Sprint(e.Offset), fmt.Sprint(e.Length)})
	}
	s.Part([]string{">OFFSET", ">BYTES"}, rows)
	for _, m := range c.Menus {
		s.Blank()
		s.Line("%s", m.Place)
		for line := range strings.Lines(m.Diff) {
			s.Line("%s", strings.TrimSuffix(line, "\n"))
		}
	}
}

// isDevice reports whether a path is a disk.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeDevice != 0
}
