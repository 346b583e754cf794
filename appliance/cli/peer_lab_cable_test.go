package cli_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// cable is a piece of the wire between devices and builder, at which a fault can be put into the middle of
// a transfer: after so many bytes to devices something happens, and nothing moves until it has happened.
type cable struct {
	house *house
	end   net.Listener

	flow sync.Mutex // held while bytes are counted, and while the fault happens
	left int
	act  func()

	ends sync.Mutex
	open map[net.Conn]bool
	torn bool
}

// newCable lays the cable between the lab's devices and its builder.
func newCable(t *testing.T, l *lab) *cable {
	t.Helper()
	end, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{house: l.house, end: end, open: map[net.Conn]bool{}}
	t.Cleanup(func() { end.Close(); c.tear() })
	address := end.Addr().String()
	l.server.Store(&address)
	go func() {
		for {
			near, err := end.Accept()
			if err != nil {
				return
			}
			go c.carry(near)
		}
	}()
	return c
}

// after lets a fault happen when n more bytes have gone to devices. happened says whether it has.
func (c *cable) after(n int, act func()) (happened func() bool) {
	c.flow.Lock()
	defer c.flow.Unlock()
	c.left, c.act = n, act
	return func() bool {
		c.flow.Lock()
		defer c.flow.Unlock()
		gone := c.act == nil
		c.act = nil
		return gone
	}
}

func (c *cable) count(n int) {
	c.flow.Lock()
	defer c.flow.Unlock()
	if c.left -= n; c.act != nil && c.left <= 0 {
		act := c.act
		c.act = nil
		act()
	}
}

// tear ends every connection and lets no new one through.
func (c *cable) tear() {
	c.ends.Lock()
	defer c.ends.Unlock()
	c.torn = true
	for one := range c.open {
		one.Close()
	}
}

func (c *cable) mend() {
	c.ends.Lock()
	defer c.ends.Unlock()
	c.torn = false
}

// hold remembers an end of a connection, or closes it when the cable is torn.
func (c *cable) hold(one net.Conn) bool {
	c.ends.Lock()
	defer c.ends.Unlock()
	if c.torn {
		one.Close()
		return false
	}
	c.open[one] = true
	return true
}

func (c *cable) let(one net.Conn) {
	c.ends.Lock()
	defer c.ends.Unlock()
	delete(c.open, one)
	one.Close()
}

func (c *cable) carry(near net.Conn) {
	if !c.hold(near) {
		return
	}
	defer c.let(near)
	far, err := net.Dial("tcp", strings.TrimPrefix(c.house.url, "http://"))
	if err != nil || !c.hold(far) {
		return
	}
	defer c.let(far)
	go func() {
		io.Copy(far, near)
		far.(*net.TCPConn).CloseWrite()
	}()
	buffer := make([]byte, 16<<10)
	for {
		n, err := far.Read(buffer)
		c.count(n)
		if _, failed := near.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}
