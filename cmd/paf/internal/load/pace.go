package load

import (
	"context"
	"math"
	"sync"
	"time"
)

// A ticket is the right to send one request.
type ticket struct {
	due     int64 // by the run's clock; in a closed loop when it was taken
	number  int64 // how many were given out before it
	counted bool  // it belongs to the run, not to its warm-up
}

// A seat is where one request at a time can be sent.
type seat interface {
	// start is called with the ticket of a seat that had to wait for it. It does not block.
	start(t ticket)
}

// A pace gives the tickets of a run to whoever has a free seat.
type pace struct {
	mu    sync.Mutex
	plan  *plan // nil in a closed loop
	limit int64 // how many tickets count
	base  int64 // when the plan begins
	zero  int64 // when tickets begin to count
	until int64 // none is given out that is due then or later
	think int64 // how long a seat waits between two tickets; closed loop

	given   int64 // tickets
	counted int64 // those of them that count
	out     int64 // those of them that have not come back
	over    bool  // no more are given

	free     queue[seat]    // those that wait for a ticket to be due; open loop
	thinking queue[thinker] // those that think, all for as long
	waiting  bool           // the pacer does not know when to look again
	bell     chan struct{}  // for the pacer that waits
	done     chan struct{}  // closed when no more are given, and all have come back
}

func newPace(p *plan, limit, think int64) *pace {
	if limit <= 0 {
		limit = math.MaxInt64
	}
	return &pace{plan: p, limit: limit, until: math.MaxInt64, think: think, bell: make(chan struct{}, 1), done: make(chan struct{})}
}

// begin says from when on tickets are given, from when on they count, and for how long; 0: for ever. It is called before any is wanted.
func (p *pace) begin(base, zero int64, length time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.base, p.zero = base, zero
	if length > 0 {
		p.until = zero + int64(length)
	}
}

// nextDue returns when the next ticket is due, in an open loop. p.mu is held.
func (p *pace) nextDue() int64 {
	if p.plan.next > math.MaxInt64-p.base {
		return math.MaxInt64
	}
	return p.base + p.plan.next
}

// next returns a ticket for a seat at the time now. If there is none now the seat gets one later, by its start, unless the run is over. back: it
// gives one back that it has had.
func (p *pace) next(s seat, now int64, back bool) (ticket, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if back {
		p.out--
	}
	if back && p.think > 0 && !p.over {
		p.thinking.push(thinker{now + p.think, s})
		p.ring()
		p.finish()
		return ticket{}, false
	}
	t, ok := p.take(now)
	switch {
	case ok:
	case p.over:
		p.finish()
	default:
		p.free.push(s)
		p.ring()
	}
	return t, ok
}

// giveBack takes a ticket back from a seat that wants no other.
func (p *pace) giveBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out--
	p.finish()
}

// take makes a ticket, if one is due. p.mu is held.
func (p *pace) take(now int64) (t ticket, ok bool) {
	due := now
	if p.plan != nil {
		due = p.nextDue()
	}
	if due >= p.until || p.counted >= p.limit {
		p.over = true
	}
	if p.over || due > now {
		return t, false
	}
	if p.plan != nil {
		p.plan.step()
	}
	t = ticket{due: due, number: p.given, counted: due >= p.zero}
	p.given++
	p.out++
	if t.counted {
		p.counted++
	}
	return t, true
}

// due returns a seat that waits and the ticket for it, if there are both at the time now. Else it returns when to ask again; math.MaxInt64: when bell rings.
func (p *pace) due(now int64) (s seat, t ticket, again int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over, p.free.n == 0 && p.thinking.n == 0:
		p.waiting = true
		return nil, t, math.MaxInt64
	case p.plan != nil:
		again = p.nextDue()
	default:
		again = p.thinking.head().until
	}
	if again > now && (p.plan == nil || again < p.until) {
		return nil, t, again
	}
	t, ok := p.take(now)
	switch {
	case !ok:
		p.finish()
		p.waiting = true
		return nil, t, math.MaxInt64
	case p.plan != nil:
		return p.free.pop(), t, now
	}
	return p.thinking.pop().seat, t, now
}

// run gives tickets to the seats that wait for them, until ctx ends.
func (p *pace) run(ctx context.Context, clock func() int64, alarm alarm) {
	for ctx.Err() == nil {
		s, t, again := p.due(clock())
		switch {
		case s != nil:
			s.start(t)
		case again < math.MaxInt64:
			alarm.sleep(again - clock())
		default:
			select {
			case <-p.bell:
			case <-ctx.Done():
			}
		}
	}
}

// ring wakes the pacer, if it does not know when to look again. p.mu is held.
func (p *pace) ring() {
	if p.waiting {
		p.waiting = false
		p.bell <- struct{}{} // which has room: nobody rings twice for one wait
	}
}

// finish ends the run if nothing of it is left. p.mu is held.
func (p *pace) finish() {
	p.over = p.over || p.counted >= p.limit
	if !p.over || p.out > 0 {
		return
	}
	select {
	case <-p.done:
	default:
		close(p.done)
	}
}

// full reports whether all tickets that count have been given out.
func (p *pace) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counted >= p.limit
}

// end is called when the time is up. What was due before and has found no free seat is still given out.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan == nil || p.nextDue() >= p.until {
		p.over = true
	}
	p.finish()
}

// stop gives out no more tickets, and calls f, if it is not nil, for each that counts, is overdue and was never given out.
func (p *pace) stop(now int64, f func(due int64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for f != nil && p.plan != nil && p.nextDue() <= now && p.nextDue() < p.until && p.counted < p.limit {
		if due := p.nextDue(); due >= p.zero {
			p.counted++
			f(due)
		}
		p.plan.step()
	}
	p.over = true
}

// A thinker is a seat that waits between two requests.
type thinker struct {
	until int64
	seat  seat
}

// A queue is first in, first out, in a ring that grows.
type queue[T any] struct {
	ring     []T
	first, n int
}

func (q *queue[T]) push(e T) {
	if q.n == len(q.ring) {
		ring := make([]T, max(4, 2*q.n))
		for i := range q.n {
			ring[i] = q.ring[(q.first+i)%q.n]
		}
		q.ring, q.first = ring, 0
	}
	q.ring[(q.first+q.n)%len(q.ring)] = e
	q.n++
}

// head is the oldest, of which there must be one.
func (q *queue[T]) head() *T { return &q.ring[q.first] }

func (q *queue[T]) pop() T {
	var none T
	e := q.ring[q.first]
	q.ring[q.first] = none
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	return e
}
