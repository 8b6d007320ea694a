package loop

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/paf-go/paf/semantics"
)

// This file is how the content of a request is sent.

// sendInline is the size up to which content that is in memory is sent before the
// response is waited for: it fits into any socket's buffer.
const sendInline = 16 << 10

// send sends the content of the request.
func (r *Reply) send() {
	c, call := r.c, r.call
	err := r.sendContent(call)
	call.close()
	call.Trace.wrote(err)
	c.mu.Lock()
	var read *readError
	if errors.As(err, &read) {
		// The message cannot be completed: the peer must not take it for whole.
		call.asking.sendErr = read.err
		c.client.Reset(&c.out, r.content.stream, 0)
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
	if r.headed || c.mux != nil {
		return
	}
	r.content.due = c.group.after(max(0, c.group.config.LingerTimeout))
	c.readDue.Store(r.content.due)
}

// A readError is an error of the caller's reader, not of the flow.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func (r *Reply) sendContent(call *Call) error {
	c := r.c
	if call.Expect && !r.mayProceed(call) {
		return errClosed
	}
	if c.mux == nil && call.Length < 0 && !call.Expect {
		c.mu.Lock()
		_ = c.flush() // the first content may be long in coming
		c.mu.Unlock()
	}
	if err := r.sendBody(call); err != nil {
		return err
	}
	call.close() // before the response can come, which its owner may take for a sign of that
	var trailer *semantics.Fields
	if call.Trailer != nil {
		trailer = call.Trailer()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.over || c.mux != nil && r.content.gone != nil {
		return errClosed
	}
	if err := c.client.End(&c.out, r.content.stream, trailer); err != nil {
		return &readError{err}
	}
	r.sent = true // before the write returns: the response may be read before that
	if c.mux == nil && c.reading {
		c.arm(r.content.due) // from now on the response is waited for
	}
	return c.flush()
}

// sendBody sends what Body gives.
func (r *Reply) sendBody(call *Call) error {
	if done, err := r.sendByItself(call); done {
		return err
	}
	buf := make([]byte, sendSize(call))
	for {
		n, err := call.Body.Read(buf)
		if n > 0 {
			if werr := r.write(buf[:n], call.Length < 0); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &readError{err}
		}
	}
}

func sendSize(call *Call) int64 {
	if call.Length > 0 && call.Length < 32<<10 {
		return call.Length + 1 // so that the first read may report the end
	}
	return 32 << 10
}

// write sends content, at once if it is urgent.
func (r *Reply) write(p []byte, urgent bool) error {
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
		n, err := c.client.Data(&c.out, r.content.stream, p)
		if err != nil {
			return &readError{err}
		}
		p = p[n:]
		// What is small and known to go on waits for more.
		if c.out.Segmented() || c.out.Len() >= flushAt || urgent || n == 0 && c.mux == nil {
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
func (r *Reply) mayProceed(call *Call) bool {
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.flush()
	if call.ExpectTimeout >= 0 {
		timer := time.AfterFunc(call.ExpectTimeout, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			r.proceed(call)
		})
		defer timer.Stop()
	}
	for !call.asking.goAhead && !r.headed && !r.over && !c.gone && !r.content.ended && r.content.gone == nil {
		c.wait()
	}
	return call.asking.goAhead
}

// sendAllTheSame lets content go that waits for 100 (Continue) though the final response is there: what is at hand and small costs less
// than the connection, which else would have to be closed (RFC 9110, Section 10.1.1: a server that "responds with a final status
// code" may "read and discard the remainder of the request"). The connection's lock is held.
func (r *Reply) sendAllTheSame() {
	call := r.call
	if call.Expect && !call.asking.goAhead && r.c.mux == nil && call.Length <= sendInline && inMemory(call.Body) &&
		r.Head.Protocol >= semantics.HTTP11 && !semantics.HasToken(&r.Head.Fields, "Connection", "close") {
		call.asking.late = true
		r.proceed(call)
	}
}

// awaitSent waits for that content to have gone. The connection's lock is held, and released meanwhile.
func (r *Reply) awaitSent(call *Call) {
	for call.asking.late && !r.sent && call.asking.sendErr == nil && r.c.writeErr == nil && !r.c.gone {
		r.c.wait()
	}
}

// proceed lets the sender go on; the connection's lock is held.
func (r *Reply) proceed(call *Call) {
	call.asking.goAhead = true
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
