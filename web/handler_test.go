//go:build !js

package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/nethttp"
	"github.com/paf-go/paf/web"
)

func echo(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.Copy(w, r.Body) }

// ask posts text and returns what comes back, and over which version.
func ask(t *testing.T, c *paf.Client, url, text string) (string, paf.Protocol) {
	t.Helper()
	r, err := paf.NewRequest("POST", url, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(got), resp.Protocol
}

func TestContextWithAURLOpensAWebSocket(t *testing.T) {
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: &paf.Server{Handler: paf.HandlerFunc(echo)}}})
	text := strings.Repeat("some text that goes there and back\n", 60_000)
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c := &paf.Client{Context: mimic.Add(mimic.Context{}, web.WebSocket, "ws://"+addr+"/flow"), Protocol: protocol}
		if got, over := ask(t, c, "http://anywhere.example/", text); got != text || over != protocol {
			t.Errorf("%d bytes of %d over %v, not %v", len(got), len(text), over, protocol)
		}
		c.Close()
	}
}

// TLS is the WebSocket's, by wss: over the flow there is none.
func TestRequestsOverAFlowAreForHTTP(t *testing.T) {
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: &paf.Server{Handler: paf.HandlerFunc(echo)}}})
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, web.WebSocket, "ws://"+addr+"/flow")}
	defer c.Close()
	if resp, err := c.Get(t.Context(), "https://anywhere.example/"); !errors.Is(err, paf.ErrHandshake) {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestHandlerTellsThePeer(t *testing.T) {
	peers := make(chan string, 1)
	inner := &paf.Server{Handler: paf.HandlerFunc(func(_ *paf.ResponseWriter, r *paf.Request) { peers <- r.Peer().String() })}
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: inner}})
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, web.WebSocket, "ws://"+addr)}
	defer c.Close()
	ask(t, c, "http://x/", "")
	if got := <-peers; !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("the peer is %s", got)
	}
}

func TestHandlerRefuses(t *testing.T) {
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: &paf.Server{}, Origins: []string{"friend.example"}}})
	for _, c := range []struct {
		name, subprotocol, origin string
		status                    int
	}{
		{"another subprotocol", "chat", "", 400},
		{"no subprotocol", "", "", 400},
		{"a page of another site", "paf-flow", "https://stranger.example", 403},
		{"a page of a friend", "chat, paf-flow", "https://friend.example", 101},
		{"a page of its own", "paf-flow", "http://" + addr, 101},
	} {
		options := &websocket.DialOptions{HTTPHeader: http.Header{}}
		if c.origin != "" {
			options.HTTPHeader.Set("Origin", c.origin)
		}
		if c.subprotocol != "" {
			options.Subprotocols = strings.Split(c.subprotocol, ", ")
		}
		ws, resp, _ := websocket.Dial(t.Context(), "ws://"+addr, options)
		if resp == nil || resp.StatusCode != c.status {
			t.Errorf("%s: %v", c.name, resp)
		}
		if ws != nil {
			_ = ws.CloseNow()
		}
	}
	resp, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != 426 || resp.Header.Get("Upgrade") != "websocket" {
		t.Errorf("a request for a page: %d, Upgrade %q", resp.StatusCode, resp.Header.Get("Upgrade"))
	}
}

func TestDialSaysThatItIsRefused(t *testing.T) {
	addr := serve(t, &paf.Server{})
	if _, err := web.DialWebSocket(t.Context(), "ws://"+addr); !errors.Is(err, web.ErrRefused) {
		t.Errorf("error %v", err)
	}
}

