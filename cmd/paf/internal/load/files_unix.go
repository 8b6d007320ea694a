//go:build unix

package load

import (
	"math"
	"syscall"
)

// fileLimit returns how many files this process may have open. Package os has raised that as far as may be.
func fileLimit() int64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return math.MaxInt64
	}
	return int64(min(uint64(l.Cur), math.MaxInt64))
}
