package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A socket is one end of a WebSocket connection (RFC 6455), whoever made it.
type socket interface {
	send(ctx context.Context, text bool, message []byte) error
	receive(ctx context.Context) (text bool, message []byte, err error)

	// close says farewell with a code and a reason, and drops the connection.
	close(code int, reason string) error

	// closed returns what the peer said in farewell, from an error of receive; 0 if that was not one.
	closed(err error) (code int, reason string)

	// ping sends a ping and waits for its pong; somebody else is receiving meanwhile.
	ping(ctx context.Context) error
}

// A websocket is a library of WebSocket.
type websocket struct {
	name string

	// accept takes a connection over from the server (by http.Hijacker).
	accept func(w http.ResponseWriter, r *http.Request) (socket, error)

	// dial opens one.
	dial func(ctx context.Context, w *world, rt http.RoundTripper, url string) (socket, *http.Response, error)
}

var websockets = []websocket{
	{"coder", acceptCoder, dialCoder},
	{"gorilla", acceptGorilla, dialGorilla},
}

const (
	protocol   = "echo.test"     // what the tests' ends agree on
	maxMessage = 5 << 20         // what they take
	farewell   = "the echo ends" // what a server says in the end
)

// echoes sends back what it gets until the client says farewell, and tells how it did.
func echoes(accept func(http.ResponseWriter, *http.Request) (socket, error), ends chan<- string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := accept(w, r)
		if err != nil {
			ends <- err.Error()
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		for {
			text, message, err := s.receive(ctx)
			if err != nil {
				code, reason := s.closed(err)
				_ = s.close(code, "")
				ends <- fmt.Sprint(code, " ", reason)
				return
			}
			if string(message) == "end it" {
				_ = s.close(4000, farewell)
				ends <- "ended"
				return
			}
			if err := s.send(ctx, text, message); err != nil {
				ends <- err.Error()
				return
			}
		}
	})
}

// eachWebSocket runs a test with each library of WebSocket on either side, in every world.
func eachWebSocket(t *testing.T, f func(t *testing.T, w *world, rt http.RoundTripper, server, client websocket)) {
	for _, server := range websockets {
		for _, client := range websockets {
			t.Run(client.name+" to "+server.name, func(t *testing.T) {
				if client.name == "gorilla" { // it brings its own client of HTTP
					eachServer(t, []version{h1, h1s}, func(t *testing.T, w *world) { f(t, w, nil, server, client) })
					return
				}
				each(t, []version{h1, h1s}, func(t *testing.T, w *world) { f(t, w, w.transport(t), server, client) })
			})
		}
	}
}

// TestWebSocketEchoes sends messages of all sizes both ways, pings, and reads the codes of farewells.
func TestWebSocketEchoes(t *testing.T) {
	eachWebSocket(t, func(t *testing.T, w *world, rt http.RoundTripper, server, client websocket) {
		ends := make(chan string, 1)
		exchangesMessages(t, w, rt, client, w.serve(t, echoes(server.accept, ends)), ends)
	})
}

func exchangesMessages(t *testing.T, w *world, rt http.RoundTripper, client websocket, url string, ends <-chan string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, resp, err := client.dial(ctx, w, rt, url)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 101 {
		t.Errorf("status %d", resp.StatusCode)
	}
	hasFields(t, "the upgrade", resp.Header, "Upgrade: websocket", "Connection: Upgrade", "Sec-Websocket-Protocol: "+protocol)
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20, maxMessage - 1} {
		echoed(t, ctx, s, size%2 == 0, bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size])
	}
	pinged := make(chan error, 1)
	go func() { pinged <- s.ping(ctx) }()
	for answered := false; !answered; { // a pong is seen by who receives
		echoed(t, ctx, s, true, []byte("meanwhile"))
		select {
		case err := <-pinged:
			answered = true
			if err != nil {
				t.Error(err)
			}
		default:
		}
	}
	if err := s.close(4001, "enough"); err != nil {
		t.Error(err)
	}
	if end := receive(t, ends, "the server's end"); end != "4001 enough" {
		t.Errorf("the server was told %q", end)
	}

	s, _, err = client.dial(ctx, w, rt, url)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(ctx, true, []byte("end it")); err != nil {
		t.Error(err)
	}
	_, _, err = s.receive(ctx)
	if code, reason := s.closed(err); code != 4000 || reason != farewell {
		t.Errorf("the client was told %d %q: %v", code, reason, err)
	}
	_ = s.close(4000, "")
	receive(t, ends, "the server's end")
}

func echoed(t *testing.T, ctx context.Context, s socket, text bool, message []byte) {
	t.Helper()
	sent := make(chan error, 1)
	go func() { sent <- s.send(ctx, text, message) }()
	gotText, got, err := s.receive(ctx)
	if err := receive(t, sent, "what was sent"); err != nil {
		t.Fatal(err)
	}
	if err != nil || gotText != text || !bytes.Equal(got, message) {
		t.Fatalf("%d bytes (text %t) came back as %d (text %t), %v", len(message), text, len(got), gotText, err)
	}
}

// TestWebSocketsManyAtOnce has 32 connections echo at the same time.
func TestWebSocketsManyAtOnce(t *testing.T) {
	eachWebSocket(t, func(t *testing.T, w *world, rt http.RoundTripper, server, client websocket) {
		const sockets, messages = 32, 10
		ends := make(chan string, sockets)
		url := w.serve(t, echoes(server.accept, ends))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		done := make(chan error, sockets)
		for i := range sockets {
			go func() {
				s, _, err := client.dial(ctx, w, rt, url)
				for n := 0; err == nil && n < messages; n++ {
					sent := strings.Repeat(fmt.Sprint(i, " "), 100*n)
					if err = s.send(ctx, true, []byte(sent)); err == nil {
						var got []byte
						if _, got, err = s.receive(ctx); string(got) != sent {
							err = errors.Join(err, fmt.Errorf("%q came back", got))
						}
					}
				}
				if s != nil {
					err = errors.Join(err, s.close(1000, ""))
				}
				done <- err
			}()
		}
		for range sockets {
			if err := receive(t, done, "an echo"); err != nil {
				t.Error(err)
			}
			if end := receive(t, ends, "the server's end"); end != "1000 " {
				t.Errorf("the server was told %q", end)
			}
		}
	})
}

// TestWebSocketIsRefusedWithoutItsFields answers with the statuses of the two libraries to what is no handshake.
func TestWebSocketIsRefusedWithoutItsFields(t *testing.T) {
	for _, server := range websockets {
		t.Run(server.name, func(t *testing.T) {
			each(t, []version{h1}, func(t *testing.T, w *world) {
				ends := make(chan string, 2)
				url := w.serve(t, echoes(server.accept, ends))
				rt := w.transport(t)
				a := ask(t, rt, "GET", url, nil)
				if a.StatusCode != 426 && a.StatusCode != 400 {
					t.Errorf("%d %q", a.StatusCode, a.content)
				}
				a = ask(t, rt, "GET", url, nil, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
				a.is(t, 400, "...")
				a.has(t, "Sec-Websocket-Version: 13")
			})
		})
	}
}
