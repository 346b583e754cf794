package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// listen opens the sockets to serve on: those of systemd, or one of our own.
func listen(address string) ([]net.Listener, error) {
	all, err := activated()
	if err != nil || len(all) > 0 {
		return all, err
	}
	l, err := net.Listen("tcp", address)
	var cause syscall.Errno
	switch errors.As(err, &cause); {
	case err == nil:
		return []net.Listener{l}, nil
	case cause == syscall.EADDRINUSE:
		return nil, hinted{fmt.Errorf("listening on %q: the address is in use", address), "--listen names another one, such as :8081"}
	case cause == syscall.EACCES:
		return nil, hinted{fmt.Errorf("listening on %q: permission denied", address), "ports below 1024 need root or CAP_NET_BIND_SERVICE; --listen names another one"}
	}
	return nil, hinted{fmt.Errorf("listening on %q: %w", address, err), "--listen takes HOST:PORT or :PORT"}
}

// reachable is the URL under which others find a listener: its own address, or where it listens on
// all of them the first that is not only this host's.
func reachable(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "http://localhost"
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = outwardHost()
	}
	if addr.Port == 80 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "http://" + host
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

func outwardHost() string {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		addresses = nil
	}
	var second string
	for _, a := range addresses {
		own, ok := a.(*net.IPNet)
		if !ok || !own.IP.IsGlobalUnicast() {
			continue
		}
		if own.IP.To4() != nil {
			return own.IP.String()
		}
		if second == "" {
			second = own.IP.String()
		}
	}
	if second != "" {
		return second
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "127.0.0.1"
}

// nearby is the URL by which this host's own commands reach a listener.
func nearby(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok || addr.IP.IsUnspecified() || addr.IP.IsLoopback() && addr.IP.To4() != nil {
		port := 80
		if ok {
			port = addr.Port
		}
		return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return "http://" + net.JoinHostPort(addr.IP.String(), strconv.Itoa(addr.Port))
}
