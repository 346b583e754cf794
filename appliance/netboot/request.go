package netboot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrMalformed is the cause when bytes are no DHCP request of a machine on an Ethernet.
var ErrMalformed = errors.New("malformed request")

// A message, RFC 2131 section 2: the header of BOOTP, a cookie, and options.
const (
	headerLength = 236
	shortest     = headerLength + 4
	longest      = 1500 // more than an Ethernet carries; firmware sends 300 to 600
	maxOptions   = 64

	fromClient, fromServer = 1, 2
	ethernet, macLength    = 1, 6
)

var cookie = [4]byte{99, 130, 83, 99}

// Kinds of messages: option 53 of RFC 2132.
const (
	discover    = 1
	offer       = 2
	requests    = 3
	acknowledge = 5
)

// Options that count here.
const (
	optionPad     = 0
	optionKind    = 53
	optionServer  = 54
	optionClass   = 60
	optionFile    = 67
	optionArch    = 93 // RFC 4578
	optionMachine = 97
	optionEnd     = 255
)

// class is what firmware that boots over HTTP says of itself, alone or before a colon, and what it wants to hear.
const class = "HTTPClient"

// Arch is a processor as the bases of boot images have it.
type Arch string

// Architectures that images are for.
const (
	X8664   Arch = "x86_64"
	AArch64 Arch = "aarch64"
)

// archs are IANA's Processor Architecture Types of UEFI that boots over HTTP.
var archs = map[uint16]Arch{16: X8664, 19: AArch64}

// request is what a machine sends.
type request struct {
	kind    byte
	id      [4]byte // of the exchange
	flags   [2]byte
	mac     MAC
	relayed bool       // from another network
	server  netip.Addr // whom it is for; not valid: anybody
	class   string
	archs   []byte // two bytes each
	machine []byte // its UUID, which it wants to see again
}

// parse reads a request. What it does not need may be anything.
func parse(data []byte) (request, error) {
	var q request
	if len(data) < shortest || len(data) > longest {
		return q, fmt.Errorf("%w: %d bytes", ErrMalformed, len(data))
	}
	if data[0] != fromClient || data[1] != ethernet || data[2] != macLength || [4]byte(data[headerLength:shortest]) != cookie {
		return q, fmt.Errorf("%w: neither from a machine nor by DHCP", ErrMalformed)
	}
	q.id, q.flags = [4]byte(data[4:8]), [2]byte(data[10:12])
	q.relayed = data[3] != 0 || binary.BigEndian.Uint32(data[24:28]) != 0
	q.mac = MAC(data[28 : 28+macLength])
	if !q.mac.single() {
		return q, fmt.Errorf("%w: %s is the address of no machine", ErrMalformed, q.mac)
	}
	all, err := options(data[shortest:])
	if err != nil {
		return q, err
	}
	return q, q.take(all)
}

// options reads options up to the one that ends them. Those of firmware fit into one piece each.
func options(data []byte) (map[byte][]byte, error) {
	all := map[byte][]byte{}
	for len(data) > 0 {
		code := data[0]
		switch {
		case code == optionEnd:
			return all, nil
		case code == optionPad:
			data = data[1:]
			continue
		case len(data) < 2 || len(data) < 2+int(data[1]):
			return nil, fmt.Errorf("%w: option %d is cut off", ErrMalformed, code)
		case all[code] != nil || len(all) == maxOptions:
			return nil, fmt.Errorf("%w: option %d is there twice, or the last of too many", ErrMalformed, code)
		}
		n := 2 + int(data[1])
		all[code] = data[2:n:n]
		data = data[n:]
	}
	return nil, fmt.Errorf("%w: its options have no end", ErrMalformed)
}

// take keeps the options that count.
func (q *request) take(all map[byte][]byte) error {
	kind, server, machine := all[optionKind], all[optionServer], all[optionMachine]
	if len(kind) != 1 || server != nil && len(server) != 4 || machine != nil && len(machine) != 17 || len(all[optionArch])%2 != 0 {
		return fmt.Errorf("%w: an option has a length that it cannot have", ErrMalformed)
	}
	q.kind, q.class, q.archs, q.machine = kind[0], string(all[optionClass]), all[optionArch], machine
	if server != nil {
		q.server = netip.AddrFrom4([4]byte(server))
	}
	return nil
}

// client is the machine that asks, if it boots over HTTP and is one that there are images for.
func (q request) client() (c Client, boots bool) {
	if name, _, _ := strings.Cut(q.class, ":"); name != class {
		return c, false
	}
	for left := q.archs; len(left) >= 2; left = left[2:] {
		if arch, known := archs[binary.BigEndian.Uint16(left)]; known {
			return Client{q.mac, arch}, true
		}
	}
	return c, false
}
