// Package status gathers what a device says of itself: how its boot was judged, what is deployed, what its
// applications run, what is in quarantine. It looks and changes nothing, and what it cannot find out it
// leaves out and notes, because a status is wanted most when something is broken.
package status

import (
	"context"
	"os"
	"sync"
	"time"

	"edge/appliance/health"
	"edge/appliance/podman"
	"edge/appliance/profile"
	"edge/appliance/report"
	"edge/appliance/update"
)

// OS lists the deployments; deployment.System is one.
type OS interface {
	Deployments(ctx context.Context) ([]report.Deployment, error)
}

// Memory lists what is in quarantine; quarantine.Memory is one.
type Memory interface {
	List() ([]report.Bad, error)
}

// Sources are where a status comes from.
type Sources struct {
	Profile  profile.Profile
	Version  string // of this program
	Health   health.Device
	OS       OS              // nil: the system knows no deployments
	Session  *podman.Session // of the apps' user; nil: there is no such user
	Apps     string          // folder of the apps' state: /var/lib/appliance/apps
	Memories []Memory        // of apps and of the operating system
}

// patience is how long one source may take.
const patience = 20 * time.Second

// Gather asks all sources at once. The notes say what could not be found out.
func Gather(ctx context.Context, s Sources) (report.Status, []string) {
	now := time.Now().UTC()
	st := report.Status{Blueprint: s.Profile.Blueprint, Time: now, Version: s.Version}
	var notes notes
	st.Name, _ = os.Hostname() // a device without a name is one, too
	var g sync.WaitGroup
	ask := func(look func(context.Context) error) {
		g.Go(func() {
			within, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			notes.add(look(within))
		})
	}
	ask(func(ctx context.Context) (err error) {
		st.Boot, err = s.Health.Boot(ctx)
		return err
	})
	if s.OS != nil {
		ask(func(ctx context.Context) (err error) {
			st.OS, err = s.OS.Deployments(ctx)
			return err
		})
	}
	st.Apps = make([]report.App, len(s.Profile.Apps))
	for i, a := range s.Profile.Apps {
		st.Apps[i] = report.App{Name: a.Name, Unit: a.Unit, Image: a.Image, Cold: a.Cold, State: "unknown", Reason: "there is no user " + s.Profile.User}
		if s.Session != nil {
			ask(func(ctx context.Context) error {
				st.Apps[i] = update.AppStatus(ctx, s.Session, s.Apps, a)
				return nil
			})
		}
	}
	g.Wait()
	s.remember(&st, now, &notes)
	return st, notes.all
}

// remember adds what earlier boots and updates have left.
func (s Sources) remember(st *report.Status, now time.Time, notes *notes) {
	rollback, known, err := s.Health.LastRollback()
	notes.add(err)
	if known {
		st.Rollback = &rollback
	}
	bad := map[string]bool{}
	for _, m := range s.Memories {
		all, err := m.List()
		notes.add(err)
		for _, b := range all {
			if b.Until.IsZero() || now.Before(b.Until) {
				st.Quarantine = append(st.Quarantine, b)
				bad[b.What] = true
			}
		}
	}
	for i := range st.OS {
		st.OS[i].Quarantined = bad[st.OS[i].Commit]
	}
}

// notes are gathered from several goroutines.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(err error) {
	if err == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, podman.Reason(err))
}
