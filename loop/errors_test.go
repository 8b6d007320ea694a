package loop_test

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/paf-go/paf/loop"
)

func TestAnErrorSaysOnceWhatHasFailed(t *testing.T) {
	at := &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 80}
	for want, err := range map[string]*loop.GoneError{
		"paf: read tcp 127.0.0.1:80: connection reset by peer": {
			Op: "read", Err: &net.OpError{Op: "read", Net: "tcp", Addr: at, Err: os.NewSyscallError("read", syscall.ECONNRESET)}},
		"paf: write tcp 127.0.0.1:80: writev: broken pipe": {
			Op: "write", Err: &net.OpError{Op: "write", Net: "tcp", Addr: at, Err: os.NewSyscallError("writev", syscall.EPIPE)}},
		"paf: read: set tcp 127.0.0.1:80: i/o timeout": {
			Op: "read", Err: &net.OpError{Op: "set", Net: "tcp", Addr: at, Err: os.ErrDeadlineExceeded}},
		"paf: read: unexpected EOF": {Op: "read", Err: io.ErrUnexpectedEOF},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
