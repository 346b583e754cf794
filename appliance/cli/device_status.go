package cli

import (
	"context"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edge/appliance/command"
	"edge/appliance/deployment"
	"edge/appliance/device"
	"edge/appliance/doctor"
	"edge/appliance/report"
	"edge/appliance/rootfs"
	"edge/appliance/sheet"
	"edge/appliance/status"
)

// gather is this device's status, and what could not be found out.
func (m machine) gather(ctx context.Context) (report.Status, []string) {
	s := status.Sources{Profile: m.profile, Version: buildInfo().Version, Health: m.health(ctx), Apps: deviceApps,
		Memories: []status.Memory{badApps(), badOS()}}
	if s.Health.OS != nil {
		s.OS = s.Health.OS
	}
	session, err := m.session()
	if err == nil {
		s.Session = session
	}
	return status.Gather(ctx, s)
}

func allBad() ([]report.Bad, error) {
	all := []report.Bad{}
	for _, memory := range []status.Memory{badApps(), badOS()} {
		some, err := memory.List()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func writeBad(s *sheet.Sheet, all []report.Bad) {
	if len(all) == 0 {
		s.Line("the quarantine is empty")
		return
	}
	report.Status{Quarantine: all}.WriteTables(s, nil)
}

func newDeviceStatus(c console, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show deployments, checks, applications, quarantine, and why the last rollback was",
		Long: "Show how this boot was judged and by whom, what is deployed, what the applications run and whether they\n" +
			"serve, what is in quarantine, and, even after it, which check made the device return to an older system.\n" +
			"As root everything is seen; the user of the applications sees a part.",
		Example: "  appliance device status\n  appliance device status -o json | jq .rollback",
		Args:    takes(),
		RunE: action(c, func(ctx context.Context, c console, _ []string) error {
			m, err := thisMachine()
			if err != nil {
				return err
			}
			st, notes := m.gather(ctx)
			if g.json() {
				return printJSON(c.out, st)
			}
			var s sheet.Sheet
			st.Write(&s)
			if len(notes) > 0 {
				s.Blank()
			}
			for _, note := range notes {
				s.Line("note: %s", note)
			}
			_, err = c.out.Write(s.Bytes())
			return err
		}),
	}
}

type doctorOptions struct {
	*globals
	all bool
}

func newDeviceDoctor(c console, g *globals) *cobra.Command {
	o := doctorOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine this device and say what mends what is wrong",
		Long: "Look at everything that is known to go wrong on such devices: greenboot and its units, boot counters,\n" +
			"lingering, subordinate IDs, images, ports, firewall, two engines that update the same thing, drift of what\n" +
			"was installed, disk and clock. Each finding has its cure. Ends with 3 when there is a fault.",
		Example: "  appliance device doctor\n  appliance device doctor --all\n  appliance device doctor -o json | jq '.[] | select(.grade == \"fault\")'",
		Args:    takes(),
		RunE:    action(c, o.run),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "tell also what is well")
	return cmd
}

func (o *doctorOptions) run(ctx context.Context, c console, _ []string) error {
	m, err := thisMachine()
	if err != nil {
		return err
	}
	root, err := rootfs.Open("/", rootfs.Options{})
	if err != nil {
		return err
	}
	defer root.Close()
	findings := doctor.Examine(ctx, m.patient(ctx, root))
	if err := o.print(c, findings); err != nil {
		return err
	}
	if doctor.Worst(findings) == doctor.Fault {
		return errUnhealthy
	}
	return nil
}

// patient is what the doctor is told beforehand.
func (m machine) patient(ctx context.Context, root *rootfs.Root) doctor.Patient {
	p := doctor.Patient{Files: root, Run: command.Programs{}, Profile: m.profile, User: m.user, Built: built()}
	facts, err := device.Survey(ctx, root, device.Options{Profile: m.profile, Run: command.Programs{}})
	if err == nil {
		p.Live, p.Greenboot, p.Podman = facts.Live, facts.Greenboot, [2]int{facts.Podman.Major, facts.Podman.Minor}
	}
	if m.user != nil {
		p.Quadlet = root.Exists("/etc/containers/systemd/users/" + strconv.FormatUint(uint64(m.user.UID), 10))
	}
	if system, err := deployment.Detect(ctx, "/", command.Programs{}); err == nil {
		p.OS, _ = system.Deployments(ctx) // the doctor says that there are none
	}
	p.Bad, _ = allBad()
	drift, _ := device.Drift("/") // where nothing is installed the doctor sees it himself
	for _, d := range drift {
		if strings.HasSuffix(d.Path, ".appliance-new") {
			p.Kept = append(p.Kept, d.Path)
		} else {
			p.Changed = append(p.Changed, d.Path)
		}
	}
	return p
}

// built is when this program's commit was made; no clock of a device that works is before it.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return t
		}
	}
	return time.Time{}
}

func (o *doctorOptions) print(c console, findings []doctor.Finding) error {
	if o.json() {
		return printJSON(c.out, findings)
	}
	var s sheet.Sheet
	var rows [][]string
	well := 0
	for _, f := range findings {
		if f.Grade == doctor.Well {
			well++
			if !o.all {
				continue
			}
		}
		rows = append(rows, []string{string(f.Grade), f.Point, f.What})
		if f.Cure != "" {
			rows = append(rows, []string{"", "", "-> " + f.Cure})
		}
	}
	if len(rows) > 0 {
		s.Table([]string{"GRADE", "POINT", "WHAT WAS FOUND, AND WHAT MENDS IT"}, rows)
	}
	s.Line("%s of %d are well", plural(well, "point"), len(findings))
	_, err := c.out.Write(s.Bytes())
	return err
}
