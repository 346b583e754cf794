package blueprint

import (
	"errors"

	"edge/appliance/toml"
)

// Fault is something that is wrong in a blueprint, with its place: line and column, in bytes, from 1.
type Fault = toml.Fault

// Faults are those that err tells of, in the order of the document, a hundred at most; none where it is another error.
func Faults(err error) []Fault {
	var of *toml.Error
	if !errors.As(err, &of) {
		return nil
	}
	return of.Told()
}
