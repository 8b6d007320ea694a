package loop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A Reply is the response to a Call. Read and Close are for one goroutine at a
// time; Close may come from another.
type Reply struct {
	Head   *semantics.Response // shared with other replies: read only
	Length int64               // of the content, or -1

	c       *ClientConn
	call    *Call
	ctx     context.Context
	release func() bool // stops looking at ctx
	stream  engine.StreamID
	content content
	counted bool
	sent    bool  // the request is complete
	before  int64 // bytes that the flow had taken before the request
	goAhead bool  // 100 (Continue) has come, or something else that ends the waiting
	sendErr error // the request's content could not be read
	over    bool  // the connection has been given back

	interims []*semantics.Response // that have come and not been told (multiplexed)
}

// event takes what is neither content nor its end. The connection's lock is held.
func (r *Reply) event(ev *engine.Event) {
	switch ev.Kind {
	case engine.Interim:
		if ev.Response.Status == 100 {
			r.proceed()
		}
		if f := r.call.Interim; f != nil && r.c.mux != nil {
			r.interims = append(r.interims, ev.Response) // for Do to tell; the engine bounds them
		} else if f != nil {
			r.c.mu.Unlock()
			f(ev.Response)
			r.c.mu.Lock()
		}
	case engine.Response:
		r.Head, r.Length = ev.Response, ev.Length
		r.content.due = 0
		if ev.End || r.c.client.State() == engine.Switched {
			r.content.ended = true
		}
		r.c.notify() // a sender that waits for 100 (Continue) has its answer
	}
}

// Read reads the content of the response. After an error other than io.EOF what has
// been read is not all of it.
func (r *Reply) Read(p []byte) (int, error) {
	r.c.mu.Lock()
	if r.over {
		err := r.content.end()
		r.c.mu.Unlock()
		return 0, err
	}
	if len(p) == 0 {
		r.c.mu.Unlock()
		return 0, nil
	}
	n, err := r.content.read(p)
	r.c.mu.Unlock()
	if err != nil {
		r.cancelled(&err)
		r.finish()
	}
	return n, err
}

// Trailer returns the response's trailer section, nil before the content has
// been read to its end or if there is none.
func (r *Reply) Trailer() *semantics.Fields {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.content.trailer
}

// Close gives the connection back if the rest of the content has already
// arrived, and otherwise closes it.
func (r *Reply) Close() error {
	r.c.mu.Lock()
	for r.c.mux == nil && !r.over && !r.content.ended {
		var ev engine.Event
		r.c.data = nil
		if !r.c.next(&ev) {
			break
		}
		r.content.take(&ev)
	}
	r.content.fail(errClosed)
	r.c.mu.Unlock()
	r.finish()
	return nil
}

var errClosed = errors.New("paf: read of content after Close")

// finish gives the connection back, once.
func (r *Reply) finish() {
	c := r.c
	c.mu.Lock()
	if r.over {
		c.mu.Unlock()
		return
	}
	r.over = true
	if c.mux == nil {
		c.forgetData()
	}
	whole := r.content.ended && r.content.err == nil && r.sent
	c.used = c.used || whole
	c.notify()
	c.mu.Unlock()
	free := r.stop()
	switch {
	case c.mux != nil:
		c.leave(r, Aborted)
	case free && whole:
		c.rest()
	default:
		c.discard(Aborted)
	}
}

// stop ends what the exchange holds besides the connection. It reports false if
// ctx has ended already: then the connection is being closed, and nobody else may use it.
func (r *Reply) stop() bool {
	r.c.mu.Lock()
	if r.counted {
		r.counted = false
		r.c.running--
	}
	r.c.mu.Unlock()
	return r.release == nil || r.release()
}

// cancelled replaces an error that comes of the context's end by the context's cause.
func (r *Reply) cancelled(err *error) {
	if *err == io.EOF || r.ctx.Err() == nil {
		return
	}
	cause := context.Cause(r.ctx)
	var s *SendError
	if errors.As(*err, &s) {
		*err = &SendError{Sent: s.Sent, Err: cause}
	} else {
		*err = cause
	}
}

// sendInline is the size up to which content that is in memory is sent before the
// response is waited for: it fits into any socket's buffer.
const sendInline = 16 << 10

