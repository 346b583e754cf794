package unit

import (
	"net/netip"
	"strconv"

	"edge/appliance/profile"
)

const socketProxy = "/usr/lib/systemd/systemd-socket-proxyd"

// cold adds the socket that waits for requests and the proxy that carries them. The container runs while
// the proxy does: the proxy ends when it is idle, nobody needs the container any more, and it is stopped.
func (l *list) cold(a profile.App) {
	names := App(a)
	l.userUnit(ownerApp(a), names[0], "sockets.target", l.socket(a))
	l.userUnit(ownerApp(a), names[1], "", l.proxy(a, names[0]))
}

func (l *list) socket(a profile.App) *document {
	d := newDocument(a.Name + ": waits for requests while the application sleeps.")
	d.section("Unit")
	d.set("Description="+a.Name+" (socket)", "ConditionUser="+l.User)
	d.section("Socket")
	d.set("ListenStream=" + listen(a))
	if ip, err := netip.ParseAddr(a.Bind); err == nil && !ip.IsLoopback() && !ip.IsUnspecified() {
		d.set("FreeBind=yes") // the user's manager may be up before the address is
	}
	d.section("Install")
	d.set("WantedBy=sockets.target")
	return d
}

// proxy writes the service behind the socket. It has no limit of starts: a socket whose service reached
// one stays down for good. A broken app is not started without pause by it, because a start that is asked
// for while the container waits for its restart waits as well.
func (l *list) proxy(a profile.App, socket string) *document {
	d := newDocument(a.Name+": hands requests to the application.",
		"It ends after "+span(a.Idle)+" without one, and the application with it.")
	d.section("Unit")
	d.set(
		"Description="+a.Name+" (proxy)",
		"ConditionUser="+l.User,
		"Requires="+socket,
		"BindsTo="+service(a),
		"After="+socket+" "+service(a), // which is up when it answers: the first request is served
		"StartLimitIntervalSec=0",
	)
	d.section("Service")
	if a.Proxy == profile.ProxyAppliance {
		d.set("Type=notify")
		d.run("ExecStart", words(l.Binary, "device", "proxy", "--app", a.Unit)...)
	} else {
		// Not of the type "notify": systemd 252 has a proxy that never says it is ready, and would be
		// called failed each time it ends.
		d.run("ExecStart", words(socketProxy, "--exit-idle-time="+span(a.Idle), "127.0.0.1:"+strconv.Itoa(a.Inner))...)
	}
	d.set(
		"MemoryMax=64M",
		"NoNewPrivileges=yes",
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
		"RestrictNamespaces=yes",
		"RestrictRealtime=yes",
		"RestrictSUIDSGID=yes",
		"LockPersonality=yes",
		"MemoryDenyWriteExecute=yes",
		"SystemCallArchitectures=native",
	)
	return d
}
