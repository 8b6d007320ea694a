package loop

import (
	"maps"
	"slices"
	"sync/atomic"
)

// A CloseReason says why a connection ended.
type CloseReason uint8

const (
	Finished   CloseReason = iota + 1 // one side said close, and both kept to it
	PeerClosed                        // the peer ended the flow
	TimedOut                          // a deadline passed
	Broken                            // the flow failed, or the peer broke the protocol
	Aborted                           // an exchange was abandoned on our side
	Stopped                           // the server or client was stopped
	Taken                             // another protocol took the flow
	numReasons
)

// String returns the reason as a metrics label.
func (r CloseReason) String() string {
	return [...]string{"none", "finished", "peer_closed", "timed_out", "broken", "aborted", "stopped", "taken"}[r]
}

// Stats is a snapshot of a group's counters.
type Stats struct {
	Opened    uint64                 // connections since the start
	Closed    map[CloseReason]uint64 // connections ended, by reason
	Conns     int                    // connections that are open now
	Active    int                    // of those, the ones with an exchange in progress or a tunnel
	Idle      int                    // the others
	Tunnels   int                    // tunnels that are open now
	Exchanges uint64                 // exchanges begun since the start
	PoolWaits uint64                 // times a caller waited for a connection (client)
}

type counters struct {
	opened, poolWaits atomic.Uint64
	closed            [numReasons]atomic.Uint64
	exchanges         uint64 // of connections that are over; the group's lock guards it
}

// Stats returns a snapshot. Anyone may call it at any time; its numbers are
// read one after another and may be off by what happens meanwhile. It looks at every connection.
func (g *Group) Stats() Stats {
	s := Stats{
		Opened:    g.stats.opened.Load(),
		Closed:    make(map[CloseReason]uint64, numReasons),
		PoolWaits: g.stats.poolWaits.Load(),
	}
	for r := range numReasons {
		if n := g.stats.closed[r].Load(); n > 0 {
			s.Closed[r] = n
		}
	}
	g.mu.Lock()
	conns := slices.Collect(maps.Keys(g.conns))
	s.Conns, s.Exchanges = len(conns)+len(g.lot.fds)+g.lot.waking, g.stats.exchanges
	for p := g.lot.first; p != nil; p = p.after {
		s.Exchanges += p.exchanges
	}
	g.mu.Unlock()
	for _, c := range conns {
		exchanges, active, tunnels := c.count()
		s.Exchanges += exchanges
		s.Tunnels += tunnels
		if active {
			s.Active++
		}
	}
	s.Idle = s.Conns - s.Active
	return s
}
