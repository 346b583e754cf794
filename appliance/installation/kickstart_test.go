package installation

import (
	"errors"
	"strings"
	"testing"

	"edge/kickstart"
)

func TestKickstart(t *testing.T) {
	for _, tt := range []struct {
		name   string
		asked  Asked
		change func(*scene)
		want   []string
	}{
		{"for anybody", Asked{}, nil, []string{"--hostname=all", "for RHEL 9", "--url=http://builder:8080/demo/repo/ --ref=rhel/9/x86_64/edge", testKey, "!--password", "!/k/", "!APPLIANCE_ENROL_TOKEN", "--bootproto=dhcp"}},
		{"a device that is known", Asked{Device: "edge-1"}, nil, []string{"device edge-1", "--hostname=edge-1", "--ip=192.0.2.9", "--only-use=sdb"}},
		{"by its link", Asked{Links: []string{"52:54:00:00:00:99", "52:54:00:00:00:01"}}, nil, []string{"device edge-1", "--ip=192.0.2.9"}},
		{"by no link", Asked{Links: []string{"", "x"}}, nil, []string{"!device edge-1"}},
		{"a device that is not known", Asked{Device: "edge-9"}, nil, []string{"--hostname=edge-9", "--bootproto=dhcp"}},
		{"with a hash that is wanted there", Asked{}, func(s *scene) { s.options.OpenHash = true }, []string{"--iscrypted --password="}},
		{"for a target", Asked{Target: kickstart.Fedora, Product: "Red Hat Enterprise Linux 10"}, nil, []string{"for Fedora"}},
		{"for an installer", Asked{Product: "Fedora"}, nil, []string{"for Fedora"}},
		{"for the configured target", Asked{Product: "Red Hat Enterprise Linux"}, func(s *scene) { s.options.Params.Target = kickstart.RHEL10 }, []string{"for RHEL 10"}},
		{"for the ref", Asked{}, func(s *scene) { s.system.Ref = "rhel/10/x86_64/edge" }, []string{"for RHEL 10"}},
		{"without a key", Asked{}, func(s *scene) { s.system.Key = "" }, []string{"!ed25519-key"}},
		{"from the medium", Asked{}, func(s *scene) { s.options.Params.Source.Kind = kickstart.Medium }, []string{"--url=file:///run/install/repo/ostree/repo"}},
		{"from this medium", Asked{Repository: "file:///run/install/repo/edge"}, nil, []string{"--url=file:///run/install/repo/edge --ref=rhel/9/x86_64/edge"}},
		{"an image needs nothing published", Asked{}, func(s *scene) {
			s.system.Published = false
			s.options.Params.Source = kickstart.Source{Kind: kickstart.Container, Remote: "edge", Image: "builder:8080/os:prod"}
		}, []string{"ostreecontainer ", "!ostreesetup"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			if tt.change != nil {
				tt.change(s)
				s.reopen()
			}
			tt.asked.Blueprint = "demo"
			text, err := s.Kickstart(t.Context(), tt.asked)
			if err != nil {
				t.Fatal(err)
			}
			wants(t, string(text), tt.want...)
			if s.tokens.made > 0 || len(s.events) > 0 {
				t.Errorf("%d tokens, %v", s.tokens.made, s.events)
			}
		})
	}
}

func TestKickstartRefusals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		asked  Asked
		change func(*scene)
		want   error
		words  string
	}{
		{"no blueprint", Asked{Blueprint: "x"}, nil, errNoBlueprint, ""},
		{"nothing published", Asked{Blueprint: "demo"}, func(s *scene) { s.system.Published = false }, ErrNothing, `"demo"`},
		{"an architecture without a program", Asked{Blueprint: "demo", Machine: "aarch64"}, nil, ErrNoProgram, `"aarch64"`},
		{"a hostile architecture", Asked{Blueprint: "demo", Machine: strings.Repeat("\x1b", 500)}, nil, ErrNoProgram, ""},
		{"a hostile device", Asked{Blueprint: "demo", Device: "x\nrootpw y"}, nil, kickstart.ErrInvalid, "device"},
		{"a template that is faulty", Asked{Blueprint: "demo"}, func(s *scene) { s.options.Params.Template = "clearpart --all" }, kickstart.ErrInvalid, "every disk"},
	} {
		s := newScene(t)
		if tt.change != nil {
			tt.change(s)
			s.reopen()
		}
		if _, err := s.Kickstart(t.Context(), tt.asked); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) || len(err.Error()) > 600 {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
