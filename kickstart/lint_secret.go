package kickstart

import (
	"regexp"
	"strings"
)

// checkSecrets finds passwords that anybody can read, or find out, who gets hold of the file. It never
// repeats one.
func (d *document) checkSecrets(c command) {
	note := func(level Level, text, cure string) { d.note(c.line, level, "secret", text, cure) }
	const hash = "use a hash (openssl passwd -6) with --iscrypted, or better a key of SSH"
	switch c.words[0] {
	case "rootpw":
		d.checkRootPassword(c)
	case "user", "sshpw", "group":
		password, given := option(c.words, "--password")
		if c.words[0] == "sshpw" && len(c.words) > 1 {
			password, given = c.words[len(c.words)-1], true
		}
		d.checkPassword(c, password, given)
	case "bootloader":
		password, given := option(c.words, "--password")
		if given && !has(c.words, "--iscrypted") && !strings.HasPrefix(password, "grub.pbkdf2.") {
			note(Error, "the boot loader's password is in the clear", "use grub2-mkpasswd-pbkdf2 and --iscrypted")
		}
	case "autopart", "part", "partition", "logvol", "raid":
		if has(c.words, "--passphrase") {
			note(Warning, "the passphrase of the disk is in the clear", "give each device its own over a one-time link, and replace it after the installation")
		}
	case "network":
		if has(c.words, "--wpakey") || has(c.words, "--wepkey") {
			note(Warning, "the key of the wireless network is in the clear", "keep this kickstart on one-time links")
		}
	case "rhsm":
		if has(c.words, "--activation-key") {
			note(Warning, "the activation key is in the clear", "keep this kickstart on one-time links")
		}
	}
	if has(c.words, "--plaintext") {
		note(Error, c.words[0]+" has a password in the clear", hash)
	}
}

func (d *document) checkRootPassword(c command) {
	password, given := "", false
	for _, w := range c.words[1:] {
		if !strings.HasPrefix(w, "--") {
			password, given = w, true
		}
	}
	switch {
	case given:
		d.checkPassword(c, password, true)
		if !has(c.words, "--lock") {
			d.note(c.line, Warning, "secret", "root has a password", "write rootpw --lock, and let an ordinary user in")
		}
	case !has(c.words, "--lock"):
		d.note(c.line, Error, "secret", "rootpw says neither a password nor that there is none", "write rootpw --lock")
	}
	if has(c.words, "--allow-ssh") {
		d.note(c.line, Warning, "secret", "root may come in by SSH with a password", "take --allow-ssh out, and use keys")
	}
}

// checkPassword judges a password in the place of a hash, and a hash by its kind.
func (d *document) checkPassword(c command, password string, given bool) {
	hashed := strings.TrimPrefix(password, "!")
	switch {
	case !given:
	case !has(c.words, "--iscrypted"):
		if !has(c.words, "--plaintext") { // which is told already
			d.note(c.line, Error, "secret", c.words[0]+" has a password in the clear", "use a hash (openssl passwd -6) with --iscrypted, or better a key of SSH")
		}
	case strings.HasPrefix(hashed, "$1$") || !strings.HasPrefix(hashed, "$"):
		d.note(c.line, Error, "secret", c.words[0]+" has a password whose hash is broken in minutes, or none at all", "make one with: openssl passwd -6")
	case hashForm.MatchString(hashed):
		d.note(c.line, Info, "secret", c.words[0]+" has a hash, which whoever gets this file can guess at", "")
	}
}

// scriptSecrets are what gives secrets away in scripts.
var scriptSecrets = []struct {
	pattern *regexp.Regexp
	level   Level
	text    string
}{
	{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`), Error, "a private key is in the script"},
	{regexp.MustCompile(`\bchpasswd\b|\bpasswd\b.*--stdin`), Warning, "a password is set by the script"},
	{regexp.MustCompile(`(?i)\b(?:[a-z_]*(?:password|passwd|secret)|aws_[a-z_]*key|api_?key)=["']?[^\s"'$;]{4}`), Warning, "this looks like a secret"},
	{regexp.MustCompile(`\bNOPASSWD:\s*ALL\b`), Warning, "a user becomes root without a password: whoever gets out of a container is root then"},
	{regexp.MustCompile(`\bcurl\b.*(?:\s-k\b|--insecure\b)|\bwget\b.*--no-check-certificate`), Warning, "whoever is on the way can change what is fetched"},
	{regexp.MustCompile(`\b(?:curl|wget)\b[^|]*\|\s*(?:sudo\s+)?(?:ba)?sh\b`), Warning, "what is fetched is run unseen"},
}
