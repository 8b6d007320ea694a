package loop

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Pool keeps client connections for reuse, by a key that names what they lead
// to. It is safe for concurrent use.
type Pool[K comparable] struct {
	group  *Group
	policy Policy[K]

	mu     sync.Mutex
	places map[K]*place
	idle   int    // connections that are idle, of all places
	serial uint64 // counts the times that one was put
	closed bool
	vigil  vigil
}

// A Policy says what a Pool opens and keeps. A negative number means no limit.
type Policy[K comparable] struct {
	MaxIdle    int // for each key, the connections that are idle
	MaxIdleAll int // those that are idle with all keys together; the one that has been so for longest gives way
	MaxOpen    int // for each key, those that are open at all, or being opened

	// MayShare tells whether connections with a key may turn out to be multiplexed.
	MayShare func(K) bool
	// Name says in the log what connections with a key lead to. nil: nothing is said.
	Name func(K) string
	// Once tells that connections with a key are for one exchange: none is kept for another. nil: there is no such key.
	Once func(K) bool
}

// A place has the connections with one key.
type place struct {
	idle    []*ClientConn // the one used last at the end
	shared  []*ClientConn // multiplexed, in use or not
	open    int           // connections that are open or being opened
	opening []*waiter     // those for whom one is being opened
	waiting []*waiter     // callers, who are served in the order they came
}

// A waiter is a caller who waits to be given a connection, or the error of the attempt to open one for him.
type waiter struct {
	open    func(context.Context) (*ClientConn, error)
	given   chan given // closed when the pool is
	opening bool
	since   time.Time // when he came, if all connections that may be open were
	failed  bool      // another's attempt has failed meanwhile
	over    bool      // he has been served, or has left: an opening goes on without him
	left    bool
	ctx     context.Context    // with the values of the caller's; ends with the group
	cancel  context.CancelFunc // ends the opening
}

type given struct {
	conn *ClientConn
	err  error
	bug  any // what open has panicked with
}

// NewPool makes a pool for connections of a group.
func NewPool[K comparable](g *Group, policy Policy[K]) *Pool[K] {
	return &Pool[K]{group: g, policy: policy, places: map[K]*place{}}
}

// Take returns what Get does if that is to be had at once, and is a connection; else nil.
func (p *Pool[K]) Take(key K) *ClientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.places[key]; at != nil && !p.closed && len(at.waiting) == 0 {
		return p.free(at)
	}
	return nil
}

// Get returns an idle connection, or one that takes one more exchange, or waits until there is one, behind those who wait
// already. If the policy allows it open is called meanwhile, on a goroutine of its own: whatever is free first is taken, and what was opened for nothing is for the
// next one. The context of open has the values of ctx but does not end with it: it does when the pool is closed, and
// by CloseIdle when nobody waits for it any more.
//
// While it is not known whether connections to a place can be shared, or if it is known
// that they can, only one is opened at a time. The place that a caller has got on a shared connection is
// kept for its Do. Errors are *SendError: nothing has been sent.
func (p *Pool[K]) Get(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, error) {
	c, w, err := p.take(ctx, key, open)
	if w == nil && err == nil {
		return c, nil
	}
	if err == nil {
		select {
		case got, open := <-w.given:
			if c, err = got.conn, got.err; !open {
				err = ErrStopped
			}
			if got.bug != nil {
				panic(got.bug) // it is the caller's
			}
		case <-ctx.Done():
			p.leave(key, w)
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return nil, &SendError{Err: err}
	}
	return c, nil
}

// take returns a connection, or somebody who waits.
func (p *Pool[K]) take(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, *waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrStopped
	}
	at := p.places[key]
	if at == nil {
		at = &place{}
		p.places[key] = at
	}
	if len(at.waiting) == 0 {
		if c := p.free(at); c != nil {
			return c, nil, nil
		}
	}
	w := &waiter{open: open, ctx: ctx, given: make(chan given, 1)}
	at.waiting = append(at.waiting, w)
	p.serve(key, at)
	if !w.opening {
		p.group.stats.poolWaits.Add(1)
		p.watch(w)
	}
	return nil, w, nil
}

// tell gives what can be had of a shared connection to those who wait.
func (p *Pool[K]) tell(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.places[key]; at != nil {
		p.serve(key, at)
	}
}

