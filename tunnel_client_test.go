package paf_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A canned server sends the same to whoever connects, and keeps what it gets.
func canned(t testing.TB, answer string) (c *paf.Client, got *bytes.Buffer) {
	got = &bytes.Buffer{}
	own := mimic.Register("own", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
		near, far := flow.Pipe(0)
		go func() {
			for buf := make([]byte, 1000); !bytes.Contains(got.Bytes(), []byte("\r\n\r\n")); {
				n, err := far.Read(buf)
				if got.Write(buf[:n]); err != nil {
					return
				}
			}
			_, _ = io.WriteString(far, answer)
			_, _ = io.Copy(far, far)
			_ = far.Close()
		}()
		return near, nil
	})
	c = &paf.Client{Context: mimic.Add(mimic.Context{}, own, struct{}{})}
	t.Cleanup(c.Close)
	return c, got
}

// What a request for a tunnel looks like on the wire, and what of the answer is the tunnel's.
func TestRequestsForTunnelsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		kind   kind
		answer string
		want   string
	}{
		{kinds[0], "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly", "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n"},
		{kinds[0], "HTTP/1.0 204 \r\nTransfer-Encoding: x\r\n\r\nearly", "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n"},
		{kinds[1], "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly",
			"GET /chat HTTP/1.1\r\nHost: far.test\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"},
	} {
		client, got := canned(t, c.answer)
		resp, err := c.kind.ask(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(resp.Body); len(content) > 0 || err != nil {
			t.Errorf("content %q, %v", content, err)
		}
		tunnel, err := resp.Tunnel()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Tunnel(); err != paf.ErrTaken {
			t.Errorf("a second Tunnel: %v", err)
		}
		if got.String() != c.want {
			t.Errorf("sent %q", got)
		}
		_, _ = io.WriteString(tunnel, ", late")
		_ = tunnel.CloseWrite()
		var all strings.Builder
		if _, err := io.Copy(&all, tunnel); err != nil || all.String() != "early, late" {
			t.Errorf("read %q, %v", all.String(), err)
		}
		_ = tunnel.Close()
		if s := client.Stats(); s.Conns != 0 {
			t.Errorf("left %+v", s)
		}
	}
}

