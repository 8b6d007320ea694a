package paf_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

// A digger opens tunnels, of one kind, between a client and a server.
type digger struct {
	client *paf.Client
	server *paf.Server
	kind   kind
	given  chan *paf.Tunnel // what the handler has got
}

// A kind is a way to open a tunnel.
type kind struct {
	name     string
	protocol paf.Protocol
	upgrade  bool // else CONNECT
}

var kinds = []kind{
	{"h1 CONNECT", paf.HTTP11, false},
	{"h1 Upgrade", paf.HTTP11, true},
	{"h2 CONNECT", paf.HTTP2, false},
	{"h2 Upgrade", paf.HTTP2, true},
}

// ask asks for a tunnel.
func (k kind) ask(ctx context.Context, c *paf.Client) (*paf.Response, error) {
	if !k.upgrade {
		r, err := paf.NewRequest("GET", "http://proxy.test", nil)
		if err != nil {
			return nil, err
		}
		return c.Connect(ctx, r, "far.test:443")
	}
	r, err := paf.NewRequest("GET", "http://far.test/chat", nil)
	if err != nil {
		return nil, err
	}
	return c.Upgrade(ctx, r, "echo")
}

// grounds are what connections are made of.
var grounds = map[string]func(t testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)){
	"pipe": func(testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)) {
		ln := paftest.Listen()
		return ln, ln.Dial
	},
	"tcp": listenTCP,
	"bare": func(testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)) {
		ln := paftest.Listen()
		return ln, func(ctx context.Context) (flow.Flow, error) {
			f, err := ln.Dial(ctx)
			if err != nil {
				return nil, err
			}
			p := flow.PowersOf(f)
			return flow.WithPowers(flow.Bare(f), flow.Powers{Peer: p.Peer, Local: p.Local}), nil
		}
	},
	"tls h2": func(t testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)) { return listenTLS(t, "h2") },
	"tls h1": func(t testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)) {
		return listenTLS(t, "http/1.1")
	},
}

// listenTLS listens for TLS whose clients ask for one protocol.
func listenTLS(t testing.TB, protocol string) (net.Listener, func(context.Context) (flow.Flow, error)) {
	ln, dial := listenTCP(t)
	certificate, pool := selfSigned()
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}}
	return tls.NewListener(ln, config), func(ctx context.Context) (flow.Flow, error) {
		f, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return flow.TLSClient(ctx, f, &tls.Config{RootCAs: pool, ServerName: "localhost", NextProtos: []string{protocol}})
	}
}

func listenTCP(t testing.TB) (net.Listener, func(context.Context) (flow.Flow, error)) {
	ln := testkit.Listen(t)
	return ln, func(ctx context.Context) (flow.Flow, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
		if err != nil {
			return nil, err
		}
		return flow.Conn(c), nil
	}
}

// dig starts a server that grants every tunnel, and a client that reaches it. The server is stopped at the end of the test, and must stop at once.
// before is called with what has been made, and nothing has begun.
func dig(t testing.TB, k kind, ln net.Listener, dial func(context.Context) (flow.Flow, error), before ...func(*digger)) *digger {
	t.Helper()
	d := &digger{given: make(chan *paf.Tunnel, 16)}
	d.server = &paf.Server{ExtendedConnect: true, Log: slog.New(slog.DiscardHandler), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		tunnel, err := w.Tunnel()
		if err != nil {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, err.Error())
			return
		}
		d.given <- tunnel
	})}
	done := make(chan error, 1)
	own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) { return dial(ctx) })
	d.client = &paf.Client{Protocol: k.protocol, Context: mimic.Add(mimic.Context{}, own, struct{}{})}
	d.kind = k
	for _, f := range before {
		f(d)
	}
	go func() { done <- d.server.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		d.client.Close()
		if err := d.server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil && !errors.Is(err, paf.ErrStopped) {
			t.Error(err)
		}
	})
	return d
}

// open opens a tunnel, and returns both ends.
func (d *digger) open(t testing.TB) (client, server *paf.Tunnel) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := d.kind.ask(ctx, d.client)
	if err != nil {
		t.Fatal(err)
	}
	client, err = resp.Tunnel()
	if err != nil {
		t.Fatalf("%d: %v", resp.Status, err)
	}
	cancel() // it is the request's, and the tunnel is no longer
	_ = resp.Body.Close()
	return client, <-d.given
}

// A tunnel is a flow at both ends, whatever is below it.
func TestATunnelIsAFlow(t *testing.T) {
	for ground, listen := range grounds {
		for _, k := range kinds {
			if protocol, is := strings.CutPrefix(ground, "tls "); is && !strings.HasPrefix(k.name, protocol) {
				continue
			}
			t.Run(ground+" "+k.name, func(t *testing.T) {
				t.Parallel()
				ln, dial := listen(t)
				d := dig(t, k, ln, dial)
				flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
					client, server := d.open(t)
					return client, server
				})
			})
		}
	}
}
