//go:build !js

package main

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// That an address is taken is known before anything is compiled.
func TestAnAddressThatIsTakenIsToldAtOnce(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	t.Setenv("PATH", "") // nothing can be
	if err := run(t.Context(), ln.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}
