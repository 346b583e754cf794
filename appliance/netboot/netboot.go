// Package netboot tells machines that boot over HTTP where their boot image is.
//
// It is a DHCP server without addresses, a proxy as PXE calls it: the site's own server gives a machine its address,
// and this one, beside it, a URL. It answers firmware that asks for HTTP boot and nobody else, only on its own
// network, and only machines that a Book knows: what they are told erases their disks. It does not know what is at
// a URL. Sources: RFC 2131 and 2132 (messages), RFC 4578 (what firmware says of itself), the UEFI specification's
// "HTTP Boot", and EDK2's HttpBootDxe, which is in most firmware.
package netboot

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"edge/appliance/event"
)

// Client is a machine that asks what to boot.
type Client struct {
	MAC  MAC
	Arch Arch
}

// Book knows machines and what they boot.
type Book interface {
	// Knows tells whether a machine is to be answered. It is asked for every one that boots over HTTP.
	Knows(MAC) bool
	// URL is where the image of a machine is.
	URL(context.Context, Client) (string, error)
}

// Recorder is the diary; *event.Log is one.
type Recorder interface {
	Append(event.Event) event.Event
}

// Options of Listen. All but Now are needed.
type Options struct {
	Interface string // the network that is answered
	Book      Book
	Events    Recorder
	Now       func() time.Time
}

// Ports, RFC 2131 section 4.1 and PXE 2.1 section 2.2.
const (
	serverPort = 67
	clientPort = 68
	proxyPort  = 4011 // where some firmware asks again what it was offered
)

// everybody is who an offer is sent to, since a machine that asks has no address yet.
var everybody = netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), clientPort)

// errSilence says that nobody waits for an answer from here.
var errSilence = errors.New("not to be answered")

// answer is what a datagram is answered with, and to whom. from sent it to one of our ports; home finds our address
// on that network. The error is errSilence for what is none of our business, and ErrMalformed for what is no message.
func (r *Responder) answer(ctx context.Context, data []byte, port int, from netip.AddrPort, home func() (netip.Prefix, error)) (reply []byte, to netip.AddrPort, err error) {
	q, err := parse(data)
	if err != nil {
		return nil, to, err
	}
	kind := q.expects(port)
	c, boots := q.client()
	if kind == 0 || !boots || !r.o.Book.Knows(c.MAC) || !r.pace.admit(c.MAC, kind) {
		return nil, to, errSilence
	}
	own, err := home()
	if err != nil {
		return nil, to, err
	}
	if to = everybody; kind == acknowledge {
		if to = from; !q.isNear(from, own) {
			return nil, to, errSilence
		}
	}
	url, err := r.o.Book.URL(ctx, c)
	if err == nil {
		reply, err = q.reply(kind, own.Addr(), url)
	}
	if err != nil {
		return nil, to, fmt.Errorf("telling %s what to boot: %w", c.MAC, err)
	}
	if kind == offer {
		r.tell(c, url)
	}
	return reply, to, nil
}

// expects is the kind of answer that a request waits for, or 0. What was relayed comes from a network that is not
// ours, and a relay could be anybody.
func (q request) expects(port int) byte {
	switch {
	case q.relayed:
		return 0
	case port == serverPort && q.kind == discover:
		return offer
	case port == proxyPort && q.kind == requests:
		return acknowledge
	}
	return 0
}

// isNear tells whether a request that is answered to its sender was meant for us and comes from our own network, so
// that a forged sender cannot make us send anything to strangers.
func (q request) isNear(from netip.AddrPort, own netip.Prefix) bool {
	return (from.Port() == clientPort || from.Port() == proxyPort) && own.Masked().Contains(from.Addr()) &&
		from.Addr() != own.Addr() && (!q.server.IsValid() || q.server == own.Addr())
}

func (r *Responder) tell(c Client, url string) {
	r.o.Events.Append(event.Event{Kind: "netboot.told", Subject: c.MAC.String(), Message: "boots " + url, Actor: "netboot, " + string(c.Arch)})
}