// put makes a connection idle, or closes it if there is no room and says why. The place is there for as long as the connection is.
func (p *Pool[K]) put(key K, at *place, c *ClientConn) error {
	p.mu.Lock()
	err := p.room(key, at, c)
	var oldest *ClientConn
	if err == nil {
		p.serial++
		p.idle++
		c.serial = p.serial
		at.idle = append(at.idle, c)
		p.serve(key, at)
		oldest = p.surplus()
	}
	p.mu.Unlock()
	if err != nil {
		c.discard(Finished)
		return err
	}
	if oldest != nil {
		oldest.discard(Finished)
	}
	return nil
}

// room returns why the connection cannot be put. p.mu is held.
func (p *Pool[K]) room(key K, at *place, c *ClientConn) error {
	switch {
	case p.closed:
		return ErrStopped
	case p.policy.Once != nil && p.policy.Once(key), c.isGone(): // since it said that it was free; else its end takes it out
		return ErrNotKept
	case p.policy.MaxIdle >= 0 && len(at.idle) >= p.policy.MaxIdle && len(at.waiting) == 0:
		return ErrIdleEnough
	}
	return nil
}

// surplus takes out the connection that has been idle for longest if too many are, nil if not. p.mu is held.
func (p *Pool[K]) surplus() (oldest *ClientConn) {
	if p.policy.MaxIdleAll < 0 || p.idle <= p.policy.MaxIdleAll {
		return nil
	}
	var of *place
	for _, at := range p.places {
		if len(at.idle) > 0 && (oldest == nil || at.idle[0].serial < oldest.serial) {
			oldest, of = at.idle[0], at
		}
	}
	p.drop(of, oldest)
	return oldest
}

// forget gives up the place of a connection that is over.
func (p *Pool[K]) forget(key K, c *ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	p.drop(at, c)
	at.open--
	p.serve(key, at)
}

// leave takes back a caller's wish; what it has been given meanwhile is the next one's.
func (p *Pool[K]) leave(key K, w *waiter) {
	p.mu.Lock()
	if !w.over {
		at := p.places[key]
		w.over, w.left = true, true
		at.waiting = without(at.waiting, w)
		p.serve(key, at)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if got := <-w.given; got.conn != nil {
		got.conn.GiveBack()
	}
}

// free takes a connection that is idle, or a place on one that is shared; nil if there is none. p.mu is held.
func (p *Pool[K]) free(at *place) *ClientConn {
	if n := len(at.idle); n > 0 {
		c := at.idle[n-1]
		at.idle[n-1] = nil
		at.idle = at.idle[:n-1]
		p.idle--
		return c
	}
	for _, c := range at.shared {
		if c.reserve() {
			return c
		}
	}
	return nil
}

// drop takes a connection out of the idle ones. p.mu is held.
func (p *Pool[K]) drop(at *place, c *ClientConn) {
	if i := slices.Index(at.idle, c); i >= 0 {
		at.idle = slices.Delete(at.idle, i, i+1)
		p.idle--
	}
	if i := slices.Index(at.shared, c); i >= 0 {
		at.shared = slices.Delete(at.shared, i, i+1)
	}
}

// CloseIdle closes the connections that are idle, and gives up the openings for which nobody waits any more.
func (p *Pool[K]) CloseIdle() {
	p.closeIdle(func(K) bool { return true })
}

// CloseIdleOf closes the connections that are idle with one key.
func (p *Pool[K]) CloseIdleOf(key K) {
	p.closeIdle(func(k K) bool { return k == key })
}

func (p *Pool[K]) closeIdle(which func(K) bool) {
	var idle []*ClientConn
	p.mu.Lock()
	for key, at := range p.places {
		if which(key) {
			idle = append(idle, at.idle...)
			p.idle -= len(at.idle)
			at.idle = nil
			for _, w := range at.opening {
				if w.over {
					w.cancel()
				}
			}
			for _, c := range at.shared {
				if c.unused() {
					idle = append(idle, c)
				}
			}
		}
	}
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, c := range idle {
		all.Go(func() { c.discard(Finished) }) // for a flow may take its time to close
	}
	all.Wait()
}

// Close closes all connections, whatever they are doing, and waits for their
// goroutines. The pool gives out no more.
func (p *Pool[K]) Close() {
	p.mu.Lock()
	p.closed = true
	p.vigil.end()
	for _, at := range p.places {
		for _, w := range at.waiting {
			w.over = true
			close(w.given)
		}
		at.waiting = nil
	}
	p.mu.Unlock()
	p.group.Close()
}
