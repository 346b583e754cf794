package blueprint

import (
	"errors"
	"strings"
	"testing"
)

// demo is a blueprint as people write them.
const demo = `name = "demo"
description = "a demonstration"
version = "0.0.1" # raise me

[[packages]]
name = "git"
version = "*"

[[customizations.user]]
name = "admin"
password = "R3dh4t1!"
groups = ["wheel"]

[customizations.services]
enabled = ["sshd"]
`

func TestParse(t *testing.T) {
	d, err := Parse([]byte(demo+"[[groups]]\nname = \"core\"\n[[modules]]\nname = \"zsh\"\n"), "demo.toml")
	if err != nil || d.Name != "demo" || d.Version != "0.0.1" || len(d.Packages) != 2 || d.Packages[1].Name != "zsh" || d.Groups[0] != "core" || d.Users[0] != "admin" || !d.Secret() {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err = Parse([]byte("name = \"a\"\r\n"), "x"); err != nil || d.Text != "name = \"a\"\n" {
		t.Errorf("%q, %v", d.Text, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                               `1:1: name: parsing blueprint name ""`,
		"name = 'a'\nextra = 1\n":        `x:2:1: unknown key "extra"`,
		"name = 'a'\nversion = '1.2'\n":  `x:2:1: version: `,
		"name = 'a'\nversion = 1\n":      `x:2:1: version: want text`,
		"name = '<script>'\n":            `x:1:1: name: `,
		"name = 'api'\n":                 `the server itself answers`,
		"name = 'blueprints.git'\n":      `the server itself answers`,
		"name = 'a'\n[[packages]]\n":     `x:2:3: packages[0]: the name is missing`,
		"name = 'a'\npackages = ['x']\n": `packages[0]: want a table`,
		"name = 'a'\n[packages]\nn = 1":  `want tables, each beginning with [[packages]]`,
		"name = 'a'\n[[packages]]\nname = 'x'\nversoin = '*'\n":                                                         `x:4:1: packages[0].versoin: this key is unknown`,
		"name = 'a'\n[[packages]]\nname = '<script>alert(1)</script>'\n":                                                `x:3:1: packages[0].name: "<script>`,
		"name = 'a'\n[customizations]\nfips = 'yes'\n":                                                                  `x:3:1: customizations.fips: want true or false`,
		"name = 'a'\n[customizations.'a.b']\n":                                                                          `this key is unknown`,
		"name = 'a'\n[[customizations.user]]\nname = 'a b'\n":                                                           `x:3:1: customizations.user[0].name: `,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\n[[customizations.user]]\nname = 'a'\n":                        `x:5:1: customizations.user[1].name: user "a" is there twice`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = ''\n":                                              `x:4:1: customizations.user[0].password: an account that is locked`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = '$6$half'\n":                                       `the hash is not whole`,
		"name = 'a'\n[[customizations.files]]\npath = '/etc/x'\nuri = 'file:///etc/shadow'\n":                           `customizations.files[0].uri: this would be a file of the builder`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = '$6$s t$" + strings.Repeat("a", 86) + "'\n":        `the hash is not whole, or of a kind`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = \"\\u00246$st$" + strings.Repeat("a", 86) + "\"\n": `write the hash as it is, without escapes`,
		"name = 'a'\n[[customizations.files]]\npath = '/etc/../x'\nmode = 'rwx'\n":                                      `customizations.files[0].mode: "rwx" is no mode`,
		"name = 'a'\ndescription = \"a\\u0000b\"\n":                                                                     `there is a NUL`,
		"name = 'a'\nname = 'b'\n":     `x:2:`,
		strings.Repeat("#", MaxSize+1): `at most 262144`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\nkey = \"ssh-ed25519 AAAA\\nssh-rsa B\"\n":                                   `want one line`,
		"name = 'a'\nCustomizations.hostname = 'x'\n":                                                                                 `unknown key "Customizations"`,
		"name = 'a'\n[[customizations.filesystem]]\nmountpoint = '/'\nminsize = true\n":                                               `want a text or a number`,
		"name = 'a'\ncustomizations = 3\n":                                                                                            `want one table, [customizations]`,
		"name = 'a'\n[[enabled_modules]]\nstream = '1'\n":                                                                             `the name is missing`,
		"name = 'a'\n[[containers]]\nname = 'x'\n":                                                                                    `a container has a source`,
		"name = 'a'\n[[customizations.sshkey]]\nuser = 'x'\n":                                                                         `an sshkey has a user and a key`,
		"name = 'a'\n[[customizations.group]]\ngid = -1\nname='x'":                                                                    `want a number from 0`,
		"name = 'a'\n[customizations.services]\nenabled = 'sshd'\n":                                                                   `want a list of texts`,
		"name = 'a'\n[customizations.firstboot]\nscripts = 'x'\n":                                                                     `want a list`,
		"name = 'a'\n[[customizations.directories]]\npath = 'etc'\n":                                                                  `is not absolute`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = \"two\\nlines\"\n":                                               `want one line`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = '" + strings.Repeat("p", 300) + "'\n":                            `want one line of at most 256 bytes`,
		"name = 'a'\n[[customizations.user]]\nname = 'a'\npassword = '!!'\n":                                                          `is locked`,
		"name = 'a'\n[[packages]]\n" + strings.Repeat("[[packages]]\n", maxItems):                                                     `too many: at most 2000`,
		"name = 'a'\n[[customizations.installer.payload.flatpaks.force]]\nreferences = ['a']\nregistry = {url = 'x', extra = true}\n": `customizations.installer.payload.flatpaks.force[0].registry.extra: this key is unknown`,
	} {
		_, err := Parse([]byte(text), "x")
		if !errors.Is(err, ErrDocument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200q: %v, want %s", text, err, want)
		}
	}
}

// A password is in no fault, whatever it is.
func TestFaultsKeepPasswords(t *testing.T) {
	for _, value := range []string{"12345678901", "[12345678901]", "1234567890.1", "'12345678901\n'", "'$9$12345678901'", "true12345678901", "'12345678901"} {
		_, err := Parse([]byte("name = 'a'\nx = 1\n[[customizations.user]]\nname = 'a'\npassword = "+value+"\n"), "x")
		if err == nil || strings.Contains(err.Error(), "1234567890") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestAllKeysAreKnown(t *testing.T) {
	text := "name = 'a'\n[customizations]\nhostname = 'h'\nfips = true\ninstallation_device = '/dev/sda'\n" +
		"[customizations.kernel]\nappend = 'quiet'\n[[customizations.filesystem]]\nmountpoint = '/var'\nminsize = '10 GiB'\n" +
		"[[customizations.files]]\npath = '/etc/greenboot/check/required.d/01.sh'\nmode = '0755'\nuser = 0\ngroup = 'root'\ndata = \"#!/bin/sh\\n\"\n" +
		"[customizations.firewall.services]\nenabled = ['http']\n[customizations.ignition.firstboot]\nurl = 'http://x'\n" +
		"[[customizations.firstboot.scripts]]\ntype = 'custom'\ncontents = 'x'\n[[customizations.disk.partitions]]\ntype = 'lvm'\n" +
		"[[customizations.disk.partitions.logical_volumes]]\nname = 'x'\nminsize = 3\n"
	if _, err := Parse([]byte(text), "x"); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(demo)
	f.Add("name = 'a'\npackages = [{name = 'x'}, {name = 'y', version = '1'}]\ncustomizations.user = [{name = 'u', password = 'p'}]\n")
	f.Add("name = 'a'\n[customizations.'user[]']\nname = 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse([]byte(text), "x")
		if err != nil {
			if !errors.Is(err, ErrDocument) {
				t.Fatalf("%v", err)
			}
			return
		}
		raised, err := d.called("7.8.9")
		if err != nil || raised.Version != "7.8.9" || raised.Name != d.Name || len(raised.Packages) != len(d.Packages) || len(raised.passwords) != len(d.passwords) {
			t.Fatalf("%q becomes %q: %v", text, raised.Text, err)
		}
	})
}
