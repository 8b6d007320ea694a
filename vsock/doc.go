// Package vsock carries paf between a virtual machine and its host: sockets of AF_VSOCK, which need neither an address nor
// a route. It is a module of its own, on github.com/mdlayher/vsock.
//
// An address is a context identifier (CID), which names a machine, and a port. 2 is the host ([Host]), 1 is whoever asks ([Local]),
// the host chooses those of its machines. In a machine:
//
//	ln, err := vsock.Listen(vsock.Addr{CID: vsock.Any, Port: 1024})
//	if err != nil {
//		return err
//	}
//	return server.Serve(ctx, ln)
//
// and on its host:
//
//	client := paf.Client{Context: vsock.Context(vsock.Addr{CID: 3, Port: 1024})}
//	resp, err := client.Get(ctx, "http://machine/")
//
// A connection is a net.Conn and a flow with deadlines, half-closes, writev, addresses, and a descriptor that can be watched: a
// server parks those on which nothing happens. Unlike TCP it cannot be reset.
//
// # What it needs
//
// Linux, and a kernel with a transport: in a machine that of its hypervisor (virtio: vmw_vsock_virtio_transport; Hyper-V;
// VMware), on the host vhost_vsock, and vsock_loopback for connections to [Local]. Elsewhere Listen and Dial fail, with
// an error that says so.
package vsock
