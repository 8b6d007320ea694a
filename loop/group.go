package loop

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
)

// Config holds what a Group's connections share. The zero value is safe; a
// negative duration or size means no limit.
type Config struct {
	// WriteTimeout bounds one write of at most 128 KiB to a flow. Default 60 s.
	WriteTimeout time.Duration
	// LingerTimeout bounds how long a server goes on reading, and discarding, after
	// it has sent its last response, so that the peer gets to read it
	// (RFC 9112, Section 9.6). Default 2 s.
	LingerTimeout time.Duration
	// DrainBytes is how much unread content of a request is read and
	// discarded for the sake of keeping the connection. Default 256 KiB.
	DrainBytes int64
	// DrainTimeout bounds that in time. Default 5 s.
	DrainTimeout time.Duration
	// KeepHalfClosed: a peer that ends its sending side while a handler runs
	// does not cancel the handler's context. Without it, as in net/http, it
	// does, since a client that has gone away looks the same; the response is
	// sent in either case.
	KeepHalfClosed bool
	// GracePeriod bounds how long an exchange may go on after the context given to
	// Serve or ServeFlow has ended. Default 30 s.
	GracePeriod time.Duration
	// ParkAfter is how long an accepted connection on which nothing happens keeps a goroutine and a buffer. Default 1 s.
	ParkAfter time.Duration
	// BaseContext, if it is not nil, makes the context of a listener's exchanges of that given to Serve, whose end is not theirs.
	BaseContext func(ctx context.Context, ln net.Listener) context.Context
	// ConnContext, if it is not nil, makes the context of a connection's exchanges of that of its listener.
	ConnContext func(ctx context.Context, f flow.Flow) context.Context
	// ConnState, if it is not nil, is told what becomes of each connection of a server, by the goroutine that makes it so: the
	// connection waits until it has returned. If it panics that is logged, and the connection closed.
	ConnState func(f flow.Flow, s ConnState)
	// MaxConns bounds the connections served at the same time; accepting
	// waits. Default no limit.
	MaxConns int
	// Shortest is the smallest time-out that the engines use, see [engine.Limits.Shortest]; it sets the tick.
	Shortest time.Duration
	// Log receives what goes wrong; nil means slog.Default.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 60*time.Second)
	c.LingerTimeout = cmp.Or(c.LingerTimeout, 2*time.Second)
	c.DrainBytes = cmp.Or(c.DrainBytes, 256<<10)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 5*time.Second)
	c.GracePeriod = cmp.Or(c.GracePeriod, 30*time.Second)
	c.ParkAfter = cmp.Or(c.ParkAfter, time.Second)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// A Group is what connections share: clock, sweeper, counters and the stop. It
// is safe for concurrent use. Make it with NewGroup.
type Group struct {
	config Config
	origin time.Time
	tick   time.Duration
	clock  instant // of the last tick
	stats  counters
	stamp  atomic.Pointer[stamp]

	monitor monitor
	lot     lot
	stopped context.Context // ends when the group begins to stop
	halt    context.CancelFunc

	mu         sync.Mutex
	conns      map[member]struct{}
	listeners  map[net.Listener]struct{}
	accepted   int       // flows that are being served, handshakes included, or waited for
	goroutines int       // that wait waits for
	changed    sync.Cond // conns shrank, or the group began to stop
	stopping   bool
	cutting    bool // what has not ended is cut
	sweeping   bool
	swept      chan struct{} // closed when the sweeper has gone
	wake       chan struct{} // tells the sweeper that the last connection has gone, or that there are many
}

// A member is a connection of a group. The sweeper calls isDue and sweep; none of
// them blocks on the flow, nor does count.
type member interface {
	isDue(now engine.Instant) bool
	sweep(now engine.Instant)
	stop()               // finish what is going on, then close
	cut(why CloseReason) // close now
	count() (exchanges uint64, active bool, tunnels int)
	of(a *acceptor) bool // the listener that it has come from
}

// NewGroup makes a group.
func NewGroup(config Config) *Group {
	g := &Group{config: config.withDefaults(), conns: map[member]struct{}{}, listeners: map[net.Listener]struct{}{}, wake: make(chan struct{}, 1)}
	g.changed.L = &g.mu
	g.monitor.group, g.monitor.wake = g, make(chan struct{}, 1)
	g.stopped, g.halt = context.WithCancel(context.Background())
	g.tick = tickFor(config.Shortest, g.config.WriteTimeout, g.config.LingerTimeout, g.config.DrainTimeout)
	if config.ParkAfter > 0 { // not for the default's sake
		g.tick = max(min(g.tick, config.ParkAfter), 5*time.Millisecond)
	}
	g.origin = time.Now().Add(-1) // so that the clock never shows 0, which means never
	g.clock.Store(1)
	return g
}

