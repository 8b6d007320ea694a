//go:build !unix

package loop

import "syscall"

// A peeker cannot look here: there is none.
type peeker struct{}

func newPeeker(syscall.Conn) *peeker { return nil }

func (*peeker) pending() bool { return false }

func (*peeker) ask(func() bool) bool { return false }
