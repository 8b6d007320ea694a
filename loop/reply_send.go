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
	c := r.c
	err := r.sendContent()
	r.call.close()
	r.call.Trace.wrote(err)
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
	if c.mux == nil && r.call.Length < 0 && !r.call.Expect {
		c.mu.Lock()
		_ = c.flush() // the first content may be long in coming
		c.mu.Unlock()
	}
	if err := r.sendBody(); err != nil {
		return err
	}
	r.call.close() // before the response can come, which its owner may take for a sign of that
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

// sendBody sends what Body gives.
func (r *Reply) sendBody() error {
	if done, err := r.sendByItself(); done {
		return err
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

// sendAllTheSame lets content go that waits for 100 (Continue) though the final response is there: what is at hand and small costs less
// than the connection, which else would have to be closed (RFC 9110, Section 10.1.1: a server that "responds with a final status
// code" may "read and discard the remainder of the request"). The connection's lock is held.
func (r *Reply) sendAllTheSame() {
	call := r.call
	if call.Expect && !r.goAhead && r.c.mux == nil && call.Length <= sendInline && inMemory(call.Body) &&
		r.Head.Protocol >= semantics.HTTP11 && !semantics.HasToken(&r.Head.Fields, "Connection", "close") {
		r.late = true
		r.proceed()
	}
}

// awaitSent waits for that content to have gone. The connection's lock is held, and released meanwhile.
func (r *Reply) awaitSent() {
	for r.late && !r.sent && r.sendErr == nil && r.c.writeErr == nil && !r.c.gone {
		r.c.wait()
	}
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
