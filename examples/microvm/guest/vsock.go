//go:build linux

package main

import (
	"context"
	"net"

	"github.com/mdlayher/vsock"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// hereVsock opens connections over vsock to a port of this machine itself: a protocol for a client of paf.
var hereVsock = mimic.Register("vsock-here", 0, func(_ context.Context, port uint32) (flow.Flow, error) {
	c, err := vsock.Dial(vsock.Local, port, nil)
	if err != nil {
		return nil, err
	}
	return flow.Conn(c), nil
})

// listenVsock listens on a port for the machine's host, and for the machine itself.
func listenVsock(port uint32) (net.Listener, error) {
	return vsock.ListenContextID(anyContext, port, nil)
}

// anyContext is VMADDR_CID_ANY: whatever number the machine has.
const anyContext = 1<<32 - 1
