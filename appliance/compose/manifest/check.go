//go:build containers_image_openpgp

package manifest

import (
	"fmt"
)

// Check tells whether a target takes a blueprint, as far as that can be told without packages: what the
// type of image does not know, or would leave out, is ErrBlueprint.
func Check(t Target, blueprint []byte) (err error) {
	defer func() { // see Make
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrBlueprint, p)
		}
	}()
	if _, err := begin(Request{Target: t, Blueprint: blueprint}); err != nil {
		return fmt.Errorf("composing for %s: %w", t, err)
	}
	return nil
}
