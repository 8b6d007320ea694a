package loop

import (
	"context"
	"slices"
	"sync"
)

// A Pool keeps client connections for reuse, by a key that names what they lead
// to. It is safe for concurrent use.
type Pool[K comparable] struct {
	group   *Group
	maxIdle int
	maxOpen int

	mayShare func(K) bool // whether connections to a place may turn out to be multiplexed

	mu     sync.Mutex
	places map[K]*place
	closed bool
}

// A place is where the connections with one key lie.
type place struct {
	idle    []*ClientConn // the one used last at the end
	shared  []*ClientConn // multiplexed, in use or not
	open    int           // connections that are open or being opened
	opening int           // of those, the ones that are being opened
	waiting []*waiter     // callers, who are served in the order they came
}

// A waiter is a caller who waits to be given a connection, or nil for the leave to open one.
type waiter struct {
	given  chan *ClientConn // closed when the pool is
	failed bool             // an attempt to open one has failed meanwhile
}

// NewPool makes a pool for connections of a group. maxIdle and maxOpen bound, for
// each key, the connections that lie idle and those that are open at all;
// negative means no limit. mayShare tells whether connections with a key may turn out to be multiplexed.
func NewPool[K comparable](g *Group, maxIdle, maxOpen int, mayShare func(K) bool) *Pool[K] {
	return &Pool[K]{group: g, maxIdle: maxIdle, maxOpen: maxOpen, mayShare: mayShare, places: map[K]*place{}}
}

// Take returns what Get does if that is to be had at once, and is a connection; else nil.
func (p *Pool[K]) Take(key K) *ClientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.places[key]; at != nil && !p.closed && len(at.waiting) == 0 {
		return at.free()
	}
	return nil
}

// Get returns an idle connection, or one that takes one more exchange, else one that open makes, else waits for
// either to become possible, behind those who wait already. While it is not known whether connections to a place can be shared, or if it is known
// that they can, only one is opened at a time. The place that a caller has got on a shared connection is
// kept for its Do. Errors are *SendError: nothing has been sent.
func (p *Pool[K]) Get(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, error) {
	c, err := p.acquire(ctx, key)
	switch {
	case err != nil:
		return nil, &SendError{Err: err}
	case c == nil:
		return p.open(ctx, key, open)
	}
	return c, nil
}

// acquire returns a connection, or nil for the leave to open one.
func (p *Pool[K]) acquire(ctx context.Context, key K) (*ClientConn, error) {
	c, w, err := p.take(key)
	if w == nil {
		return c, err
	}
	p.group.stats.poolWaits.Add(1)
	select {
	case c, open := <-w.given:
		if !open {
			return nil, ErrStopped
		}
		return c, nil
	case <-ctx.Done():
		p.leave(key, w)
		return nil, context.Cause(ctx)
	}
}

// take returns a connection, or nil for the leave to open one, or somebody who waits.
func (p *Pool[K]) take(key K) (*ClientConn, *waiter, error) {
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
		if c, is := p.next(key, at, false); is {
			return c, nil, nil
		}
	}
	w := &waiter{given: make(chan *ClientConn, 1)}
	at.waiting = append(at.waiting, w)
	return nil, w, nil
}

// next takes what can be had of a place now: a connection, or nil for the leave to open one. failed: the caller has waited for an
// attempt that has failed, and does not wait for another's, which may take as long. p.mu is held.
func (p *Pool[K]) next(key K, at *place, failed bool) (c *ClientConn, is bool) {
	if c = at.free(); c != nil {
		return c, true
	}
	oneByOne := !failed && (len(at.shared) > 0 || p.mayShare(key))
	if p.maxOpen >= 0 && at.open >= p.maxOpen || oneByOne && at.opening > 0 && at.opening == at.open-len(at.shared) {
		return nil, false
	}
	at.open++
	at.opening++
	return nil, true
}

// serve gives those who wait what can be had, in their order; it is called whenever a place has changed. p.mu is held.
func (p *Pool[K]) serve(key K, at *place) {
	for len(at.waiting) > 0 {
		w := at.waiting[0]
		c, is := p.next(key, at, w.failed)
		if !is {
			return
		}
		at.waiting = at.waiting[1:]
		w.given <- c
	}
	if at.open == 0 {
		delete(p.places, key)
	}
}

