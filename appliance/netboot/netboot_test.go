package netboot

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"edge/appliance/event"
)

// book knows one machine.
type book struct {
	knows MAC
	url   string
	err   error
	asked []Client
}

func (b *book) Knows(m MAC) bool { return m == b.knows }

func (b *book) URL(_ context.Context, c Client) (string, error) {
	b.asked = append(b.asked, c)
	return b.url, b.err
}

const imageURL = "http://192.0.2.1:8080/demo_upgrade/images/boot.iso"

var (
	machine = MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	home    = netip.MustParsePrefix("192.0.2.1/24")
	nobody  = netip.MustParseAddrPort("0.0.0.0:68")
	leased  = netip.MustParseAddrPort("192.0.2.77:68")
)

// scene is a responder of one machine, whose clock stands still.
type scene struct {
	*Responder
	book   *book
	events *event.Log
	clock  time.Time
}

func newScene() *scene {
	s := &scene{book: &book{knows: machine, url: imageURL}, events: event.NewLog(10), clock: time.Unix(1e9, 0)}
	now := func() time.Time { return s.clock }
	s.Responder = &Responder{o: Options{Interface: "eno1", Book: s.book, Events: s.events, Now: now}, pace: newPace(now)}
	return s
}

func (s *scene) ask(data []byte, port int, from netip.AddrPort) ([]byte, netip.AddrPort, error) {
	return s.answer(context.Background(), data, port, from, func() (netip.Prefix, error) { return home, nil })
}

// message is what EDK2's HttpBootDxe sends, with changes: options that replace or, with nil, take away.
func message(kind byte, changes map[byte][]byte) []byte {
	m := make([]byte, headerLength)
	m[0], m[1], m[2] = 1, 1, 6
	copy(m[4:], "\x01\x02\x03\x04")
	m[10] = 0x80
	copy(m[28:], machine[:])
	m = append(m, cookie[:]...)
	for _, o := range []struct {
		code  byte
		value []byte
	}{
		{optionKind, []byte{kind}},
		{57, []byte{5, 192}},
		{55, []byte{1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97}},
		{optionMachine, append([]byte{0}, "0123456789abcdef"...)},
		{94, []byte{1, 3, 1}},
		{optionArch, []byte{0, 16}},
		{optionClass, []byte("HTTPClient:Arch:00016:UNDI:003001")},
		{optionServer, nil},
	} {
		if other, changed := changes[o.code]; changed {
			o.value = other
		}
		if o.value != nil {
			m = option(m, o.code, o.value)
		}
	}
	return append(m, optionEnd)
}

