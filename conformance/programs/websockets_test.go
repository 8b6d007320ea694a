package programs

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// A coderSocket is one of github.com/coder/websocket.
type coderSocket struct{ *coder.Conn }

func acceptCoder(w http.ResponseWriter, r *http.Request) (socket, error) {
	c, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{protocol}})
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(maxMessage)
	return coderSocket{c}, nil
}

func dialCoder(ctx context.Context, _ *world, rt http.RoundTripper, url string) (socket, *http.Response, error) {
	c, resp, err := coder.Dial(ctx, url, &coder.DialOptions{HTTPClient: &http.Client{Transport: rt}, Subprotocols: []string{protocol}})
	if err != nil {
		return nil, nil, err
	}
	c.SetReadLimit(maxMessage)
	return coderSocket{c}, resp, nil
}

func (s coderSocket) send(ctx context.Context, text bool, message []byte) error {
	if text {
		return s.Write(ctx, coder.MessageText, message)
	}
	return s.Write(ctx, coder.MessageBinary, message)
}

func (s coderSocket) receive(ctx context.Context) (bool, []byte, error) {
	kind, message, err := s.Read(ctx)
	return kind == coder.MessageText, message, err
}

func (s coderSocket) close(code int, reason string) error {
	err := s.Close(coder.StatusCode(code), reason)
	if errors.Is(err, net.ErrClosed) { // a farewell was answered already
		return nil
	}
	return err
}

func (coderSocket) closed(err error) (int, string) {
	var e coder.CloseError
	if !errors.As(err, &e) {
		return 0, err.Error()
	}
	return int(e.Code), e.Reason
}

func (s coderSocket) ping(ctx context.Context) error { return s.Ping(ctx) }

// A gorillaSocket is one of github.com/gorilla/websocket.
type gorillaSocket struct {
	*gorilla.Conn
	pongs chan string
}

func newGorillaSocket(c *gorilla.Conn) gorillaSocket {
	s := gorillaSocket{c, make(chan string, 1)}
	c.SetReadLimit(maxMessage)
	c.SetPongHandler(func(data string) error {
		s.pongs <- data
		return nil
	})
	return s
}

func acceptGorilla(w http.ResponseWriter, r *http.Request) (socket, error) {
	upgrader := gorilla.Upgrader{Subprotocols: []string{protocol}}
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	return newGorillaSocket(c), nil
}

func dialGorilla(ctx context.Context, w *world, _ http.RoundTripper, url string) (socket, *http.Response, error) {
	d := gorilla.Dialer{Subprotocols: []string{protocol}, TLSClientConfig: w.trust()}
	c, resp, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return nil, nil, err
	}
	return newGorillaSocket(c), resp, nil
}

func (s gorillaSocket) send(ctx context.Context, text bool, message []byte) error {
	end, _ := ctx.Deadline()
	_ = s.SetWriteDeadline(end)
	if text {
		return s.WriteMessage(gorilla.TextMessage, message)
	}
	return s.WriteMessage(gorilla.BinaryMessage, message)
}

func (s gorillaSocket) receive(ctx context.Context) (bool, []byte, error) {
	end, _ := ctx.Deadline()
	_ = s.SetReadDeadline(end)
	kind, message, err := s.ReadMessage()
	return kind == gorilla.TextMessage, message, err
}

func (s gorillaSocket) close(code int, reason string) error {
	defer s.Close()
	err := s.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(code, reason), time.Now().Add(5*time.Second))
	if err != nil {
		return nil //nolint:nilerr // a farewell was answered already
	}
	_ = s.SetReadDeadline(time.Now().Add(5 * time.Second))
	for { // until the peer answers, or drops the connection
		if _, _, err := s.ReadMessage(); err != nil {
			return nil
		}
	}
}

func (gorillaSocket) closed(err error) (int, string) {
	var e *gorilla.CloseError
	if !errors.As(err, &e) {
		return 0, err.Error()
	}
	return e.Code, e.Text
}

func (s gorillaSocket) ping(ctx context.Context) error {
	data := []byte("are you there?")
	if err := s.WriteControl(gorilla.PingMessage, data, time.Now().Add(5*time.Second)); err != nil {
		return err
	}
	select {
	case got := <-s.pongs:
		if !bytes.Equal([]byte(got), data) {
			return errors.New("another pong: " + got)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