// A proxy is asked in its own terms, and nobody is asked for what cannot be.
func TestConnectAsksTheProxy(t *testing.T) {
	client, got := canned(t, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
	r, err := paf.NewRequest("GET", "http://me:secret@proxy.test:3128/ignored", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Host", "proxy.test")
	r.Header.Set("User-Agent", "mole")
	resp, err := client.Connect(t.Context(), r, "[::1]:22")
	want := "CONNECT [::1]:22 HTTP/1.1\r\nHost: [::1]:22\r\nUser-Agent: mole\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"
	if err != nil || resp.Status != 407 || got.String() != want {
		t.Errorf("%v, sent %q", err, got)
	}
	if !r.Header.Has("Authorization") || r.Method != "GET" {
		t.Errorf("the caller's request was changed: %+v", r)
	}
	for _, authority := range []string{"", "a", "a:0", "a:1/x", "u@a:1"} {
		var bad *paf.URLError
		if _, err := client.Connect(t.Context(), r, authority); !errors.As(err, &bad) {
			t.Errorf("%q: %v", authority, err)
		}
	}
	r.Body, r.Length = strings.NewReader("x"), 1
	if _, err := client.Connect(t.Context(), r, "a:1"); !errors.Is(err, paf.ErrLength) {
		t.Errorf("with content: %v", err)
	}
}

// A request that a handler has got over HTTP/2 can be sent on over HTTP/1.1.
func TestUpgradeOfARequestFromHTTP2(t *testing.T) {
	client, got := canned(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r, _ := paf.NewRequest("CONNECT", "http://far.test/chat", nil)
	resp, err := client.Upgrade(t.Context(), r, "echo")
	if err != nil || resp.Status != 101 || !strings.HasPrefix(got.String(), "GET /chat HTTP/1.1\r\n") {
		t.Errorf("%v, sent %q", err, got)
	}
	_ = resp.Body.Close()
}

// A CONNECT that is refused is an exchange like any other, whatever is in the answer; a redirect is none for it.
func TestARefusedConnectIsAnExchange(t *testing.T) {
	for _, k := range kinds {
		ln, dial := grounds["tcp"](t)
		d := dig(t, k, ln, dial, replying(func(w *paf.ResponseWriter, r *paf.Request) {
			w.Header().Set("Location", "http://elsewhere.test/")
			w.WriteHeader(map[bool]int{true: 305, false: 407}[k.upgrade])
			fmt.Fprint(w, r.Method, r.Authority, r.Upgrade())
			_ = w.Flush()
			_, _ = io.Copy(io.Discard, r.Body) // the client ends its side, since there is to be no tunnel
			fmt.Fprint(w, ".")
		}))
		for range 3 {
			resp, err := k.ask(t.Context(), d.client)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := resp.Tunnel(); err != paf.ErrNoTunnel {
				t.Errorf("%s: %v", k.name, err)
			}
			want := map[string]string{"h1 CONNECT": "CONNECTfar.test:443.", "h2 CONNECT": "CONNECTfar.test:443.", "h1 Upgrade": "GETfar.testecho.", "h2 Upgrade": "CONNECTfar.testecho."}[k.name]
			if got, err := io.ReadAll(resp.Body); string(got) != want || err != nil {
				t.Errorf("%s: %q, %v", k.name, got, err)
			}
		}
		if n := d.client.Stats().Opened; n != 1 && k.name != "h1 CONNECT" { // after that what follows might be the tunnel's
			t.Errorf("%s: %d connections", k.name, n)
		}
	}
}

// Where the server of HTTP/2 does not take it, an Upgrade is not sent; nothing has been, then.
func TestNoExtendedConnectWithoutLeave(t *testing.T) {
	ln, dial := grounds["pipe"](t)
	d := dig(t, kinds[3], ln, dial, func(d *digger) { d.server.ExtendedConnect = false })
	for range 2 {
		var unsent *paf.SendError
		if _, err := kinds[3].ask(t.Context(), d.client); !errors.Is(err, paf.ErrNoExtendedConnect) || !errors.As(err, &unsent) || unsent.Sent {
			t.Errorf("got %v", err)
		}
	}
	resp, err := d.client.Get(t.Context(), "http://far.test/")
	if err != nil || resp.Status != 400 || d.client.Stats().Opened != 1 {
		t.Errorf("afterwards: %v, %+v", err, d.client.Stats())
	}
	_ = resp.Body.Close()
}

// The settings that say whether it does are waited for, no longer than the context lasts.
func TestSettingsAreWaitedForNoLongerThanTheContext(t *testing.T) {
	own := mimic.Register("own", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
		near, far := flow.Pipe(0)
		go func() {
			_, _ = io.Copy(io.Discard, far) // and says nothing
			_ = far.Close()
		}()
		return near, nil
	})
	c := &paf.Client{Protocol: paf.HTTP2, Context: mimic.Add(mimic.Context{}, own, struct{}{}), Limits: engine.Limits{HeadTimeout: -1}}
	defer c.Close()
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, enough)
	defer cancel()
	if _, err := kinds[3].ask(ctx, c); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// Until Tunnel has been called the context of Do, and the Body, still close it.
func TestATunnelThatNobodyTakesIsClosed(t *testing.T) {
	for _, k := range kinds {
		for name, end := range map[string]func(cancel context.CancelFunc, resp *paf.Response){
			"by the context": func(cancel context.CancelFunc, _ *paf.Response) { cancel() },
			"by its Body":    func(_ context.CancelFunc, resp *paf.Response) { _ = resp.Body.Close() },
		} {
			ln, dial := grounds["pipe"](t)
			d := dig(t, k, ln, dial)
			ctx, cancel := context.WithCancel(t.Context())
			resp, err := k.ask(ctx, d.client)
			if err != nil {
				t.Fatal(err)
			}
			end(cancel, resp)
			server := <-d.given
			_, _ = io.Copy(io.Discard, server)
			_ = server.Close()
			if _, err := resp.Tunnel(); err == nil {
				t.Errorf("%s, closed %s: it can be taken", k.name, name)
			}
			cancel()
		}
	}
}

// A tunnel of HTTP/1 has left the pool: it takes no place in it.
func TestATunnelTakesNoPlaceInThePool(t *testing.T) {
	ln, dial := grounds["pipe"](t)
	d := dig(t, kinds[0], ln, dial, func(d *digger) { d.client.MaxConns = 1 })
	var open []*paf.Tunnel
	for range 3 {
		client, server := d.open(t)
		open = append(open, client, server)
	}
	if s := d.client.Stats(); s.Tunnels != 3 || s.Conns != 3 || s.PoolWaits != 0 {
		t.Errorf("stats %+v", s)
	}
	for _, tunnel := range open {
		_ = tunnel.Close()
	}
}

// The place that a stream had is free when both sides have ended it, also if that comes after Close.
func TestAClosedTunnelGivesUpItsPlace(t *testing.T) {
	ln, dial := grounds["pipe"](t)
	d := dig(t, kinds[2], ln, dial, func(d *digger) {
		d.client.MaxConns, d.server.Limits.Streams = 1, 1
	})
	client, server := d.open(t)
	_ = client.Close()
	asked := make(chan error, 1)
	go func() {
		resp, err := d.client.Get(t.Context(), "http://proxy.test/")
		if err == nil {
			err = resp.Body.Close()
		}
		asked <- err
	}()
	for d.client.Stats().PoolWaits == 0 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	_ = server.Close()
	if err := <-asked; err != nil || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// Whoever resets a tunnel by its powers has closed it.
func TestResetIsAClose(t *testing.T) {
	for _, k := range kinds {
		ln, dial := grounds["tcp"](t)
		d := dig(t, k, ln, dial)
		client, server := d.open(t)
		if err := flow.PowersOf(client).Resetter.Reset(); err != nil || client.Context().Err() == nil || d.client.Stats().Tunnels != 0 {
			t.Errorf("%s: %v, %+v", k.name, err, d.client.Stats())
		}
		if n, err := server.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("%s: the other end reads %d bytes, %v", k.name, n, err)
		}
		_ = server.Close()
	}
}

// A flow without deadlines is closed by one that interrupts a call, and has no half-close.
func TestATunnelOverABareFlow(t *testing.T) {
	for _, k := range kinds[:2] {
		ln, dial := grounds["bare"](t)
		d := dig(t, k, ln, dial)
		client, server := d.open(t)
		if err := client.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("CloseWrite: %v", err)
		}
		go func() { _, _ = io.WriteString(server, "x") }()
		_ = client.SetDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := io.Copy(io.Discard, client); n != 1 || !isTimeout(err) {
			t.Errorf("read %d bytes, %v", n, err)
		}
		if _, err := io.Copy(io.Discard, server); err != nil {
			t.Error(err)
		}
		_, _ = client.Close(), server.Close()
	}
}

// Between two kernel's connections the bytes need not pass through the program: io.Copy has them splice.
func TestATunnelOfAKernelsConnectionKeepsItsPowers(t *testing.T) {
	for _, k := range kinds[:2] {
		ln, dial := grounds["tcp"](t)
		d := dig(t, k, ln, dial)
		client, server := d.open(t)
		for _, end := range []*paf.Tunnel{client, server} {
			p := flow.PowersOf(end)
			if _, is := p.ReaderFrom.(*net.TCPConn); !is || p.VecWriter == nil || p.CloseWriter == nil || p.Pollable == nil {
				t.Errorf("%s: powers %+v", k.name, p)
			}
		}
		go func() { _ = client.Close() }()
		var to source
		_, _ = io.Copy(&to, server)
		if to.is != "net.tcpConnWithoutWriteTo" { // what TCPConn.ReadFrom splices from
			t.Errorf("%s: copied from a %s", k.name, to.is)
		}
		_ = server.Close()
	}
}

// A source notes what it is to read from.
type source struct {
	io.Writer
	is string
}

func (s *source) ReadFrom(r io.Reader) (int64, error) {
	s.is = fmt.Sprintf("%T", r)
	return io.Copy(io.Discard, struct{ io.Reader }{r})
}

// A tunnel through a proxy that is spoken to over TLS is clear itself, and does not say otherwise: a client runs TLS of its own
// over it, and a whole HTTP client works on top.
func TestATunnelIsNotSecuredByTheProxysTLS(t *testing.T) {
	for _, k := range kinds {
		certificate, pool := selfSigned()
		ln, dial := grounds["tls "+k.name[:2]](t)
		d := dig(t, k, ln, dial)
		origin := handle(func(w *paf.ResponseWriter, r *paf.Request) { fmt.Fprint(w, r.Scheme, " ", r.Protocol) })
		own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) {
			near, far := d.open(t)
			if p := flow.PowersOf(near); p.Negotiator != nil || p.Handshaker != nil {
				t.Error("it poses as secured")
			}
			if _, is := flow.As[*tls.Conn](near); is {
				t.Error("it gives away the proxy's TLS")
			}
			go func() {
				f, err := flow.TLSServer(context.Background(), far, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}})
				if err != nil {
					t.Error(err)
					return
				}
				_ = origin.ServeFlow(context.Background(), f)
			}()
			return near, nil
		})
		c := &paf.Client{Context: mimic.Add(mimic.Add(mimic.Context{}, own, struct{}{}), paf.TLSConfig, &tls.Config{RootCAs: pool})}
		resp, err := c.Get(t.Context(), "https://localhost/")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != "https HTTP/2.0" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		c.Close()
		_ = origin.Shutdown(t.Context())
	}
}