// told reads an answer as a client does.
func told(t *testing.T, reply []byte) map[byte][]byte {
	t.Helper()
	if len(reply) < smallest || reply[0] != fromServer || [4]byte(reply[4:8]) != [4]byte{1, 2, 3, 4} || reply[10] != 0x80 || MAC(reply[28:34]) != machine {
		t.Fatalf("an answer to something else: % x", reply)
	}
	if !bytes.Equal(reply[16:20], make([]byte, 4)) || !bytes.Equal(reply[20:24], []byte{192, 0, 2, 1}) {
		t.Errorf("it gives the address % x, and comes from % x", reply[16:20], reply[20:24])
	}
	all, err := options(reply[shortest:])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOffer(t *testing.T) {
	s := newScene()
	reply, to, err := s.ask(message(discover, nil), serverPort, nobody)
	if err != nil || to.String() != "255.255.255.255:68" {
		t.Fatal(to, err)
	}
	all := told(t, reply)
	for code, want := range map[byte]string{
		optionKind: "\x02", optionServer: "\xc0\x00\x02\x01", optionClass: "HTTPClient", optionFile: imageURL, optionMachine: "\x000123456789abcdef",
	} {
		if string(all[code]) != want {
			t.Errorf("option %d is %q, not %q", code, all[code], want)
		}
	}
	if len(all) != 5 {
		t.Errorf("options %v", all)
	}
	if reply[bytes.Index(reply, []byte(imageURL))+len(imageURL)] != 0 {
		t.Error("the URL does not end with a zero, which older firmware needs")
	}
	if len(s.book.asked) != 1 || s.book.asked[0] != (Client{machine, X8664}) {
		t.Errorf("asked for %v", s.book.asked)
	}
	e := s.events.Since(0)
	if len(e) != 1 || e[0].Kind != "netboot.told" || e[0].Subject != "52:54:00:12:34:56" || e[0].Message != "boots "+imageURL {
		t.Errorf("%+v", e)
	}
}

// A machine that asks again on the port of proxies is told the same, at the address that it has by now.
func TestAcknowledge(t *testing.T) {
	s := newScene()
	if _, _, err := s.ask(message(discover, nil), serverPort, nobody); err != nil {
		t.Fatal(err)
	}
	reply, to, err := s.ask(message(requests, map[byte][]byte{optionServer: {192, 0, 2, 1}}), proxyPort, leased)
	if err != nil || to != leased {
		t.Fatal(to, err)
	}
	if all := told(t, reply); string(all[optionKind]) != "\x05" || string(all[optionFile]) != imageURL {
		t.Errorf("%q", all)
	}
	if n := len(s.events.Since(0)); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestSilence(t *testing.T) {
	relayed := message(discover, nil)
	relayed[27] = 9
	hops := message(discover, nil)
	hops[3] = 1
	stranger := message(discover, nil)
	stranger[33]++
	for name, tt := range map[string]struct {
		data []byte
		port int
		from netip.AddrPort
	}{
		"an ordinary client":               {message(discover, map[byte][]byte{optionClass: []byte("MSFT 5.0")}), serverPort, nobody},
		"a client that says nothing":       {message(discover, map[byte][]byte{optionClass: nil}), serverPort, nobody},
		"PXE":                              {message(discover, map[byte][]byte{optionClass: []byte("PXEClient:Arch:00007")}), serverPort, nobody},
		"a class that only begins alike":   {message(discover, map[byte][]byte{optionClass: []byte("HTTPClients")}), serverPort, nobody},
		"BIOS that boots over HTTP":        {message(discover, map[byte][]byte{optionArch: {0, 20}}), serverPort, nobody},
		"no architecture":                  {message(discover, map[byte][]byte{optionArch: nil}), serverPort, nobody},
		"a machine that nobody named":      {stranger, serverPort, nobody},
		"another network":                  {relayed, serverPort, nobody},
		"a relay that does not say so":     {hops, serverPort, nobody},
		"a request to the site's server":   {message(requests, nil), serverPort, nobody},
		"an offer":                         {message(offer, nil), serverPort, nobody},
		"a release":                        {message(7, nil), serverPort, nobody},
		"a discover to the proxy's port":   {message(discover, nil), proxyPort, leased},
		"a request from a foreign network": {message(requests, nil), proxyPort, netip.MustParseAddrPort("198.51.100.1:68")},
		"a request from a foreign port":    {message(requests, nil), proxyPort, netip.MustParseAddrPort("192.0.2.77:53")},
		"a request from ourselves":         {message(requests, nil), proxyPort, netip.MustParseAddrPort("192.0.2.1:68")},
		"a request to another proxy":       {message(requests, map[byte][]byte{optionServer: {192, 0, 2, 9}}), proxyPort, leased},
	} {
		s := newScene()
		if reply, _, err := s.ask(tt.data, tt.port, tt.from); !errors.Is(err, errSilence) || reply != nil {
			t.Errorf("%s: %d bytes, %v", name, len(reply), err)
		}
		if len(s.events.Since(0)) != 0 || len(s.book.asked) != 0 {
			t.Errorf("%s: asked for %v, told %v", name, s.book.asked, s.events.Since(0))
		}
	}
}

func TestArchitectures(t *testing.T) {
	for codes, want := range map[string]Arch{"\x00\x10": X8664, "\x00\x13": AArch64, "\x00\x07\x00\x13": AArch64} {
		s := newScene()
		if _, _, err := s.ask(message(discover, map[byte][]byte{optionArch: []byte(codes)}), serverPort, nobody); err != nil || s.book.asked[0].Arch != want {
			t.Errorf("%q: %v, %v", codes, s.book.asked, err)
		}
	}
}

// What the book cannot say is an error, and the machine hears nothing.
func TestNoImage(t *testing.T) {
	none := errors.New("no such image")
	for _, b := range []book{{err: none}, {url: "ftp://192.0.2.1/x.iso"}, {url: "http://192.0.2.1/a b.iso"}, {url: "http:///x"}, {url: "http://192.0.2.1/" + string(bytes.Repeat([]byte("x"), 255))}} {
		s := newScene()
		b.knows = machine
		*s.book = b
		if reply, _, err := s.ask(message(discover, nil), serverPort, nobody); err == nil || errors.Is(err, errSilence) || reply != nil || b.err != nil && !errors.Is(err, none) {
			t.Errorf("%q: %d bytes, %v", b.url, len(reply), err)
		}
	}
	s := newScene()
	s.book.url = "http://h/" + string(bytes.Repeat([]byte("x"), LongestURL-9))
	if reply, _, err := s.ask(message(discover, nil), serverPort, nobody); err != nil || string(told(t, reply)[optionFile]) != s.book.url {
		t.Error("the longest URL is not told", err)
	}
}

// Nobody makes the server talk without end.
func TestPace(t *testing.T) {
	s := newScene()
	answered := func() bool {
		_, _, err := s.ask(message(discover, nil), serverPort, nobody)
		return err == nil
	}
	if !answered() || answered() {
		t.Error("a machine that asks twice at once is not answered once")
	}
	if s.clock = s.clock.Add(pause); !answered() {
		t.Error("a machine that asks again is not answered")
	}
	p := newPace(func() time.Time { return s.clock })
	n := 0
	for i := range 3 * maxSeen {
		if p.admit(MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}, offer) {
			n++
		}
	}
	if n != burst {
		t.Errorf("%d answers at once", n)
	}
	for i := range 3 * maxSeen {
		s.clock = s.clock.Add(time.Second / perSecond)
		if !p.admit(MAC{2, 0, 0, 1, byte(i >> 8), byte(i)}, offer) {
			t.Fatal("a machine is not answered in time")
		}
	}
	if len(p.seen) > maxSeen {
		t.Errorf("%d machines are remembered", len(p.seen))
	}
}

func TestParseMAC(t *testing.T) {
	if m, err := ParseMAC("52:54:00:12:34:56"); err != nil || m != machine || m.String() != "52:54:00:12:34:56" {
		t.Error(m, err)
	}
	for _, bad := range []string{"", "x", "52:54:00:12:34", "02:00:5e:10:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01"} {
		if _, err := ParseMAC(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
