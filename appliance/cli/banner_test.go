package cli

import (
	"net"
	"strings"
	"testing"

	"edge/appliance/blueprint"
	"edge/appliance/release"
)

func TestWelcome(t *testing.T) {
	all := []release.Release{
		{Blueprint: "demo_upgrade", Version: "0.0.3", State: release.Staged, Ref: "rhel/9/x86_64/edge"},
		{Blueprint: "demo_upgrade", Version: "0.0.2", State: release.Staged, Ref: "rhel/9/x86_64/edge"},
		{Blueprint: "demo_upgrade", Version: "0.0.1", State: release.Published, Ref: "rhel/9/x86_64/edge"},
		{Blueprint: "another", Version: "0.0.1", State: release.Staged},
	}
	w := welcome{url: "http://10.0.0.5:8080", nearby: defaultServer, data: defaultData(), blueprints: []release.Blueprint{{Name: "demo_upgrade"}}, releases: all}
	var out strings.Builder
	w.print(&out)
	for _, want := range []string{
		"  Web page     http://10.0.0.5:8080/\n",
		"  Repository   http://10.0.0.5:8080/demo_upgrade/repo/\n",
		"  Token        " + defaultData() + "/token\n",
		"  appliance release diff demo_upgrade@0.0.1 demo_upgrade@0.0.2\n",
		"  appliance release publish demo_upgrade@0.0.2\n",
		"  ostree --repo=copy pull builder rhel/9/x86_64/edge\n",
		"  curl -H 'Accept: text/plain' http://10.0.0.5:8080/api/v1/releases\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("banner lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "export ") {
		t.Errorf("banner exports what is the default:\n%s", out.String())
	}
	elsewhere := welcome{nearby: "http://127.0.0.1:9000", data: "/it's here"}
	if got := strings.Join(elsewhere.next(), "\n"); got != "export APPLIANCE_SERVER=http://127.0.0.1:9000\n"+
		`export APPLIANCE_TOKEN=$(appliance token --data '/it'\''s here')`+"\nappliance release list\nappliance release import NAME@0.0.1 COMMIT.tar" {
		t.Errorf("next =\n%s", got)
	}
	if _, p, s := w.pick(); p != (blueprint.ID{Blueprint: "demo_upgrade", Version: "0.0.1"}) || s.Version != "0.0.2" {
		t.Errorf("pick = %v, %v", p, s)
	}
}

type fixed struct {
	net.Listener
	addr net.TCPAddr
}

func (f fixed) Addr() net.Addr { return &f.addr }

func TestReachable(t *testing.T) {
	for _, tt := range []struct {
		addr            net.TCPAddr
		reachable, near string
	}{
		{net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 80}, "http://10.0.0.5", "http://10.0.0.5:80"},
		{net.TCPAddr{IP: net.IPv6loopback, Port: 80}, "http://[::1]", "http://[::1]:80"},
		{net.TCPAddr{IP: net.IPv6unspecified, Port: 81}, "", "http://127.0.0.1:81"},
	} {
		l := fixed{addr: tt.addr}
		if got := reachable(l); tt.reachable != "" && got != tt.reachable || strings.Contains(got, "[::]") {
			t.Errorf("reachable(%v) = %s, want %s", tt.addr, got, tt.reachable)
		}
		if got := nearby(l); got != tt.near {
			t.Errorf("nearby(%v) = %s, want %s", tt.addr, got, tt.near)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, tt := range []struct {
		addr net.TCPAddr
		want string // "": a socket of its own
	}{
		{net.TCPAddr{IP: net.IPv4zero, Port: 80}, "127.0.0.1:80"},
		{net.TCPAddr{IP: net.IPv6unspecified, Port: 81}, "127.0.0.1:81"},
		{net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, "127.0.0.1:8080"},
		{net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 80}, ""},
		{net.TCPAddr{IP: net.IPv6loopback, Port: 80}, ""},
	} {
		sockets, endpoint, err := withEndpoint([]net.Listener{fixed{addr: tt.addr}})
		if err != nil || tt.want != "" && endpoint != tt.want || len(sockets) != map[bool]int{true: 1, false: 2}[tt.want != ""] || !strings.HasPrefix(endpoint, "127.0.0.1:") {
			t.Errorf("withEndpoint(%v) = %d sockets, %s, %v, want %q", tt.addr, len(sockets), endpoint, err, tt.want)
		}
		closeAll(sockets[1:])
	}
}
