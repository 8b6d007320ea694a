//go:build !linux

package vsock

import (
	"errors"
	"net"
	"os"
)

// FileConn makes a connection of an inherited descriptor. It needs Linux.
func FileConn(*os.File) (*Conn, error) {
	return nil, &net.OpError{Op: "file+net", Net: "vsock", Err: errors.ErrUnsupported}
}

func (c *Conn) findLocal() {}

func (c *Conn) writev([][]byte) (int64, error) { return 0, errors.ErrUnsupported }
