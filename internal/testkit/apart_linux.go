package testkit

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// Apart runs f in a network of its own, where devices can be made, on a thread that ends with it: goroutines that f starts are elsewhere, and f ends the test by
// t.Error only. Where the kernel has no TAP devices, or lets no network be made, the test lacks it.
func Apart(t *testing.T, f func()) {
	t.Helper()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: nobody else gets into that network
		if _, err = os.Stat("/dev/net/tun"); err == nil {
			err = syscall.Unshare(syscall.CLONE_NEWNET)
		}
		if err == nil {
			f()
		}
	}()
	<-done
	if err != nil {
		Lacks(t, "no network can be made here, so no TAP device was tried: %v", err)
	}
}
