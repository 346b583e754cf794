package compose

import (
	"fmt"
	"regexp"
)

var distributionForm = regexp.MustCompile(`^[a-z][a-z0-9_]{1,30}-[0-9]{1,3}(\.[0-9]{1,3})?$`)

// CheckDistribution refuses what cannot be the name of a distribution, as osbuild forms it: rhel-9.6, fedora-43.
func CheckDistribution(s string) error {
	if !distributionForm.MatchString(s) {
		return fmt.Errorf("%.40q is no distribution: want one such as rhel-9.6, centos-9 or fedora-43", s)
	}
	return nil
}
