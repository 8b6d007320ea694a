package flow

import (
	"io"
	"net"
	"os"
	"syscall"
)

// A unixSender is ReaderFrom for a Unix socket: the standard library has it for TCP
// alone, since UnixConn's method ReadFrom is another one.
type unixSender struct{ conn *net.UnixConn }

func unixReaderFrom(c *net.UnixConn) io.ReaderFrom { return unixSender{c} }

// sendMax is how much one call of sendfile is asked for, so that a deadline is noticed
// meanwhile.
const sendMax = 4 << 20

// ReadFrom sends a regular file, or a limited part of it, by sendfile and copies
// anything else.
func (s unixSender) ReadFrom(r io.Reader) (n int64, err error) {
	limited, isLimited := r.(*io.LimitedReader)
	if !isLimited {
		limited = &io.LimitedReader{R: r, N: 1<<63 - 1}
	}
	if f, ok := limited.R.(*os.File); ok && isRegular(f) {
		n, err = s.sendFile(f, limited.N)
		limited.N -= n
		if err != nil {
			return n, err
		}
	}
	// Nothing is left, but for what sendfile could not do.
	m, err := io.Copy(onlyWriter{s.conn}, limited)
	return n + m, err
}

func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// sendFile sends up to limit bytes from where f stands. It stops without an error at the
// end of the file, or when the kernel does not send that file.
func (s unixSender) sendFile(f *os.File, limit int64) (sum int64, err error) {
	in, err := f.SyscallConn()
	if err != nil {
		return 0, nil
	}
	out, err := s.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	for sum < limit {
		var n int
		var sendErr error
		ask := int(min(limit-sum, sendMax))
		err := out.Write(func(to uintptr) bool {
			ctlErr := in.Control(func(from uintptr) { n, sendErr = sendfile(int(to), int(from), ask) })
			if ctlErr != nil {
				sendErr = ctlErr
			}
			return sendErr != syscall.EAGAIN
		})
		sum += int64(max(n, 0))
		switch {
		case err != nil:
			return sum, err
		case sendErr == syscall.EINVAL || sendErr == syscall.ENOSYS:
			return sum, nil
		case sendErr != nil:
			return sum, &net.OpError{Op: "sendfile", Net: "unix", Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(), Err: sendErr}
		case n == 0:
			return sum, nil
		}
	}
	return sum, nil
}

func sendfile(to, from, n int) (int, error) {
	for {
		m, err := syscall.Sendfile(to, from, nil, n)
		if err != syscall.EINTR {
			return m, err
		}
	}
}
