package web

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"syscall/js"
	"time"
)

func dialWebSocket(ctx context.Context, url string) (*Conn, error) {
	s := &socket{opened: make(chan error, 1), gone: make(chan struct{})}
	if err := attempt(func() { s.ws = js.Global().Get("WebSocket").New(url, protocol) }); err != nil {
		return nil, err
	}
	s.ws.Set("binaryType", "arraybuffer")
	c := newConn(s)
	s.events = listen(s.ws, func(kind string, event js.Value) { s.happens(c, kind, event) }, "open", "message", "close")
	select {
	case err := <-s.opened:
		if err != nil {
			s.release()
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		s.release()
		s.ws.Call("close")
		return nil, context.Cause(ctx)
	}
}

// A socket is a browser's WebSocket as a carrier. Its bufferedAmount stays below a window, for that is all that a Conn's peer has given
// credit for: there is no need to look at it.
type socket struct {
	ws     js.Value
	events *handlers
	opened chan error
	open   bool          // the event loop's alone
	gone   chan struct{} // closed by the event close
	once   sync.Once     // of release
}

// happens is called by the event loop.
func (s *socket) happens(c *Conn, kind string, event js.Value) {
	switch kind {
	case "open":
		s.open = true
		s.opened <- nil
	case "message":
		deliver(c, event.Get("data"))
	case "close":
		err := fmt.Errorf("%w: the WebSocket was closed with code %d", syscall.ECONNRESET, event.Get("code").Int())
		if !s.open {
			s.opened <- fmt.Errorf("%w: code %d is all that the browser tells", ErrRefused, event.Get("code").Int())
		}
		c.lose(err)
		close(s.gone)
	}
}

func (s *socket) send(pieces [][]byte, n int) error {
	return attempt(func() { s.ws.Call("send", bytesOf(pieces, n)) })
}

func (s *socket) tell(word string) { _ = attempt(func() { s.ws.Call("send", word) }) }

// close waits until the peer has answered the farewell, so that nothing under way is lost.
func (s *socket) close(word string) error {
	s.tell(word)
	s.ws.Call("close", 1000)
	limit := time.NewTimer(farewell)
	defer limit.Stop()
	select {
	case <-s.gone:
	case <-limit.C:
	}
	s.release()
	return nil
}

func (s *socket) abort() { s.ws.Call("close") }

func (s *socket) release() { s.once.Do(s.events.stop) }
