package vsock

import (
	"context"
	"net"
	"os"

	"github.com/mdlayher/vsock"
)

// A Listener is a net.Listener; its connections are *Conn.
type Listener struct {
	inner *vsock.Listener
	addr  Addr
}

// Listen listens at an address: with Any as the CID for all machines, with Local for this one alone. Port 0 is any that is
// free; Addr tells which. The error is a *net.OpError: syscall.EADDRINUSE and others.
func Listen(a Addr) (*Listener, error) {
	ln, err := vsock.ListenContextID(a.CID, a.Port, nil)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "vsock", Addr: a, Err: cause(err)}
	}
	return &Listener{ln, addrOf(ln.Addr())}, nil
}

// FileListener makes a listener of an inherited descriptor, as net.FileListener does. It duplicates it: f is still to be closed.
func FileListener(f *os.File) (*Listener, error) {
	ln, err := vsock.FileListener(f)
	if err != nil {
		return nil, &net.OpError{Op: "file+net", Net: "vsock", Err: cause(err)}
	}
	return &Listener{ln, addrOf(ln.Addr())}, nil
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	nc, err := l.inner.Accept()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "vsock", Addr: l.addr, Err: cause(err)}
	}
	c := &Conn{socket: nc.(*vsock.Conn), local: l.addr, remote: addrOf(nc.RemoteAddr())}
	c.findLocal()
	return c, nil
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	if err := l.inner.Close(); err != nil {
		return &net.OpError{Op: "close", Net: "vsock", Addr: l.addr, Err: cause(err)}
	}
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.addr }

// Dial connects to an address. When ctx ends before there is a connection, the error is the context's; else it is
// syscall.ECONNRESET if nobody listens there, or syscall.ENODEV or syscall.ETIMEDOUT if no transport leads there (or the machine does not
// answer), and tells which module that would be; always within a *net.OpError.
func Dial(ctx context.Context, a Addr) (*Conn, error) {
	c, err := vsock.DialContext(ctx, a.CID, a.Port, nil)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "vsock", Addr: a, Err: dialing(a.CID, cause(err))}
	}
	return &Conn{socket: c, local: knownTo(a.CID, addrOf(c.LocalAddr())), remote: addrOf(c.RemoteAddr())}, nil
}

// knownTo returns the address that a peer on a machine sees: the kernel gives a socket that dials no CID of its own.
func knownTo(peer uint32, local Addr) Addr {
	if local.CID != Any {
		return local
	}
	if peer == Local {
		local.CID = Local
	} else if cid, err := ContextID(); err == nil {
		local.CID = cid
	}
	return local
}
