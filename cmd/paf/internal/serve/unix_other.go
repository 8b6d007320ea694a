//go:build !linux

package serve

import (
	"io/fs"
	"syscall"
)

// restrict can do nothing before the file is there.
func restrict(syscall.RawConn, fs.FileMode) error { return nil }
