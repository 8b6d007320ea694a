package httpover

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// tunnels are the cases of flows that go on without HTTP. Each is run by CONNECT and by an Upgrade, which is an extended CONNECT over HTTP/2.
var tunnels = []testCase{
	{claim: "ATunnelCarriesBothDirections", run: eachTunnel(tunnelCarries)},
	{claim: "ATunnelHasHalfCloses", run: eachTunnel(tunnelHalfCloses), needs: halfCloses},
	{claim: "ATunnelHasDeadlines", run: eachTunnel(tunnelDeadlines), waits: true},
	{claim: "ATunnelEndsWithItsConnection", run: eachTunnel(tunnelLost)},
	{claim: "ATunnelIsToldOfTheStop", run: eachTunnel(tunnelStops)},
	{claim: "ATunnelThatIsNotGrantedIsAnExchange", run: eachTunnel(tunnelRefused)},
	{claim: "ManyTunnelsGoSideBySide", run: eachTunnel(tunnelsMany)},
	{claim: "AHijackedFlowIsTheHandlers", run: hijacked, only: paf.HTTP11},
}

// A digger opens tunnels in one way.
type digger struct {
	*place
	upgrade bool
	server  *server
	client  *paf.Client
	given   chan *paf.Tunnel // what the handler has got
	below   flow.Flow        // the client's connection, where one at a time asks
}

// eachTunnel makes a case of one for tunnels.
func eachTunnel(f func(d *digger)) func(p *place) {
	return func(p *place) {
		for _, upgrade := range []bool{false, true} {
			d := &digger{place: p.again(), upgrade: upgrade, given: make(chan *paf.Tunnel, 100)}
			d.server = d.serve(func(w *paf.ResponseWriter, r *paf.Request) {
				if r.Authority == "closed.test:1" || r.Path == "/closed" {
					w.WriteHeader(403)
					_, _ = w.WriteString("no")
					return
				}
				t, err := w.Tunnel()
				if err != nil {
					p.Errorf("the tunnel was not granted: %v", err)
					return
				}
				d.given <- t
			}, func(s *paf.Server) { s.ExtendedConnect, s.LingerTimeout = true, short })
			d.client = d.place.client()
			f(d)
		}
	}
}

// again returns another place of the same kind, for the same case.
func (p *place) again() *place {
	q := *p
	q.ln, q.dial = p.open(p.TB, p.alpn)
	p.Cleanup(func() { _ = q.ln.Close() })
	return &q
}

// ask asks for a tunnel.
func (d *digger) ask(name string) (*paf.Response, error) {
	ctx, cancel := context.WithTimeout(d.Context(), patience)
	d.Cleanup(cancel)
	r, err := paf.NewRequest("GET", d.url("/"+name), nil)
	if err != nil {
		return nil, err
	}
	if d.upgrade {
		return d.client.Upgrade(ctx, r, "echo")
	}
	return d.client.Connect(ctx, r, name+".test:1")
}

// dig opens a tunnel and returns both ends.
func (d *digger) dig() (client, server *paf.Tunnel) {
	d.Helper()
	resp, err := d.ask("open")
	if err != nil {
		d.Fatal(err)
	}
	d.below = resp.Flow()
	if client, err = resp.Tunnel(); err != nil {
		d.Fatalf("%d: %v", resp.Status, err)
	}
	server = <-d.given
	d.Cleanup(func() { closeBoth(client, server) })
	return client, server
}

// exchange sends content in both directions of a tunnel at once.
func (d *digger) exchange(a, b io.ReadWriter, n int64) {
	d.crowd(4, func(i int) error {
		switch i {
		case 0:
			_, err := io.Copy(a, content(n, 1))
			return err
		case 1:
			_, err := io.Copy(b, content(n, 2))
			return err
		case 2:
			return same(io.LimitReader(a, n), n, 2)
		}
		return same(io.LimitReader(b, n), n, 1)
	})
}

func tunnelCarries(d *digger) {
	a, b := d.dig()
	for _, n := range []int64{1, 1000, 1 << 20} {
		d.exchange(a, b, n)
	}
	if n := d.server.Stats().Tunnels; n != 1 {
		d.Errorf("%d tunnels are counted", n)
	}
	_ = a.Close()
	if n, err := b.Read(make([]byte, 10)); n != 0 || err == nil {
		d.Errorf("after Close the other end has read %d bytes, %v", n, err)
	}
	_ = b.Close()
	d.eventually("no tunnel is left", func() bool { return d.server.Stats().Tunnels == 0 && d.client.Stats().Tunnels == 0 })
}

