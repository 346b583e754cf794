package kickstart

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestLint knows for each line what is said of it: the rule, and some words; "" where nothing is.
func TestLint(t *testing.T) {
	const head = "reboot\nignoredisk --only-use=sda\n"
	for _, tt := range []struct {
		name, text string
		target     Target
		want       []string // LINE LEVEL RULE WORDS
	}{
		{"nothing wrong", head + "rootpw --lock\ntext\n", RHEL9, nil},
		{"unknown command", head + "rotpw --lock\n", RHEL9, []string{`3 error command "rotpw" is no command`}},
		{"removed in RHEL 9", head + "install\n", RHEL9, []string{"3 error command install is removed from RHEL 9; leave it out"}},
		{"isUtc in RHEL 9", head + "timezone UTC --isUtc\n", RHEL9, nil},
		{"isUtc in RHEL 10", head + "timezone UTC --isUtc\n", RHEL10, []string{"3 error option timezone --isUtc is not known to RHEL 10; write --utc"}},
		{"isUtc in Fedora", head + "timezone UTC --isUtc\n", Fedora, []string{"3 warning option timezone --isUtc is deprecated in Fedora; write --utc"}},
		{"authconfig", head + "authconfig --enableshadow\n", RHEL10, []string{"3 error command authconfig is removed from RHEL 10; use authselect"}},
		{"bootc in RHEL 9", head + "bootc --source-imgref=registry:x\n", RHEL9, []string{"3 error command bootc is not known to RHEL 9; use ostreecontainer"}},
		{"vnc in RHEL 10", head + "vnc\n", RHEL10, []string{"3 warning command vnc is deprecated in RHEL 10; use rdp"}},
		{"logging level", head + "logging --level=info\n", RHEL9, []string{"3 warning option logging --level is deprecated in RHEL 9"}},
		{"abbreviation", head + "user --name=a --group=wheel\n", RHEL9, []string{"3 warning option user --group is an abbreviation; write --groups"}},
		{"ambiguous", head + "network --ip=1 --ipv=x\n", RHEL9, []string{"3 error option network --ipv could be"}},
		{"unknown option", head + "reboot --fast\n", RHEL9, []string{`3 error option reboot has no option "--fast"`}},
		{"quotation", head + "lang \"en\n", RHEL9, []string{"3 error syntax a quotation does not end"}},
		{"two systems", head + "ostreesetup --osname=a --url=b --ref=c\nostreecontainer --url=x\n", RHEL9, []string{"4 error source ostreecontainer beside the ostreesetup of line 4"}},
		{"nobody verifies", head + "ostreesetup --osname=a --url=b --ref=c --nogpg\n", RHEL9, []string{"3 warning source --nogpg"}},
		{"somebody verifies", head + "ostreesetup --osname=a --url=b --ref=c --nogpg\n%post --erroronfail\nappliance device install --from x\n%end\n", RHEL9, nil},
		{"every disk", "reboot\nzerombr\nclearpart --all --initlabel\nautopart\n", RHEL9, []string{"2 warning wipe zerombr", "3 error wipe clearpart wipes every disk; choose", "4 warning wipe autopart"}},
		{"these drives", "reboot\nclearpart --all --drives=sda\n", RHEL9, nil},
		{"an include decides", "reboot\n%include /tmp/x\nclearpart --all\n", RHEL9, []string{"2 info command"}},
		{"no end", "ignoredisk --only-use=sda\n", RHEL9, []string{"1 warning ending"}},
		{"nobody administers it", head + "user --name=a --groups=wheel\nuser --name=b --password=$6$x --iscrypted\n", RHEL9, []string{"1 warning ending there is no administrator; add: rootpw --lock"}},
		{"one administers it", head + "user --name=a --groups=x,wheel --iscrypted --password=" + testHash + "\n", RHEL9, []string{"3 info secret"}},
		{"plain root", head + "rootpw hunter2\n", RHEL9, []string{"3 error secret rootpw has a password in the clear", "3 warning secret root has a password"}},
		{"plaintext root", head + "rootpw --plaintext hunter2\n", RHEL9, []string{"3 warning secret root has", "3 error secret rootpw has a password in the clear"}},
		{"nothing for root", head + "rootpw\n", RHEL9, []string{"3 error secret rootpw says neither"}},
		{"locked hash of root", head + "rootpw --lock --iscrypted " + testHash + "\n", RHEL9, []string{"3 info secret rootpw has a hash"}},
		{"old hash", head + "user --name=a --iscrypted --password=$1$abc$defghijklmnopqrstuvw\n", RHEL9, []string{"3 error secret user has a password whose hash is broken"}},
		{"plain user", head + "user --name=a --password=hunter2\n", RHEL9, []string{"3 error secret user has a password in the clear"}},
		{"plain boot loader", head + "bootloader --password=hunter2\n", RHEL9, []string{"3 error secret the boot loader's"}},
		{"passphrase", head + "autopart --encrypted --passphrase=hunter2\n", RHEL9, []string{"3 warning secret the passphrase"}},
		{"wireless", head + "network --essid=x --wpakey=hunter2\n", RHEL9, []string{"3 warning secret the key of the wireless"}},
		{"no erroronfail", head + "%post\ntrue\n%end\n", RHEL9, []string{"3 warning section %post goes on"}},
		{"onerror needs none", head + "%onerror\ntrue\n%end\n", RHEL9, nil},
		{"unknown option of a section", head + "%post --erroronfail --nochrot\n%end\n", RHEL9, []string{`3 error section %post has no option "--nochrot"`}},
		{"section without end", head + "%post --erroronfail\ntrue\n", RHEL9, []string{"3 error section %post does not end"}},
		{"section within a section", head + "%post --erroronfail\ntrue\n%packages\n%end\n", RHEL9, []string{"3 error section %post does not end"}},
		{"end of nothing", head + "%end\n", RHEL9, []string{"3 error section %end ends nothing"}},
		{"unknown section", head + "%pots\n", RHEL9, []string{"3 error section %pots is no section"}},
		{"broken shell", head + "%post --erroronfail\ntrue\nif true\n%end\n", RHEL9, []string{"5 error shell the shell does not understand"}},
		{"bash is the shell", head + "%pre --erroronfail\n[[ -e /x ]] && a=(1 2)\n%end\n", RHEL9, nil},
		{"python is not", head + "%pre --erroronfail --interpreter=/usr/bin/python3\nif True: print('x')\n%end\n", RHEL9, nil},
		{"python by its first line", head + "%pre --erroronfail\n#!/usr/bin/python3\nif True: print('x')\n%end\n", RHEL9, nil},
		{"heredoc with $?", head + "%post --erroronfail\ncat >/x <<EOF\necho hi\nif [ $? -eq 0 ]\nEOF\n%end\n", RHEL9, []string{"6 error heredoc this is replaced now; quote the delimiter"}},
		{"heredoc with a command", head + "%post --erroronfail\ncat >/x <<EOF\n$(hostname)\nEOF\n%end\n", RHEL9, []string{"5 warning heredoc"}},
		{"quoted heredoc", head + "%post --erroronfail\ncat >/x <<'EOF'\nif [ $? -eq 0 ]\nEOF\n%end\n", RHEL9, nil},
		{"heredoc of plain text", head + "%post --erroronfail\ncat >/x <<EOF\nhello\nEOF\n%end\n", RHEL9, nil},
		{"private key", head + "%post --erroronfail\n: '-----BEGIN OPENSSH PRIVATE KEY-----'\n%end\n", RHEL9, []string{"4 error secret a private key"}},
		{"chpasswd", head + "%post --erroronfail\necho a:b | chpasswd\n%end\n", RHEL9, []string{"4 warning secret a password is set"}},
		{"sudo for all", head + "%post --erroronfail\necho 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin\n%end\n", RHEL9, []string{"4 warning secret a user becomes root"}},
		{"fetched and run", head + "%post --erroronfail\ncurl -k https://x | sh\n%end\n", RHEL9, []string{"4 warning secret whoever is on the way", "4 warning secret what is fetched is run"}},
		{"comments are no secrets", head + "%post --erroronfail\n# password=hunter2\n%end\n", RHEL9, nil},
		{"carriage returns", "reboot\r\ntext\r\n", RHEL9, []string{"1 error syntax the character U+000D; end lines as Linux does"}},
		{"a break that nobody sees", head + "lang x\u2028rootpw y\n", RHEL9, []string{"3 error syntax the character U+2028"}},
		{"too much", strings.Repeat("#", maxText+1), RHEL9, []string{"1 error syntax the kickstart has"}},
		{"an addon", head + "%addon com_redhat_kdump --disable\n%end\n", RHEL9, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const locked = "rootpw --lock\n" // without which there would be one more to tell
			text, above := tt.text, 0
			if !strings.Contains(text, "rootpw") && tt.name != "nobody administers it" {
				text, above = locked+text, 1
			}
			got := Lint(text, tt.target)
			if len(got) != len(tt.want) {
				t.Fatalf("%d findings, want %d: %v", len(got), len(tt.want), got)
			}
			for i, f := range got {
				words := strings.SplitN(tt.want[i], " ", 4)
				said, cure, _ := strings.Cut(strings.Join(words[3:], ""), "; ")
				if fmt.Sprint(max(f.Line-above, 1)) != words[0] || string(f.Level) != words[1] || f.Rule != words[2] || !covers(f.Text, said) || !strings.Contains(f.Cure, cure) {
					t.Errorf("%s, want %s", f, tt.want[i])
				}
				if strings.Contains(f.String(), "hunter2") {
					t.Errorf("a secret is repeated: %s", f)
				}
			}
		})
	}
}

