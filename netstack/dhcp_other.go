//go:build js || wasip1

package netstack

import (
	"errors"
	"fmt"
)

// keepLease is not there where the messages' library does not build.
func (s *Stack) keepLease() (stop func(), err error) {
	return nil, fmt.Errorf("netstack: DHCP: %w", errors.ErrUnsupported)
}
