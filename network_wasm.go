//go:build js || wasip1

package paf

import (
	"errors"
	"fmt"
	"runtime"
)

// noNetwork says why a dialer has failed: the network that Go has here is one within the program, and its errors speak of refused connections.
func noNetwork(err error) error {
	return fmt.Errorf("%w: there are no sockets on %s, so the Client's Context must lead to a flow of another kind (%w)",
		errors.ErrUnsupported, runtime.GOOS, err)
}
