// Command server is all that the sample images run: it serves the files of one folder over HTTP/1.1.
// It speaks HTTP itself, because the standard server would treble its size, and it knows neither the
// appliance nor which sample it is part of. "server mute" starts and never listens: the failure that
// a container engine cannot see.
//
// Source of the protocol: RFC 9110 and RFC 9112.
package main

import (
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usage = "usage: server [-listen ADDRESS] [-site FOLDER] | server mute\n" +
	"The address is \":$PORT\", or \":8080\" without PORT, where -listen does not say another; the folder is /site."

// grace is how long answers may take to finish after SIGTERM. podman kills after 10 s.
const grace = 5 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Getenv("PORT"))) }

// run returns the exit code: 0 after a signal, 1 for a failure, 2 for wrong usage.
func run(args []string, port string) int {
	o, err := parse(args, port)
	if err != nil {
		return fail(2, err.Error()+"\n"+usage)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	if o.mute {
		say("running, and listening nowhere")
		<-stop
		return 0
	}
	site, err := load(o.site)
	if err != nil {
		return fail(1, err.Error())
	}
	listener, err := listen(o.listen)
	if err != nil {
		return fail(1, "listening on "+strconv.Quote(o.listen)+": "+err.Error())
	}
	say("serving " + strconv.Itoa(len(site)) + " files of " + o.site + " on " + listener.Addr().String())
	s := &server{site: site, conns: map[net.Conn]bool{}}
	go func() {
		<-stop
		_ = listener.Close()
	}()
	s.serve(listener)
	s.shutdown(grace)
	return 0
}

type options struct {
	mute         bool
	listen, site string
}

// parse reads "-name value", "-name=value" and both with two dashes, as package flag does.
func parse(args []string, port string) (options, error) {
	o := options{listen: ":8080", site: "/site"}
	if port != "" {
		o.listen = ":" + port
	}
	if len(args) == 1 && args[0] == "mute" {
		o.mute = true
		return o, nil
	}
	for len(args) > 0 {
		name, value, inline := strings.Cut(args[0], "=")
		args = args[1:]
		if !inline {
			if len(args) == 0 {
				return o, fault(name + " is no flag with a value")
			}
			value, args = args[0], args[1:]
		}
		switch name {
		case "-listen", "--listen":
			o.listen = value
		case "-site", "--site":
			o.site = value
		default:
			return o, fault(name + " is unknown")
		}
	}
	return o, nil
}

// listen takes ":8080", "127.0.0.1:8080" or "[::1]:8080": no names, so that the program is spared a
// resolver. Without an address it is every one of IPv6 and IPv4, or of what the machine has of them.
func listen(address string) (*net.TCPListener, error) {
	at := &net.TCPAddr{}
	if port, everywhere := strings.CutPrefix(address, ":"); everywhere {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		at.Port = int(n)
	} else {
		exact, err := netip.ParseAddrPort(address)
		if err != nil {
			return nil, err
		}
		at = net.TCPAddrFromAddrPort(exact)
	}
	return net.ListenTCP("tcp", at)
}

// fault is an error of this program's own, without package fmt.
type fault string

func (f fault) Error() string { return string(f) }

func say(text string) { _, _ = os.Stdout.WriteString("server: " + text + "\n") }

func fail(code int, text string) int {
	_, _ = os.Stderr.WriteString("server: " + text + "\n")
	return code
}
