//go:build !linux

package netstack

import (
	"errors"
	"fmt"
)

// OpenTAP opens a TAP device. This system has none that is known here: the error is errors.ErrUnsupported.
func OpenTAP(name string) (Link, error) { return unsupported(name) }

// OpenTUN opens a TUN device. This system has none that is known here: the error is errors.ErrUnsupported.
func OpenTUN(name string) (Link, error) { return unsupported(name) }

func unsupported(name string) (Link, error) {
	return Link{}, fmt.Errorf("netstack: open the device %q: %w", name, errors.ErrUnsupported)
}
