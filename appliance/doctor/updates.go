package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"edge/appliance/profile"
)

// updatePoints are about who updates what.
func updatePoints() []point {
	return []point{
		{"app updates", true, appEngines},
		{"OS updates", true, osEngines},
		{"OS remote", false, remote},
		{"quarantine", false, quarantined},
	}
}

// appEngines: of two engines the one that probes nothing wins.
func appEngines(ctx context.Context, p *Patient) []Finding {
	if p.User == nil {
		return nil
	}
	ours, err := active(p.askUser(ctx, "systemctl", "--user", "is-active", "appliance-app-update.timer"))
	if err != nil {
		return unlooked(err)
	}
	podman, err := active(p.askUser(ctx, "systemctl", "--user", "is-active", "podman-auto-update.timer"))
	if err != nil {
		return unlooked(err)
	}
	engine := p.Profile.Updates.Engine
	switch {
	case ours == "active" && podman == "active":
		return found(Fault, "two engines update the apps: appliance-app-update.timer and podman-auto-update.timer",
			"systemctl --global mask podman-auto-update.timer, and as the user: systemctl --user stop podman-auto-update.timer")
	case engine == profile.EngineAppliance && ours != "active":
		return found(Fault, "appliance-app-update.timer is "+ours+": no app is updated", "as the user: systemctl --user start appliance-app-update.timer")
	case engine == profile.EnginePodman && podman != "active":
		return found(Fault, "podman-auto-update.timer is "+podman+": no app is updated", "as the user: systemctl --user start podman-auto-update.timer")
	case engine == profile.EnginePodman && len(coldApps(p.Profile)) > 0:
		return found(Warning, "podman auto-update passes over apps that sleep, and forgets what it rolled back", "engine = \"appliance\" under [updates]")
	case engine == profile.EngineOff:
		return found(Note, "are off", "")
	}
	return well("one engine: " + string(engine))
}

// rivals update the operating system, too.
var rivals = []struct{ unit, cure string }{
	{"zincati.service", "systemctl disable --now zincati.service"},
	{"flightctl-agent.service", "systemctl disable --now flightctl-agent.service"},
	{"bootc-fetch-apply-updates.timer", "systemctl mask --now bootc-fetch-apply-updates.timer"},
	{"rpm-ostreed-automatic.timer", "systemctl disable --now rpm-ostreed-automatic.timer"},
}

func osEngines(ctx context.Context, p *Patient) []Finding {
	var others, cures []string
	for _, r := range rivals {
		state, err := active(p.ask(ctx, "systemctl", "is-active", r.unit))
		if err != nil {
			return unlooked(err)
		}
		if state == "active" {
			others, cures = append(others, r.unit), append(cures, r.cure)
		}
	}
	if p.Profile.OS.Policy == profile.PolicyOff {
		if len(others) > 0 {
			return found(Note, "are made by "+strings.Join(others, ", "), "")
		}
		return found(Note, "are off: update by hand with rpm-ostree upgrade, bootc upgrade or ostree admin upgrade", "")
	}
	if len(others) > 0 {
		return found(Fault, "this program updates the operating system, and so does "+strings.Join(others, ", "), strings.Join(cures, "; "))
	}
	state, err := active(p.ask(ctx, "systemctl", "is-active", "appliance-os-update.timer"))
	if err != nil {
		return unlooked(err)
	}
	if state != "active" {
		return found(Fault, "appliance-os-update.timer is "+state, "systemctl enable --now appliance-os-update.timer")
	}
	return well("one engine, policy " + string(p.Profile.OS.Policy))
}

func remote(_ context.Context, p *Patient) []Finding {
	o := p.Profile.OS
	if o.URL == "" {
		return nil
	}
	if o.Key == "" {
		return found(Warning, "updates of the operating system are not verified: remote "+o.Remote+" has no key",
			"take the builder's key into the profile: curl BUILDER/BLUEPRINT/ed25519.pub")
	}
	if strings.HasPrefix(o.URL, "http://") {
		return well("signed with ed25519; fetched without TLS")
	}
	return well("signed with ed25519")
}

func quarantined(_ context.Context, p *Patient) []Finding {
	var findings []Finding
	for _, b := range p.Bad {
		until := "until it is cleared"
		if !b.Until.IsZero() {
			until = "until " + b.Until.UTC().Format(time.DateTime)
		}
		findings = append(findings, Finding{Grade: Note,
			What: fmt.Sprintf("%s %s (%s) is not taken %s: %s", b.Kind, b.Name, short(b.What), until, b.Reason),
			Cure: "publish a better one, or: appliance device quarantine clear " + short(b.What)})
	}
	if len(findings) == 0 {
		return well("empty")
	}
	return findings
}

// short is the beginning of a digest or checksum that a person can compare.
func short(s string) string {
	_, hex, cut := strings.Cut(s, ":")
	if !cut {
		hex = s
	}
	return hex[:min(12, len(hex))]
}
