package netboot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"edge/appliance/event"
)

// Responder answers machines on one network. It is for one Serve.
type Responder struct {
	o       Options
	pace    *pace
	sockets map[int]*net.UDPConn // by port
}

// Listen opens the ports of a DHCP server and of a proxy, on one interface only. A DHCP server may have the same
// port of this host, if it shares it as we do. Ports below 1024 need root or CAP_NET_BIND_SERVICE.
func Listen(ctx context.Context, o Options) (*Responder, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Responder{o: o, pace: newPace(o.Now), sockets: map[int]*net.UDPConn{}}
	for _, port := range []int{serverPort, proxyPort} {
		config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return share(c, o.Interface) }}
		socket, err := config.ListenPacket(ctx, "udp4", fmt.Sprintf(":%d", port))
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("listening for machines on %q, port %d: %w", o.Interface, port, err)
		}
		r.sockets[port] = socket.(*net.UDPConn) // by the name of the network
	}
	return r, nil
}

// share binds a socket to an interface, and leaves the port to others, too.
func share(c syscall.RawConn, iface string) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = errors.Join(
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
			syscall.BindToDevice(int(fd), iface),
		)
	})
	return errors.Join(err, set)
}

// Close closes the ports.
func (r *Responder) Close() {
	for _, s := range r.sockets {
		_ = s.Close() // nothing is written that would be lost
	}
}

// Serve answers until ctx ends, and closes the ports then.
func (r *Responder) Serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for port, socket := range r.sockets {
		g.Go(func() error { r.listen(ctx, port, socket); return nil })
	}
	g.Go(func() error {
		<-ctx.Done()
		r.Close()
		return nil
	})
	return g.Wait()
}

// listen answers what comes to one port. A network that is down for a while is no reason to give up.
func (r *Responder) listen(ctx context.Context, port int, socket *net.UDPConn) {
	buffer := make([]byte, longest+1)
	for ctx.Err() == nil {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			err = r.serve(ctx, socket, buffer[:n], port, from)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.o.Events.Append(event.Event{Kind: "netboot.failed", Subject: r.o.Interface, Message: "a machine that boots over HTTP was not answered", Outcome: err.Error(), Actor: "netboot"})
		select { // it may be all that happens here for some time
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// serve answers one datagram. Nothing is said of those that need no answer.
func (r *Responder) serve(ctx context.Context, socket *net.UDPConn, data []byte, port int, from netip.AddrPort) error {
	reply, to, err := r.answer(ctx, data, port, from, func() (netip.Prefix, error) { return address(r.o.Interface) })
	if errors.Is(err, errSilence) || errors.Is(err, ErrMalformed) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = socket.WriteToUDPAddrPort(reply, to)
	return err
}

// address is the first IPv4 address of an interface, with its network. It is looked up each time, for it can come
// late and change.
func address(iface string) (netip.Prefix, error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("finding interface %q: %w", iface, err)
	}
	all, err := i.Addrs()
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("finding the address of %q: %w", iface, err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("interface %q has no IPv4 address", iface)
}
