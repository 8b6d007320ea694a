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
	waiting []chan bool   // callers, each to be told once that something has changed: true for an attempt to open that has failed
}

// NewPool makes a pool for connections of a group. maxIdle and maxOpen bound, for
// each key, the connections that lie idle and those that are open at all;
// negative means no limit. mayShare tells whether connections with a key may turn out to be multiplexed.
func NewPool[K comparable](g *Group, maxIdle, maxOpen int, mayShare func(K) bool) *Pool[K] {
	return &Pool[K]{group: g, maxIdle: maxIdle, maxOpen: maxOpen, mayShare: mayShare, places: map[K]*place{}}
}

// Get returns an idle connection, or one that takes one more exchange, else one that open makes, else waits for
// either to become possible. While it is not known whether connections to a place can be shared, or if it is known
// that they can, only one is opened at a time. The place that a caller has got on a shared connection is
// kept for its Do. Errors are *SendError: nothing has been sent.
func (p *Pool[K]) Get(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, error) {
	for failed := false; ; {
		c, wait, err := p.take(key, failed)
		if err != nil {
			return nil, &SendError{Err: err}
		}
		switch {
		case c != nil && c.wake():
			return c, nil
		case c != nil:
			c.discard(PeerClosed)
			continue
		case wait == nil:
			return p.open(ctx, key, open)
		}
		p.group.stats.poolWaits.Add(1)
		select {
		case failed = <-wait:
		case <-ctx.Done():
			p.leave(key, wait)
			return nil, &SendError{Err: context.Cause(ctx)}
		}
	}
}

// take returns an idle connection, or nil and the leave to open one, or nil and
// a channel to wait on. failed: the caller has waited for an attempt to open one which has failed; it does not
// wait for another's, which may take as long.
func (p *Pool[K]) take(key K, failed bool) (*ClientConn, chan bool, error) {
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
	if n := len(at.idle); n > 0 {
		c := at.idle[n-1]
		at.idle[n-1] = nil
		at.idle = at.idle[:n-1]
		return c, nil, nil
	}
	for _, c := range at.shared {
		if c.reserve() {
			return c, nil, nil
		}
	}
	oneByOne := !failed && (len(at.shared) > 0 || p.mayShare(key))
	if p.maxOpen >= 0 && at.open >= p.maxOpen || oneByOne && at.opening > 0 && at.opening == at.open-len(at.shared) {
		wait := make(chan bool, 1)
		at.waiting = append(at.waiting, wait)
		return nil, wait, nil
	}
	at.open++
	at.opening++
	return nil, nil, nil
}

// open opens a connection; its place has been counted.
func (p *Pool[K]) open(ctx context.Context, key K, open func(context.Context) (*ClientConn, error)) (*ClientConn, error) {
	c, err := open(ctx)
	if err == nil && !p.adopt(key, c) {
		err = ErrStopped
	}
	if err != nil {
		p.forget(key, nil)
		return nil, &SendError{Err: err}
	}
	return c, nil
}

// adopt makes a connection that was opened the pool's, unless it is over already. From here on it
// says itself when it is free and when it is over; the latter waits for p.mu.
func (p *Pool[K]) adopt(key K, c *ClientConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return false
	}
	c.onGone = func() { p.forget(key, c) }
	c.onRest = func() { p.put(key, c) }
	if c.mux != nil {
		c.onRest = func() { p.tell(key) }
		c.reserved++
		at.shared = append(at.shared, c)
	}
	at.opened(true)
	return true
}

// opened is called when an attempt to open a connection is over. Whoever has waited for it may use the
// connection too if it can be shared, and else open others.
func (at *place) opened(well bool) {
	at.opening--
	for len(at.waiting) > 0 {
		at.tell(!well)
	}
}

// tell wakes up whoever waits for a connection to take one more exchange.
func (p *Pool[K]) tell(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.places[key]; at != nil {
		at.tell(false)
	}
}

// put lays a connection down, or closes it if there is no room.
func (p *Pool[K]) put(key K, c *ClientConn) {
	p.mu.Lock()
	at := p.places[key]
	keep := !p.closed && at != nil && (p.maxIdle < 0 || len(at.idle) < p.maxIdle)
	if keep {
		at.idle = append(at.idle, c)
		at.tell(false)
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

// forget gives up the place of a connection that is over, or, if c is nil, was never the pool's.
func (p *Pool[K]) forget(key K, c *ClientConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	if c == nil {
		at.opened(false)
	}
	at.drop(c)
	at.open--
	at.tell(false)
	if at.open == 0 && len(at.waiting) == 0 {
		delete(p.places, key)
	}
}

// leave takes back a caller's wish; if it has been told already, the next one is.
func (p *Pool[K]) leave(key K, wait chan bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.places[key]
	if at == nil {
		return
	}
	if i := slices.Index(at.waiting, wait); i >= 0 {
		at.waiting = slices.Delete(at.waiting, i, i+1)
	} else {
		at.tell(false)
	}
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

// tell wakes up the caller who has waited longest.
func (at *place) tell(failed bool) {
	if len(at.waiting) > 0 {
		at.waiting[0] <- failed
		at.waiting = at.waiting[1:]
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
	for _, c := range idle {
		c.discard(Finished)
	}
}

// Close closes all connections, whatever they are doing, and waits for their
// goroutines. The pool gives out no more.
func (p *Pool[K]) Close() {
	p.mu.Lock()
	p.closed = true
	for _, at := range p.places {
		for len(at.waiting) > 0 {
			at.tell(false)
		}
	}
	p.mu.Unlock()
	p.group.Close()
}
