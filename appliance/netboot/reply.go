package netboot

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
)

// smallest is how long BOOTP messages are at least; some clients pass over shorter ones.
const smallest = 300

// LongestURL is how many bytes an option holds.
const LongestURL = 255

// reply is what a machine is told. There is no address in it: that makes it the offer of a proxy, which firmware adds
// to the one that it takes an address from.
func (q request) reply(kind byte, server netip.Addr, url string) ([]byte, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	if !server.Is4() {
		return nil, fmt.Errorf("%s is no IPv4 address to answer from", server)
	}
	own := server.As4()
	m := make([]byte, headerLength, smallest+LongestURL)
	m[0], m[1], m[2] = fromServer, ethernet, macLength
	copy(m[4:], q.id[:])
	copy(m[10:], q.flags[:])
	copy(m[20:], own[:])
	copy(m[28:], q.mac[:])
	m = append(m, cookie[:]...)
	m = option(m, optionKind, []byte{kind})
	m = option(m, optionServer, own[:])
	m = option(m, optionClass, []byte(class))
	if q.machine != nil {
		m = option(m, optionMachine, q.machine)
	}
	m = option(m, optionFile, []byte(url))
	m = append(m, optionPad, optionEnd) // older EDK2 writes a zero behind the URL
	for len(m) < smallest {
		m = append(m, optionPad)
	}
	return m, nil
}

func option(m []byte, code byte, value []byte) []byte {
	return append(append(m, code, byte(len(value))), value...)
}

// CheckURL wants one that firmware can be told: http or https, plain characters, short enough.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%.300q is no URL that firmware can fetch", s)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return fmt.Errorf("%.300q has characters that firmware does not take", s)
		}
	}
	if len(s) > LongestURL {
		return fmt.Errorf("%.300q: %w", s, errLong)
	}
	return nil
}

var errLong = errors.New("firmware takes 255 characters at most")