// TestWebSocketOverHTTP2 opens the WebSocket by an extended CONNECT (RFC 8441).
func TestWebSocketOverHTTP2(t *testing.T) {
	inner := &paf.Server{Handler: paf.HandlerFunc(echo)}
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: inner}, ExtendedConnect: true})
	outer := &paf.Client{Protocol: paf.HTTP2}
	defer outer.Close()
	ws, _, err := websocket.Dial(t.Context(), "ws://"+addr, &websocket.DialOptions{
		Subprotocols: []string{"paf-flow"}, HTTPClient: &http.Client{Transport: extended{outer}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if ws.Subprotocol() != "paf-flow" {
		t.Errorf("the subprotocol is %q", ws.Subprotocol())
	}
	if err := ws.Write(t.Context(), websocket.MessageBinary, []byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	kind, got, err := ws.Read(t.Context())
	if err != nil || kind != websocket.MessageBinary || !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") {
		t.Errorf("%v %q, error %v", kind, got, err)
	}
}

// extended makes of a request for a WebSocket on HTTP/1.1 one on HTTP/2, and back of its response.
type extended struct{ c *paf.Client }

func (e extended) RoundTrip(r *http.Request) (*http.Response, error) {
	own, err := paf.NewRequest("GET", "http://"+r.URL.Host+"/", nil)
	if err != nil {
		return nil, err
	}
	own.Header.Set("Sec-WebSocket-Version", "13")
	own.Header.Set("Sec-WebSocket-Protocol", "paf-flow")
	resp, err := e.c.Upgrade(r.Context(), own, "websocket")
	if err != nil {
		return nil, err
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		return nil, err
	}
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": {resp.Header.Get("Sec-WebSocket-Protocol")}}
	header.Set("Sec-WebSocket-Accept", accept(r.Header.Get("Sec-WebSocket-Key")))
	return &http.Response{StatusCode: 101, Header: header, Body: tunnel}, nil
}

// TestStopLetsExchangesFinish stops the server through which a flow has come, while an exchange goes on.
func TestStopLetsExchangesFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	inner := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
		close(begun)
		<-finish
		_, _ = w.WriteString("finished")
	})}
	ctx, stop := context.WithCancel(context.Background())
	outer := &paf.Server{Handler: &web.Handler{Server: inner}}
	ln, err := paf.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- outer.Serve(ctx, ln) }()
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, web.WebSocket, "ws://"+ln.Addr().String())}
	defer c.Close()
	go func() {
		<-begun
		if n := outer.Stats().Tunnels; n != 1 {
			t.Errorf("%d tunnels are counted", n)
		}
		stop()
		close(finish)
	}()
	if got, _ := ask(t, c, "http://x/", ""); got != "finished" {
		t.Errorf("the answer is %q", got)
	}
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server waits for a flow on which nothing happens")
	}
}

// TestPeerThatReadsNoMessages grants credit without end and reads nothing, until the system's buffers are full: a Write that waits for them ends
// with its deadline, or with a Close, at once.
func TestPeerThatReadsNoMessages(t *testing.T) {
	for name, interrupt := range map[string]func(c *web.Conn){
		"deadline": func(c *web.Conn) { _ = c.SetWriteDeadline(time.Now()) },
		"close":    func(c *web.Conn) { _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			peer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"paf-flow"}})
				if err != nil {
					t.Error(err)
					return
				}
				defer ws.CloseNow()
				for ws.Write(context.Background(), websocket.MessageText, []byte("credit 500000")) == nil {
					select {
					case <-over:
						return
					case <-time.After(time.Millisecond):
					}
				}
			})
			addr := serve(t, &paf.Server{Handler: nethttp.Handler(peer)})
			c, err := web.DialWebSocket(t.Context(), "ws://"+addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			defer close(over)
			wrote := make(chan error, 1)
			go func() {
				p := make([]byte, 1<<20)
				for err == nil {
					_, err = c.Write(p)
				}
				wrote <- err
			}()
			time.Sleep(300 * time.Millisecond) // so that it is stuck; without it the test is weaker, not wrong
			begin := time.Now()
			interrupt(c)
			err = <-wrote
			if took := time.Since(begin); took > time.Second {
				t.Errorf("it took %v", took)
			}
			if want := map[string]error{"deadline": os.ErrDeadlineExceeded, "close": net.ErrClosed}[name]; !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
}

// TestHostilePeersOfWebSockets speaks to the server's end by hand.
func TestHostilePeersOfWebSockets(t *testing.T) {
	for name, attack := range map[string]func(ws *websocket.Conn) error{
		"more than it may": func(ws *websocket.Conn) error {
			for range 20 {
				if err := ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 60<<10)); err != nil {
					return nil
				}
			}
			return nil
		},
		"a message larger than a window": func(ws *websocket.Conn) error {
			_ = ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1<<20))
			return nil
		},
		"an unknown word": func(ws *websocket.Conn) error {
			return ws.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("x", 1000)))
		},
		"gone without a word": func(ws *websocket.Conn) error { return ws.CloseNow() },
	} {
		t.Run(name, func(t *testing.T) {
			ends, release := make(chan flow.Flow, 1), make(chan struct{})
			inner := &paf.Server{ConnContext: func(ctx context.Context, f flow.Flow) context.Context {
				ends <- f
				<-release
				return ctx
			}}
			addr := serve(t, &paf.Server{Handler: &web.Handler{Server: inner}})
			ws, _, err := websocket.Dial(t.Context(), "ws://"+addr, &websocket.DialOptions{Subprotocols: []string{"paf-flow"}})
			if err != nil {
				t.Fatal(err)
			}
			defer ws.CloseNow()
			defer close(release)
			server := <-ends
			if err := attack(ws); err != nil {
				t.Fatal(err)
			}
			// Nobody reads meanwhile, and yet the end is noticed.
			deadline := time.Now().Add(5 * time.Second)
			for {
				if _, err = server.Write([]byte("x")); err != nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the server's end goes on")
				}
				time.Sleep(time.Millisecond)
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			if _, err := io.Copy(io.Discard, server); err == nil {
				t.Error("the end was taken for one that was meant")
			}
		})
	}
}
