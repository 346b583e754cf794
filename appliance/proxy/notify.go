package proxy

import (
	"log/slog"
	"net"
	"strings"
)

// notify tells systemd of a change of state, as sd_notify(3) does. It is no fault of the application
// when that fails, so it is only logged.
func notify(socket, state string, log *slog.Logger) {
	if socket == "" {
		return
	}
	if name, abstract := strings.CutPrefix(socket, "@"); abstract {
		socket = "\x00" + name
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		conn.Close()
	}
	if err != nil {
		log.Warn("systemd could not be told", "state", state, "fault", err)
	}
}