// covers tells whether text begins with words or has them.
func covers(text, words string) bool { return strings.Contains(text, strings.TrimSuffix(words, ",")) }

// The kickstart of the demonstration that this program replaces: its defects are found.
func TestLintOfTheDemonstration(t *testing.T) {
	text, err := os.ReadFile("testdata/demonstration.ks")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]int{}
	for _, f := range Lint(string(text), RHEL9) {
		rules[f.Rule+" "+string(f.Level)]++
	}
	for _, want := range []string{"heredoc error", "heredoc warning", "wipe error", "section warning", "source warning", "secret warning", "option warning"} {
		if rules[want] == 0 {
			t.Errorf("no %s among %v", want, rules)
		}
	}
}

func FuzzLint(f *testing.F) {
	f.Add("reboot\n%post\nif\n%end\n")
	f.Add("lang \"x\n%pre --interpreter=\n%end")
	f.Add("rootpw\nsshpw x\n%include\n%addon\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, target := range Targets() {
			last := 0
			for _, x := range Lint(text, target) {
				if x.Line < max(last, 1) || x.Line > strings.Count(text, "\n")+2 || x.Text == "" || x.Level != Info && x.Cure == "" {
					t.Fatalf("%q: %s", text, x)
				}
				last = x.Line
			}
		}
	})
}