// open opens a connection; its place has been counted, and is given up if none comes of it, be it that open panics.
func (p *Pool[K]) open(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, error) {
	adopted := false
	defer func() {
		if !adopted {
			p.forget(key, nil)
		}
	}()
	c, err := open(ctx)
	if err == nil && !p.adopt(key, c) {
		err = ErrStopped
	}
	if err != nil {
		return nil, &SendError{Err: err}
	}
	adopted = true
	return c, nil
}

// adopt makes a connection that was opened the pool's, unless it is over already. From here on it
// says itself when it is free and when it is over; the latter waits for p.mu.
func (p *Pool[K]) adopt(key K, c *ClientConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	if !c.adopted(func() { p.forget(key, c) }, func() { p.put(key, c) }, func() { p.tell(key) }) {
		return false
	}
	if c.mux != nil {
		at.shared = append(at.shared, c)
	}
	at.opening--
	p.serve(key, at) // whoever has waited for it may use the connection too if it can be shared, and else open others
	return true
}

// tell gives what can be had of a shared connection to those who wait.
func (p *Pool[K]) tell(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.places[key]; at != nil {
		p.serve(key, at)
	}
}

// put lays a connection down, or closes it if there is no room.
func (p *Pool[K]) put(key K, c *ClientConn) {
	p.mu.Lock()
	at := p.places[key]
	keep := !p.closed && at != nil && (p.maxIdle < 0 || len(at.idle) < p.maxIdle || len(at.waiting) > 0)
	if keep {
		at.idle = append(at.idle, c)
		p.serve(key, at)
	}
	p.mu.Unlock()
	if !keep {
		c.discard(Finished)
		return
	}
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	if gone { // since it said that it was free
		p.mu.Lock()
		at.drop(c)
		p.mu.Unlock()
	}
}

// forget gives up the place of a connection that is over, or, if c is nil, of one that could not be opened.
func (p *Pool[K]) forget(key K, c *ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	if c == nil {
		at.opening--
		for _, w := range at.waiting {
			w.failed = true
		}
	}
	at.drop(c)
	at.open--
	p.serve(key, at)
}

// leave takes back a caller's wish; what it has been given meanwhile is the next one's.
func (p *Pool[K]) leave(key K, w *waiter) {
	p.mu.Lock()
	at := p.places[key]
	if at != nil {
		if i := slices.Index(at.waiting, w); i >= 0 {
			at.waiting = slices.Delete(at.waiting, i, i+1)
			p.mu.Unlock()
			return
		}
	}
	c, open := <-w.given
	if open && c == nil {
		at.opening--
		at.open--
		p.serve(key, at)
	}
	p.mu.Unlock()
	if c != nil {
		c.giveBack()
	}
}

// free takes a connection that lies idle, or a place on one that is shared; nil if there is none.
func (at *place) free() *ClientConn {
	if n := len(at.idle); n > 0 {
		c := at.idle[n-1]
		at.idle[n-1] = nil
		at.idle = at.idle[:n-1]
		return c
	}
	for _, c := range at.shared {
		if c.reserve() {
			return c
		}
	}
	return nil
}

// drop takes a connection out of the idle ones.
func (at *place) drop(c *ClientConn) {
	if i := slices.Index(at.idle, c); i >= 0 {
		at.idle = slices.Delete(at.idle, i, i+1)
	}
	if i := slices.Index(at.shared, c); i >= 0 {
		at.shared = slices.Delete(at.shared, i, i+1)
	}
}

// CloseIdle closes the connections that lie idle.
func (p *Pool[K]) CloseIdle() {
	p.closeIdle(func(K) bool { return true })
}

// CloseIdleOf closes the connections that lie idle with one key.
func (p *Pool[K]) CloseIdleOf(key K) {
	p.closeIdle(func(k K) bool { return k == key })
}

func (p *Pool[K]) closeIdle(which func(K) bool) {
	var idle []*ClientConn
	p.mu.Lock()
	for key, at := range p.places {
		if which(key) {
			idle = append(idle, at.idle...)
			at.idle = nil
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
	for _, at := range p.places {
		for _, w := range at.waiting {
			close(w.given)
		}
		at.waiting = nil
	}
	p.mu.Unlock()
	p.group.Close()
}
