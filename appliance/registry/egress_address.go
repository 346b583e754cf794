//go:build containers_image_openpgp

package registry

import "net/netip"

// never are the addresses that no registry has: link-local ones with the metadata services of the
// clouds, those of one machine's innards, multicast, reserved blocks.
var never = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3",
	"100.100.100.200/32", // metadata of Alibaba Cloud
	"168.63.129.16/32",   // metadata of Azure
	"::/128", "fe80::/10", "fec0::/10", "ff00::/8",
	"fd00:ec2::/32", // metadata of AWS
)

// inner are the addresses behind the border that netip does not call private: shared ones of
// carriers and overlay networks.
var inner = prefixes("100.64.0.0/10", "198.18.0.0/15")

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, s := range list {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// guarded says why a may not be dialled; "" where it may. private permits loopback and private networks.
func guarded(a netip.Addr, private bool) string {
	a = embedded(a.WithZone("").Unmap())
	switch {
	case !a.IsValid(), within(never, a):
		return "an address that no registry may have"
	case private:
		return ""
	case a.IsLoopback(), a.IsPrivate(), within(inner, a):
		return "a private address"
	}
	return ""
}

// embedded is the IPv4 address inside an address of NAT64 (RFC 6052) or 6to4 (RFC 3056), to which a
// gateway would send it on; other addresses stay.
func embedded(a netip.Addr) netip.Addr {
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}
