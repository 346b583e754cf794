package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"edge/appliance/blueprint"
	"edge/appliance/client"
	"edge/appliance/iso"
)

type isoWriteOptions struct {
	*globals
	device string
	yes    bool
}

func newISOWrite(c console, g *globals) *cobra.Command {
	o := isoWriteOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "write NAME[/IMAGE] FILE|DISK",
		Short: "Write a boot ISO into a file or onto a USB stick",
		Long: "Write a boot ISO into a file, or onto a disk such as a USB stick. On the builder, where the file system shares\n" +
			"blocks between files (XFS, Btrfs), a file takes milliseconds and no space. A disk must not be in use; what is\n" +
			"on it is lost, so it is asked for by name (or --yes says so), and what was written is read back and compared.",
		Example: "  appliance iso write demo_upgrade demo.iso\n" +
			"  appliance iso write demo_upgrade /dev/disk/by-id/usb-STICK\n" +
			"  appliance iso write demo_upgrade --device edge-7 /dev/sdX",
		Args: takes("NAME[/IMAGE]", "FILE|DISK"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return g.completing(1, blueprintNames)(cmd, args, word)
		},
		RunE: action(c, o.run),
	}
	f := cmd.Flags()
	f.StringVar(&o.device, "device", "", "the one of this `DEVICE`")
	f.BoolVar(&o.yes, "yes", false, "do not ask before a disk is overwritten")
	return cmd
}

func (o *isoWriteOptions) run(ctx context.Context, c console, args []string) error {
	name, image, err := parseImage(args[0])
	if err != nil {
		return err
	}
	cl, err := o.client()
	if err != nil {
		return err
	}
	s := isoSource{cl, name, image, o.device}
	w := isoWritten{File: args[1]}
	switch {
	case isDevice(args[1]):
		err = o.toDisk(ctx, c, s, args[1], &w)
	case wouldBeDisk(args[1]):
		err = invalidError{fmt.Errorf("%w: there is no %s", iso.ErrNoDevice, args[1]), "\"lsblk -d\" shows the disks there are"}
	default:
		err = o.toFile(ctx, c, s, args[1], &w)
	}
	if err != nil {
		return withTokenHint(fmt.Errorf("writing %s: %w", args[0], err))
	}
	if o.json() {
		return printJSON(c.out, w)
	}
	_, err = fmt.Fprintln(c.out, w)
	return err
}

// wouldBeDisk tells of a path that has no file, where only disks are: a stick that was pulled out, or a typing error.
// A file there would fill the memory.
func wouldBeDisk(path string) bool {
	dir, err := filepath.Abs(filepath.Dir(path))
	return err == nil && (dir == "/dev" || dir == "/dev/mapper" || strings.HasPrefix(dir, "/dev/disk/"))
}

// isoWritten is what was written.
type isoWritten struct {
	File     string `json:"file"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256,omitempty"`
	Cloned   bool   `json:"cloned"`
	Verified bool   `json:"verified"`
}

func (w isoWritten) String() string {
	switch {
	case w.Cloned:
		return fmt.Sprintf("wrote %s, %s, which shares its blocks with the base", w.File, formatSize(w.Size))
	case w.Verified:
		return fmt.Sprintf("wrote %s to %s and read it back: sha256 %s", formatSize(w.Size), w.File, w.SHA256)
	}
	return fmt.Sprintf("wrote %s, %s, sha256 %s", w.File, formatSize(w.Size), w.SHA256)
}

// isoSource is one image of a server.
type isoSource struct {
	cl            *client.Client
	name          blueprint.Name
	image, device string
}

// open opens the image: over its base where that is a file of this host, and by HTTP otherwise. base and patches are
// nil then.
func (s isoSource) open(ctx context.Context) (r io.ReadCloser, size int64, base *os.File, patches *iso.Overlay, err error) {
	if isLocal(s.cl.Server()) {
		p, err := s.cl.Patches(ctx, s.name, s.image, s.device)
		if err != nil {
			return nil, 0, nil, nil, err
		}
		if base, err := os.Open(p.File); err == nil && p.Check() == nil {
			if reader, err := iso.NewReader(&p.Overlay, base); err == nil {
				return reader, p.Size, base, &p.Overlay, nil
			}
		}
	}
	r, size, err = s.cl.Image(ctx, s.name, s.image, s.device)
	return r, size, nil, nil, err
}

func (o *isoWriteOptions) toFile(ctx context.Context, c console, s isoSource, name string, w *isoWritten) (err error) {
	r, size, base, patches, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	w.Size = size
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if base != nil {
		if w.Cloned, err = iso.Clone(f, base, patches); err != nil {
			return err
		}
	}
	if !w.Cloned {
		bar := newProgress(c, "writing", formatSize)
		w.SHA256, err = iso.Copy(ctx, f, r, size, func(done int64) { bar.Set(done, size) })
		bar.End()
		if err != nil {
			return err
		}
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(dir))
}

func (o *isoWriteOptions) toDisk(ctx context.Context, c console, s isoSource, path string, w *isoWritten) error {
	disk, err := iso.OpenDevice(path)
	if err != nil {
		return err
	}
	defer disk.Close()
	r, size, _, _, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if disk.Size < size {
		return invalidError{fmt.Errorf("%w: %s has %s, the image %s", iso.ErrTooSmall, path, formatSize(disk.Size), formatSize(size)), "take a larger stick"}
	}
	if err := o.confirm(c, path, disk); err != nil {
		return err
	}
	bar := newProgress(c, "writing", formatSize)
	defer bar.End()
	if w.SHA256, err = iso.Copy(ctx, disk, r, size, func(done int64) { bar.Set(done, size) }); err != nil {
		return err
	}
	bar.Stage("reading back", formatSize)
	if err := iso.Verify(ctx, disk.File, size, w.SHA256, func(done int64) { bar.Set(done, size) }); err != nil {
		return err
	}
	w.Size, w.Verified = size, true
	return nil
}

// confirm wants the disk's path typed again: yes is typed too easily.
func (o *isoWriteOptions) confirm(c console, path string, d *iso.Device) error {
	if o.yes {
		return nil
	}
	if !isTerminal(c.in) {
		return usageError{fmt.Errorf("%s would be overwritten and nobody can be asked", path), "--yes says that it is meant"}
	}
	kind := "a fixed disk"
	if d.Removable {
		kind = "a removable disk"
	}
	if d.Model != "" {
		kind += ", " + printable(d.Model)
	}
	fmt.Fprintf(c.err, "Everything on %s will be lost: %s, %s.\nType its path again to go on: ", path, formatSize(d.Size), kind)
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != path {
		return usageError{errors.New("that is not what was typed; nothing was written"), ""}
	}
	return nil
}
