//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package loop

import "errors"

// Nothing is parked here: a goroutine waits for each connection.
const canPoll = false

type poll struct{}

func newPoll() (*poll, error)           { return nil, errors.ErrUnsupported }
func (*poll) arm(int32) error           { return errors.ErrUnsupported }
func (*poll) armGone(int32) error       { return errors.ErrUnsupported }
func (*poll) wait([]int32) (int, error) { return 0, errors.ErrUnsupported }
func (*poll) close()                    {}
