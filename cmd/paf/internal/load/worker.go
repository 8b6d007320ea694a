package load

import (
	"context"
	"errors"

	"github.com/paf-go/paf/cmd/paf/internal/load/record"
)

// A worker is a place of the run in which one thing at a time is done that is no request of HTTP: it is a seat, and a goroutine that does it.
type worker struct {
	run     *run
	shard   *record.Shard
	tickets chan ticket
	task    task
}

// A task is what a worker does.
type task interface {
	// open is called before the first do, and after one that has failed.
	open(ctx context.Context) error
	// do does it once, and returns when it began, when the first byte of what came back was there, and how many bytes came and went.
	do(ctx context.Context) (sent, first, in, out int64, err error)
	// settle is called after each do that has not failed, and what it does is not measured.
	settle(ctx context.Context)
	// close is called at the end.
	close()
}

func newWorker(r *run, t task) *worker {
	return &worker{run: r, tickets: make(chan ticket, 1), task: t}
}

// start implements seat.
func (w *worker) start(t ticket) { w.tickets <- t }

// live does what is to be done until ctx ends. opened is told whether it could begin.
func (w *worker) live(ctx context.Context, opened func(error)) {
	defer w.task.close()
	err := w.task.open(ctx)
	opened(err)
	select {
	case <-w.run.started:
	case <-ctx.Done():
		return
	}
	back := false
	for tries := 0; ctx.Err() == nil; {
		t, ok := w.run.pace.next(w, w.run.clock(), back)
		if !ok {
			select {
			case t = <-w.tickets:
			case <-ctx.Done():
				return
			}
		}
		back = true
		if err != nil {
			err = w.task.open(ctx)
		}
		if err == nil {
			err = w.once(ctx, t)
		} else {
			w.lose(ctx, t, err)
		}
		if tries++; err == nil {
			tries = 0
		}
		if !pause(ctx, tries) {
			return
		}
	}
}

// once does what a ticket is for, and records it.
func (w *worker) once(ctx context.Context, t ticket) error {
	began := w.run.clock()
	w.inFlight(t, began, 1)
	limited, cancel := context.WithTimeoutCause(ctx, w.run.options.Timeout, errTimeout)
	defer cancel()
	sent, first, in, out, err := w.task.do(limited)
	now := w.run.clock()
	w.inFlight(t, now, -1)
	if err != nil {
		if limited.Err() != nil {
			err = context.Cause(limited)
		}
		w.lose(ctx, t, err)
		return err
	}
	if !w.run.openLoop() {
		t.due = sent
	}
	if zero := w.run.zero; t.counted {
		w.shard.Done(t.due-zero, sent-zero, first-zero, now-zero, 0, in, out)
	}
	w.task.settle(ctx)
	return nil
}

func (w *worker) inFlight(t ticket, now, delta int64) {
	if t.counted {
		w.shard.InFlight(now-w.run.zero, delta)
	}
}

// lose records what has failed: not what the end of the run has cut off, unless that was since it took too long.
func (w *worker) lose(ctx context.Context, t ticket, err error) {
	if ctx.Err() != nil {
		if err = context.Cause(ctx); !errors.Is(err, errTimeout) {
			if t.counted {
				w.run.unfinished.Add(1)
			}
			return
		}
	}
	if t.counted {
		w.shard.Failed(t.due-w.run.zero, w.run.clock()-w.run.zero, KindOf(err), err)
	}
}

// A connecting task opens a connection and closes it.
type connecting struct {
	run   *run
	tried bool
	last  dialed // to be closed
}

// open opens a connection before the run, of which nothing is recorded: it tells whether there is a server, and what is agreed on with it.
func (c *connecting) open(ctx context.Context) error {
	if c.tried {
		return nil
	}
	c.tried = true
	d, err := c.run.dialer.open(ctx, c.run.clock)
	if err != nil {
		return err
	}
	c.run.agreed(&d)
	c.last = d
	c.settle(ctx)
	return nil
}

func (c *connecting) close() {}

func (c *connecting) do(ctx context.Context) (sent, first, in, out int64, err error) {
	sent = c.run.clock()
	d, err := c.run.dialer.open(ctx, c.run.clock)
	if err != nil {
		return sent, 0, 0, 0, err
	}
	c.run.connected(&d)
	c.last = d
	return sent, sent + d.dial, 0, 0, nil
}

// settle takes the ticket of the session, if one is wanted, and closes the connection.
func (c *connecting) settle(ctx context.Context) {
	if !c.last.await(ctx) {
		c.run.dialer.ticketless.Store(true)
	}
	go c.last.flow.Close() // which may take its time
	c.last = dialed{}
}
