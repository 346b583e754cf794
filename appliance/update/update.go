// Package update brings a device up to date and takes back what does not work: its applications, one by
// one, and its operating system. It decides when to try, what counts as proof, and what is never tried
// again so soon.
//
// It knows no schedule of its own (timers call it), shows nothing, and speaks to containers only through
// room podman and to deployments only through room deployment.
package update

import "errors"

// Causes of a run that did not take place.
var (
	ErrRunning = errors.New("another update is under way")
	ErrEngine  = errors.New("another engine updates this device")
	ErrNoApp   = errors.New("no such app in the device's profile")
)