func tunnelHalfCloses(d *digger) {
	for _, reversed := range []bool{false, true} {
		a, b := d.dig()
		if reversed {
			a, b = b, a
		}
		go func() {
			_, err := io.Copy(a, content(300_000, 1))
			if err = errors.Join(err, a.CloseWrite()); err != nil {
				d.Error(err)
			}
		}()
		if err := same(b, 300_000, 1); err != nil {
			d.Error(err)
		}
		go func() {
			_, err := io.Copy(b, content(300_000, 2))
			if err = errors.Join(err, b.CloseWrite()); err != nil {
				d.Error(err)
			}
		}()
		if err := same(a, 300_000, 2); err != nil {
			d.Error(err)
		}
		closeBoth(a, b)
	}
}

func tunnelDeadlines(d *digger) {
	a, b := d.dig()
	for _, end := range []*paf.Tunnel{a, b} {
		d.lasts("a Read", short, func() {
			_ = end.SetReadDeadline(time.Now().Add(short))
			if _, err := end.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
				d.Errorf("Read: %v", err)
			}
		})
		if !d.deadlines && d.protocol == paf.HTTP11 {
			return // the deadline has closed the flow
		}
		_ = end.SetReadDeadline(time.Time{})
	}
	d.exchange(a, b, 1000)
	d.lasts("a Write", short, func() {
		_ = a.SetWriteDeadline(time.Now().Add(short))
		if _, err := io.Copy(a, endless{}); !errors.Is(err, os.ErrDeadlineExceeded) {
			d.Errorf("Write: %v", err)
		}
	})
}

func tunnelLost(d *digger) {
	a, b := d.dig()
	d.exchange(a, b, 1000)
	lose(d.below)
	for _, end := range []*paf.Tunnel{a, b} {
		_, err := io.Copy(io.Discard, end)
		if err == nil && d.protocol == paf.HTTP2 {
			d.Error("the loss of the connection was taken for an end of the tunnel")
		}
		if d.protocol == paf.HTTP2 && !until(end.Context().Done()) {
			d.Error("the tunnel's context goes on")
		}
		_ = end.Close()
	}
	d.emptied(d.server)
}

func tunnelStops(d *digger) {
	a, b := d.dig()
	d.server.cancel()
	d.wait(b.Context().Done(), "the tunnel to be told")
	if cause := context.Cause(b.Context()); !errors.Is(cause, paf.ErrStopped) {
		d.Errorf("it was told %v", cause)
	}
	d.exchange(a, b, 10_000) // and goes on until it is closed
	closeBoth(a, b)
	d.wait(d.server.done, "the server to stop")
}

func tunnelRefused(d *digger) {
	for range 3 {
		resp, err := d.ask("closed")
		if err != nil {
			d.Fatal(err)
		}
		if _, err := resp.Tunnel(); !errors.Is(err, paf.ErrNoTunnel) {
			d.Errorf("Tunnel: %v", err)
		}
		if got := d.text(resp); resp.Status != 403 || got != "no" {
			d.Errorf("%d %q", resp.Status, got)
		}
	}
}

func tunnelsMany(d *digger) {
	const n = 12
	go func() {
		for range n {
			go func(t *paf.Tunnel) {
				_, _ = io.Copy(t, struct{ io.Reader }{t})
				_ = t.Close()
			}(<-d.given)
		}
	}()
	d.crowd(n, func(i int) error {
		resp, err := d.ask("open")
		if err != nil {
			return err
		}
		t, err := resp.Tunnel()
		if err != nil {
			return err
		}
		defer t.Close()
		go func() { _, _ = io.Copy(t, content(50_000, uint64(i))) }()
		return same(io.LimitReader(t, 50_000), 50_000, uint64(i))
	})
}

func hijacked(p *place) {
	p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		f, early, err := w.Hijack()
		if err != nil {
			p.Error(err)
			return
		}
		defer f.Close()
		line := make([]byte, 6)
		n := copy(line, early)
		if _, err := io.ReadFull(f, line[n:]); err != nil {
			p.Error(err)
		}
		fmt.Fprintf(f, "you said %s", line)
	})
	raw := p.raw()
	raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nhel")
	raw.send("lo\n")
	if got, err := bufio.NewReader(raw).ReadString('\n'); err != nil || got != "you said hello\n" {
		p.Errorf("%q, %v", got, err)
	}
	raw.rest()
}
