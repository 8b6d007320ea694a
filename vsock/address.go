package vsock

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/mdlayher/vsock"
)

// The context identifiers that are the same on every machine.
const (
	Hypervisor uint32 = vsock.Hypervisor // the hypervisor itself, which is not the host
	Local      uint32 = vsock.Local      // whoever asks
	Host       uint32 = vsock.Host       // the machine that runs the machine which asks
	Any        uint32 = 1<<32 - 1        // to listen: all that lead to this machine
)

// An Addr is where a socket is: a net.Addr of the network "vsock". It is comparable.
type Addr struct {
	CID  uint32 // context identifier: which machine
	Port uint32 // 0, to listen: any that is free
}

// Network returns "vsock".
func (a Addr) Network() string { return "vsock" }

// String returns the address as ParseAddr reads it: "3:1024", or "1024" if the machine is Any.
func (a Addr) String() string {
	port := strconv.FormatUint(uint64(a.Port), 10)
	if a.CID == Any {
		return port
	}
	return strconv.FormatUint(uint64(a.CID), 10) + ":" + port
}

// ParseAddr reads "CID:PORT", or "PORT" for that of any machine. The error says what is wrong; it is a *net.AddrError.
func ParseAddr(text string) (Addr, error) {
	cid, port, both := strings.Cut(text, ":")
	a := Addr{CID: Any}
	if !both {
		port = cid
	} else if !number(cid, &a.CID) {
		return Addr{}, &net.AddrError{Err: "a context identifier is a number below 2^32", Addr: text}
	}
	if !number(port, &a.Port) || a.Port == 1<<32-1 { // which is VMADDR_PORT_ANY, for us 0
		return Addr{}, &net.AddrError{Err: "a port is a number below 2^32-1", Addr: text}
	}
	return a, nil
}

func number(text string, n *uint32) bool {
	v, err := strconv.ParseUint(text, 10, 32)
	*n = uint32(v)
	return err == nil
}

// ContextID returns the identifier by which others know this machine. It fails where there is no /dev/vsock, or no leave to open it.
func ContextID() (uint32, error) {
	cid, err := vsock.ContextID()
	if err != nil {
		return 0, fmt.Errorf("vsock: no context identifier: %w", err)
	}
	return cid, nil
}

// addrOf returns an address of ours for one of the library's.
func addrOf(a net.Addr) Addr {
	if v, is := a.(*vsock.Addr); is {
		return Addr{v.ContextID, v.Port}
	}
	return Addr{}
}
