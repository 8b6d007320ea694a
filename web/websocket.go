//go:build !js

package web

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

func dialWebSocket(ctx context.Context, url string) (*Conn, error) {
	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil, err
	}
	if ws.Subprotocol() != protocol {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("%w: the server does not know the subprotocol %q", ErrRefused, protocol)
	}
	return connect(ws), nil
}

// connect makes a flow of a WebSocket.
func connect(ws *websocket.Conn) *Conn {
	s := &socket{ws: ws, done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	c := newConn(s)
	ws.SetReadLimit(window)
	go s.receive(c)
	return c
}

// A socket is a WebSocket as a carrier.
type socket struct {
	ws     *websocket.Conn
	ctx    context.Context // whose end closes the connection at once
	cancel context.CancelFunc
	done   chan struct{} // nothing is received any more

	mu      sync.Mutex
	words   []string // that are still to be told: credit, mostly, of which there is never more than a window's
	telling bool     // somebody is about it
	last    bool     // close was called, which tells the rest
}

// receive hands over what comes for as long as there is anything.
func (s *socket) receive(c *Conn) {
	defer close(s.done)
	defer s.cancel()
	for {
		kind, p, err := s.ws.Read(s.ctx)
		switch {
		case err != nil:
			c.lose(fmt.Errorf("%w: %w", syscall.ECONNRESET, err))
			return
		case kind == websocket.MessageBinary:
			c.arrive(p)
		default:
			c.hear(string(p[:min(len(p), wordBytes)]))
		}
	}
}

func (s *socket) send(pieces [][]byte, _ int) error {
	if len(pieces) == 1 {
		return s.ws.Write(s.ctx, websocket.MessageBinary, pieces[0])
	}
	w, err := s.ws.Writer(s.ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			_ = w.Close()
			return err
		}
	}
	return w.Close()
}

func (s *socket) tell(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words = append(s.words, word)
	if !s.telling && !s.last {
		s.telling = true
		go s.flush()
	}
}

// flush tells what is to be told: not on the goroutine of who reads, since to write may take time.
func (s *socket) flush() {
	for {
		s.mu.Lock()
		if len(s.words) == 0 {
			s.telling = false
			s.mu.Unlock()
			return
		}
		word := s.words[0]
		s.words = s.words[1:]
		s.mu.Unlock()
		if s.ws.Write(s.ctx, websocket.MessageText, []byte(word)) != nil {
			s.cancel()
		}
	}
}

// close waits until the peer has answered the farewell (RFC 6455, Section 7.1.2), so that nothing under way is lost.
func (s *socket) close(word string) error {
	limit := time.AfterFunc(farewell, s.cancel)
	defer limit.Stop()
	s.mu.Lock()
	s.last = true
	words := append(s.words, word)
	s.words = nil
	s.mu.Unlock()
	for _, w := range words {
		if err := s.ws.Write(s.ctx, websocket.MessageText, []byte(w)); err != nil {
			break // the peer is gone
		}
	}
	_ = s.ws.Close(websocket.StatusNormalClosure, "")
	<-s.done
	return nil
}

func (s *socket) abort() { s.cancel() }
