package netboot

import (
	"fmt"
	"net"
)

// MAC is the address of a network card.
type MAC [macLength]byte

// ParseMAC reads one such as 52:54:00:12:34:56.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != macLength || !MAC(hw).single() {
		return MAC{}, fmt.Errorf("%.40q is no address of a network card: want one such as 52:54:00:12:34:56", s)
	}
	return MAC(hw), nil
}

func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// single tells whether it is the address of one card, and not of a group or of none.
func (m MAC) single() bool { return m[0]&1 == 0 && m != MAC{} }
