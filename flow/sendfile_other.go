//go:build !linux

package flow

import (
	"io"
	"net"
)

// unixReaderFrom: no sendfile to a Unix socket here.
func unixReaderFrom(*net.UnixConn) io.ReaderFrom { return nil }