// add registers a connection; false if the group is stopping.
func (g *Group) add(c member) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return false
	}
	if !g.sweeping {
		g.sweeping = true
		g.swept = make(chan struct{})
		g.setClock()
		go g.sweep(g.swept)
	}
	g.conns[c] = struct{}{}
	g.stats.opened.Add(1)
	return true
}

// remove takes a connection that is over from the group. With the last one the
// sweeper goes too.
func (g *Group) remove(c member, why CloseReason) {
	g.stats.closed[why].Add(1)
	exchanges, _, _ := c.count()
	g.mu.Lock()
	g.stats.exchanges += exchanges
	delete(g.conns, c)
	if g.empty() {
		g.closeLot()
		g.wakeSweeper()
	}
	g.changed.Broadcast()
	g.mu.Unlock()
}

// empty reports whether there is no connection; g.mu is held.
func (g *Group) empty() bool { return len(g.conns) == 0 && len(g.lot.fds) == 0 && g.lot.waking == 0 }

// of returns the connections that a listener has given.
func (g *Group) of(a *acceptor) (all []member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.list() {
		if c.of(a) {
			all = append(all, c)
		}
	}
	return all
}

// Shutdown stops the group: listeners are closed, and idle connections; the
// others finish their exchanges. It returns nil when the last connection is gone
// and its goroutine too. When ctx ends first the rest is cut and the context's cause returned, whether or not handlers have
// noticed.
func (g *Group) Shutdown(ctx context.Context) error {
	g.stop()
	gone, cut := make(chan struct{}), make(chan struct{})
	go func() {
		g.wait()
		close(gone)
	}()
	release := context.AfterFunc(ctx, func() {
		g.cut()
		close(cut)
	})
	select {
	case <-gone:
		if release() {
			return nil
		}
	case <-cut:
	}
	return context.Cause(ctx)
}

// Close stops the group, cuts its connections, and returns when all their goroutines are gone.
func (g *Group) Close() {
	g.stop()
	g.cut()
	g.wait()
}

// stop makes the group take no more connections, and those it has finish.
func (g *Group) stop() {
	g.mu.Lock()
	g.stopping = true
	g.halt()
	g.changed.Broadcast()
	conns := g.list()
	for ln := range g.listeners {
		_ = ln.Close()
	}
	g.mu.Unlock()
	for _, c := range conns {
		c.stop()
	}
}

// cut ends all connections at once.
func (g *Group) cut() {
	g.mu.Lock()
	g.cutting = true
	conns := g.list()
	g.mu.Unlock()
	for _, c := range conns {
		g.spawn(func() { c.cut(Stopped) }) // for one flow may take its time to close
	}
}

// wait returns when the last connection is gone, and all goroutines of the group.
func (g *Group) wait() {
	g.mu.Lock()
	for !g.empty() || g.goroutines > 0 {
		g.changed.Wait()
	}
	swept := g.swept
	g.mu.Unlock()
	if swept != nil {
		<-swept
	}
}

// begin counts a goroutine that wait waits for, until done is called.
func (g *Group) begin() {
	g.mu.Lock()
	g.goroutines++
	g.mu.Unlock()
}

// spawn runs f on such a goroutine.
func (g *Group) spawn(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spawnLocked(f)
}

// spawnLocked is spawn for one who holds g.mu.
func (g *Group) spawnLocked(f func()) {
	g.goroutines++
	go func() {
		defer g.done()
		f()
	}()
}

// done ends a goroutine that wait waits for.
func (g *Group) done() {
	g.mu.Lock()
	g.goroutines--
	g.changed.Broadcast()
	g.mu.Unlock()
}

// list returns the connections; g.mu is held.
func (g *Group) list() []member {
	conns := make([]member, 0, len(g.conns)+len(g.lot.fds))
	for c := range g.conns {
		conns = append(conns, c)
	}
	for p := g.lot.first; p != nil; p = p.after {
		conns = append(conns, p)
	}
	return conns
}
