package blueprint

import "strings"

// ID names one release of one blueprint: NAME@VERSION.
type ID struct {
	Blueprint Name
	Version   Version
}

// ParseID reads NAME@VERSION, with exactly one '@'.
func ParseID(s string) (ID, error) {
	if strings.Count(s, "@") != 1 {
		return ID{}, invalid("release", s, "it is not of the form NAME@VERSION; write one such as demo_upgrade@0.0.2")
	}
	name, version, _ := strings.Cut(s, "@")
	n, err := ParseName(name)
	if err != nil {
		return ID{}, err
	}
	v, err := ParseVersion(version)
	if err != nil {
		return ID{}, err
	}
	return ID{Blueprint: n, Version: v}, nil
}

// String is NAME@VERSION.
func (id ID) String() string { return string(id.Blueprint) + "@" + string(id.Version) }