// send sends the content of the request.
func (r *Reply) send() {
	c := r.c
	err := r.sendContent()
	r.call.close()
	c.mu.Lock()
	var read *readError
	if errors.As(err, &read) {
		// The message cannot be completed: the peer must not take it for whole.
		r.sendErr = read.err
		c.client.Reset(&c.out, r.stream, 0)
	} else if err != nil {
		r.hurry()
	}
	c.notify()
	if c.mux != nil {
		r.content.wake()
		c.push()
	}
	c.mu.Unlock()
	if read != nil && c.mux == nil {
		c.closeFlow()
	}
}

// hurry bounds the wait for the response of a request that could not be sent whole: the server may have
// answered before it stopped reading, and otherwise waits for what will never
// come. The connection's lock is held.
func (r *Reply) hurry() {
	c := r.c
	if r.Head != nil || c.mux != nil {
		return
	}
	r.content.due = c.group.after(max(0, c.group.config.LingerTimeout))
	c.readDue.Store(int64(r.content.due))
}

// A readError is an error of the caller's reader, not of the flow.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func (r *Reply) sendContent() error {
	c := r.c
	if r.call.Expect && !r.mayProceed() {
		return errClosed
	}
	buf := make([]byte, sendSize(r.call))
	for {
		n, err := r.call.Body.Read(buf)
		if n > 0 {
			if werr := r.write(buf[:n]); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return &readError{err}
		}
	}
	var trailer *semantics.Fields
	if r.call.Trailer != nil {
		trailer = r.call.Trailer()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.over || c.mux != nil && r.content.gone != nil {
		return errClosed
	}
	if err := c.client.End(&c.out, r.stream, trailer); err != nil {
		return &readError{err}
	}
	r.sent = true // before the write returns: the response may be read before that
	return c.flush()
}

func sendSize(call *Call) int64 {
	if call.Length > 0 && call.Length < 32<<10 {
		return call.Length + 1 // so that the first read may report the end
	}
	return 32 << 10
}

func (r *Reply) write(p []byte) error {
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(p) > 0 {
		if r.over || c.gone || c.mux != nil && r.content.gone != nil {
			return errClosed
		}
		if c.mux != nil {
			r.content.ready = false // before: it may come while what Data took is being written
		}
		n, err := c.client.Data(&c.out, r.stream, p)
		if err != nil {
			return &readError{err}
		}
		p = p[n:]
		// What is small and known to go on waits for more.
		if c.out.Segmented() || c.out.Len() >= flushAt || r.call.Length < 0 || n == 0 && c.mux == nil {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if len(p) > 0 && c.mux != nil {
			r.awaitReady()
		}
	}
	return nil
}

// mayProceed waits for 100 (Continue): RFC 9110, Section 10.1.1: a client
// "SHOULD NOT wait for an indefinite period before sending the content".
func (r *Reply) mayProceed() bool {
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.flush()
	if r.call.ExpectTimeout >= 0 {
		timer := time.AfterFunc(r.call.ExpectTimeout, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			r.proceed()
		})
		defer timer.Stop()
	}
	for !r.goAhead && r.Head == nil && !r.over && !c.gone && !r.content.ended && r.content.gone == nil {
		c.wait()
	}
	return r.goAhead
}

// proceed lets the sender go on; the connection's lock is held.
func (r *Reply) proceed() {
	r.goAhead = true
	r.c.notify()
}

// inMemory reports whether a reader never blocks.
func inMemory(r io.Reader) bool {
	switch r := r.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return true
	case interface{ Unwrap() io.Reader }:
		return inMemory(r.Unwrap())
	}
	return false
}

// waits implements receiver: a client's connection is read by a goroutine of its own.
func (r *Reply) waits() {}

// flush implements receiver. While the request's content is still being sent, by another goroutine, that
// is done beside the reading: the peer may have to be read before it takes more.
func (r *Reply) flush() {
	if r.sent {
		_ = r.c.flush()
		return
	}
	r.c.group.spawn(func() {
		r.c.mu.Lock()
		defer r.c.mu.Unlock()
		_ = r.c.flush()
	})
}
