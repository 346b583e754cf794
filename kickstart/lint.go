package kickstart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Level is how bad a Finding is.
type Level string

// Levels.
const (
	Error   Level = "error"   // the installation fails, or something leaks or is lost; Render refuses it
	Warning Level = "warning" // it may be meant
	Info    Level = "info"    // to know
)

// Finding is one thing that is wrong in a kickstart.
type Finding struct {
	Line  int    `json:"line"` // from 1 on
	Level Level  `json:"level"`
	Rule  string `json:"rule"` // command, option, section, syntax, shell, heredoc, secret, wipe, source, ending
	Text  string `json:"text"` // what is wrong
	Cure  string `json:"cure"` // what helps
}

// String is the finding on one line, without the name of the file.
func (f Finding) String() string {
	return fmt.Sprintf("%d: %s: %s [%s]; %s", f.Line, f.Level, f.Text, f.Rule, f.Cure)
}

// Lint tells what is wrong with a kickstart for a target, in the order of its lines. It knows commands and
// options by name; what values they take only ksvalidator knows.
func Lint(text string, t Target) []Finding {
	if len(text) > maxText {
		return []Finding{{1, Error, "syntax", fmt.Sprintf("the kickstart has %d bytes", len(text)), fmt.Sprintf("%d are allowed", maxText)}}
	}
	if line, r := hiddenBreak(text); line > 0 {
		cure := "take it out: at some of these Anaconda breaks lines where nobody sees it"
		if r == '\r' {
			cure = "end lines as Linux does: sed -i 's/\\r$//' FILE"
		}
		return []Finding{{line, Error, "syntax", fmt.Sprintf("the character %U", r), cure}}
	}
	d := parse(text)
	for _, c := range d.commands {
		d.checkCommand(c, t)
		d.checkSecrets(c)
	}
	d.checkSource()
	d.checkDisks()
	d.checkEnding()
	for _, s := range d.sections {
		if slices.Contains(scriptNames, s.words[0]) {
			d.checkHeader(s)
			d.checkScript(s)
		}
	}
	slices.SortStableFunc(d.faults, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(d.faults)
}

// Errors are the findings that Render refuses a kickstart for.
func Errors(all []Finding) []Finding {
	var found []Finding
	for _, f := range all {
		if f.Level == Error {
			found = append(found, f)
		}
	}
	return found
}

// checkSource wants one system, and one whose updates somebody verifies.
func (d *document) checkSource() {
	var found []command
	for _, c := range d.commands {
		if slices.Contains([]string{"ostreesetup", "ostreecontainer", "bootc"}, c.words[0]) {
			found = append(found, c)
		}
	}
	for _, c := range found[min(1, len(found)):] {
		d.note(c.line, Error, "source", fmt.Sprintf("%s beside the %s of line %d", c.words[0], found[0].words[0], found[0].line), "leave one of them: there is one system to install")
	}
	for _, c := range found {
		if has(c.words, "--nogpg") && !d.scriptHas("sign-verify") && !d.scriptHas("device install") {
			d.note(c.line, Warning, "source", "--nogpg makes a remote whose updates nobody ever verifies",
				"in %post, let `appliance device install` write the remote, or set sign-verify=ed25519 with the builder's key")
		}
	}
}

func (d *document) scriptHas(words string) bool {
	return slices.ContainsFunc(d.sections, func(s section) bool { return strings.Contains(s.body, words) })
}

// checkDisks finds what wipes more than one chosen disk. What an %include brings is not known here.
func (d *document) checkDisks() {
	chosen := false
	for _, c := range d.commands {
		chosen = chosen || c.words[0] == "%include" || c.words[0] == "ignoredisk" && has(c.words, "--only-use")
	}
	if chosen {
		return
	}
	const cure = "choose one disk: ignoredisk --only-use=DISK"
	for _, c := range d.commands {
		switch whole := has(c.words, "--all") || has(c.words, "--linux"); {
		case c.words[0] == "clearpart" && whole && !has(c.words, "--drives"):
			d.note(c.line, Error, "wipe", "clearpart wipes every disk of the machine, data disks and USB sticks too", cure)
		case c.words[0] == "zerombr":
			d.note(c.line, Warning, "wipe", "zerombr initializes every disk that it does not understand", cure)
		case c.words[0] == "autopart":
			d.note(c.line, Warning, "wipe", "autopart takes whichever disks there are", cure)
		}
	}
}

// checkEnding finds what keeps an installation waiting for a person. What an %include brings is not known here.
func (d *document) checkEnding() {
	ends, administered := false, false
	for _, c := range d.commands {
		switch c.words[0] {
		case "%include":
			ends, administered = true, true
		case "reboot", "poweroff", "shutdown", "halt":
			ends = true
		case "rootpw": // also one that locks; source: Anaconda's modules/users, check_admin_user_exists
			administered = true
		case "user":
			groups, _ := option(c.words, "--groups")
			administered = administered || has(c.words, "--password") && slices.Contains(strings.Split(groups, ","), "wheel")
		}
	}
	if !ends {
		d.note(1, Warning, "ending", "nothing says what happens in the end: the installer waits for a person", "add: reboot --eject")
	}
	if !administered {
		d.note(1, Warning, "ending", "there is no administrator: the installer asks a person for one", "add: rootpw --lock")
	}
}
