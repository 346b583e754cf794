package kickstart

import (
	_ "embed" // for the table
	"fmt"
	"slices"
	"strings"
	"sync"
)

// commandTable has a line for each command: its name, one letter each for RHEL 9, RHEL 10 and Fedora 43
// (o: it is there, d: deprecated, r: removed, -: unknown), and its options as NAME=LETTERS. These are facts
// about pykickstart 3.74, asked of its handlers; none of its text is here.
//
//go:embed commands.txt
var commandTable string

// known is what the table says of one command or option.
type known struct {
	states  string
	options map[string]string
}

// commandsByName reads the table once.
var commandsByName = sync.OnceValue(func() map[string]known {
	all := map[string]known{}
	for line := range strings.Lines(commandTable) {
		fields := strings.Fields(line)
		k := known{fields[1], map[string]string{}}
		for _, f := range fields[2:] {
			name, states, _ := strings.Cut(f, "=")
			k.options[name] = states
		}
		all[fields[0]] = k
	}
	return all
})

// instead says what to write for what is no more.
var instead = map[string]string{
	"auth":                     "use authselect",
	"authconfig":               "use authselect",
	"install":                  "leave it out",
	"method":                   "use url, ostreesetup or another one of its kind",
	"vnc":                      "use rdp, or text",
	"module":                   "leave it out",
	"nvdimm":                   "leave it out",
	"autostep":                 "leave it out",
	"btrfs":                    "use part, or another file system",
	"timezone --isUtc":         "write --utc",
	"timezone --ntpservers":    "use timesource --ntp-server=HOST",
	"timezone --nontp":         "use timesource --ntp-disable",
	"logging --level":          "leave it out",
	"repo --ignoregroups":      "leave it out",
	"network --teamconfig":     "use a bond",
	"network --teamslaves":     "use a bond",
	"harddrive --biospart":     "use --partition",
	"bootloader --upgrade":     "leave it out",
	"ignoredisk --interactive": "use --only-use=DISK",
	"bootc":                    "use ostreecontainer",
	"rdp":                      "use text",
}

func (d *document) checkCommand(c command, t Target) {
	name := c.words[0]
	if name == "%include" {
		d.note(c.line, Info, "command", "what "+strings.Join(c.words[1:], " ")+" brings is not looked at", "")
		return
	}
	table := commandsByName()
	k, there := table[name]
	if !there {
		d.note(c.line, Error, "command", fmt.Sprintf("%.40q is no command of a kickstart", name), "see the kickstart reference of "+t.Title())
		return
	}
	if !d.checkState(c.line, "command", name, k.states[t.column()], t) {
		return
	}
	for _, w := range c.words[1:] {
		option, _, _ := strings.Cut(w, "=")
		if !strings.HasPrefix(option, "--") || option == "--" {
			continue
		}
		states, there := k.options[option]
		if !there {
			d.checkAbbreviation(c, option, k, t)
			continue
		}
		d.checkState(c.line, "option", name+" "+option, states[t.column()], t)
	}
}

// checkState reports whether what is named can be used.
func (d *document) checkState(line int, rule, name string, state byte, t Target) bool {
	cure := instead[name]
	if cure == "" {
		cure = "leave it out"
	}
	switch state {
	case 'd':
		d.note(line, Warning, rule, fmt.Sprintf("%s is deprecated in %s", name, t.Title()), cure)
	case 'r':
		d.note(line, Error, rule, fmt.Sprintf("%s is removed from %s", name, t.Title()), cure)
	case '-':
		d.note(line, Error, rule, fmt.Sprintf("%s is not known to %s", name, t.Title()), cure)
	}
	return state == 'o' || state == 'd'
}

// checkAbbreviation knows that argparse takes any beginning of an option that only one has.
func (d *document) checkAbbreviation(c command, option string, k known, t Target) {
	var meant []string
	for name, states := range k.options {
		if strings.HasPrefix(name, option) && (states[t.column()] == 'o' || states[t.column()] == 'd') {
			meant = append(meant, name)
		}
	}
	slices.Sort(meant)
	switch len(meant) {
	case 0:
		d.note(c.line, Error, "option", fmt.Sprintf("%s has no option %.40q", c.words[0], option), "see the kickstart reference of "+t.Title())
	case 1:
		d.note(c.line, Warning, "option", fmt.Sprintf("%s %s is an abbreviation", c.words[0], option), "write "+meant[0])
	default:
		d.note(c.line, Error, "option", fmt.Sprintf("%s %s could be %s", c.words[0], option, strings.Join(meant, " or ")), "write which one")
	}
}
