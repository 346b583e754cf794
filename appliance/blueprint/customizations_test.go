package blueprint

import (
	"encoding/json"
	"testing"
)

func TestCustomizations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"none", "name = 'a'\n", `{}`},
		{"some", "name = 'a'\n[customizations]\nhostname = 'h'\n[customizations.firewall]\nports = ['22:tcp']\n[[customizations.filesystem]]\nmountpoint = '/var'\nminsize = 1024\n",
			`{"filesystem":[{"minsize":1024,"mountpoint":"/var"}],"firewall":{"ports":["22:tcp"]},"hostname":"h"}`},
		{"a password", "name = 'a'\n[[customizations.user]]\nname = 'admin'\npassword = 'R3dh4t1!'\n[[customizations.user]]\nname = 'other'\n",
			`{"user":[{"name":"admin","password":"(hidden)"},{"name":"other"}]}`},
		{"scripts of a free form", "name = 'a'\n[customizations.firstboot]\nscripts = [{type = 'custom', contents = 'x'}]\n",
			`{"firstboot":{"scripts":[{"contents":"x","type":"custom"}]}}`},
	} {
		d, err := Parse([]byte(tt.text), tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(d.Customizations()); err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	if got := (Document{Text: "= ="}).Customizations(); len(got) != 0 {
		t.Errorf("customizations of no TOML: %v", got)
	}
}
