package vsock

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What Dial says names the module, for every machine, and is the system's error still. Which of them a kernel gives depends on its modules, so
// no test can have the kernel give all.
func TestWhatIsMissingIsNamed(t *testing.T) {
	for cid, module := range map[uint32]string{Local: "vsock_loopback", Host: "vmw_vsock_virtio_transport", 3: "vhost_vsock"} {
		for _, why := range []syscall.Errno{syscall.ETIMEDOUT, syscall.ENODEV} {
			err := error(&net.OpError{Op: "dial", Net: "vsock", Addr: Addr{cid, 1}, Err: dialing(cid, os.NewSyscallError("connect", why))})
			var timeout net.Error
			if !errors.Is(err, why) || !strings.Contains(err.Error(), module) || !errors.As(err, &timeout) || timeout.Timeout() != (why == syscall.ETIMEDOUT) {
				t.Errorf("%d, %v: %v", cid, why, err)
			}
		}
	}
	if err := os.NewSyscallError("connect", syscall.ECONNRESET); dialing(Local, err) != err {
		t.Error("somebody was there")
	}
}
