package load

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/paf-go/paf/flow"
)

// A server of TLS 1.3 gives the ticket that resumes a session after the handshake (RFC 8446, Section 4.6.1), and who closes at once never has it: where nothing else
// is read from a connection it is waited for, outside of what is measured.

// ticketTime is how long that is waited for. Servers send it at once, so a server that has not sent one in this time gives none.
const ticketTime = time.Second

// A noticing cache is that of a run, for one connection: it tells when there is something to be resumed.
type noticing struct {
	tls.ClientSessionCache
	came chan struct{}
}

// Put implements tls.ClientSessionCache.
func (n *noticing) Put(key string, state *tls.ClientSessionState) {
	n.ClientSessionCache.Put(key, state)
	if state == nil {
		return
	}
	select {
	case n.came <- struct{}{}:
	default:
	}
}

// handshake runs the TLS handshake on a flow, and returns what tells of a ticket, if it is to be waited for.
func (d *dialer) handshake(ctx context.Context, f flow.Flow) (flow.Flow, <-chan struct{}, error) {
	if !d.tickets || d.ticketless.Load() {
		f, err := flow.TLSClient(ctx, f, d.secure)
		return f, nil, err
	}
	config := d.secure.Clone()
	n := &noticing{d.secure.ClientSessionCache, make(chan struct{}, 1)}
	config.ClientSessionCache = n
	f, err := flow.TLSClient(ctx, f, config)
	return f, n.came, err
}

// resumed reports whether the session is the continuation of another one.
func (d *dialed) resumed() bool { return d.session != nil && d.session.ConnectionState().DidResume }

// await waits until the connection has brought a ticket, or for no longer than ticketTime, unless it was opened with one. It reports false if none has come.
func (d *dialed) await(ctx context.Context) bool {
	if d.ticket == nil || d.resumed() {
		return true
	}
	f, over := d.flow, make(chan struct{})
	go func() { // until the flow is closed
		defer close(over)
		var buf [1 << 10]byte
		for {
			if _, err := f.Read(buf[:]); err != nil {
				return
			}
		}
	}()
	t := time.NewTimer(ticketTime)
	defer t.Stop()
	select {
	case <-d.ticket:
		return true
	case <-over:
	case <-t.C:
	case <-ctx.Done():
		return true // nobody knows
	}
	select {
	case <-d.ticket: // it came with the end
		return true
	default:
		return false
	}
}
