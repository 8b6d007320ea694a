package proxyproto_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/proxyproto"
)

// behind sends a header on a flow and reads it at the other end.
func behind(open flowtest.Open, shake bool) flowtest.Open {
	return func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := open(t)
		h := &proxyproto.Header{Local: true}
		if a, is := a.(*net.TCPConn); is {
			h = &proxyproto.Header{Source: a.LocalAddr(), Destination: a.RemoteAddr()}
		}
		if err := proxyproto.Send(a, h); err != nil {
			t.Fatal(err)
		}
		c := proxyproto.Server(b, proxyproto.Options{})
		if shake {
			if err := c.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return a, c
	}
}

func overTCP(t testing.TB) (a, b flow.Flow) { return tcp(t) }

func overPipe(testing.TB) (a, b flow.Flow) { return flow.Pipe(0) }

func TestBehindAHeaderTCPIsAFlow(t *testing.T)  { flowtest.Run(t, behind(overTCP, true)) }
func TestBehindAHeaderPipeIsAFlow(t *testing.T) { flowtest.Run(t, behind(overPipe, true)) }

// The header of the flow is read by its first Read or Write.
func TestBeforeItsHeaderTCPIsAFlow(t *testing.T) { flowtest.Run(t, behind(overTCP, false)) }

// Without its own deadlines, too, the flow has those of a net.Conn.
func TestBehindAHeaderBarePipeIsAFlow(t *testing.T) {
	flowtest.Run(t, behind(func(testing.TB) (a, b flow.Flow) {
		a, b = flow.Pipe(0)
		return flow.Bare(a), flow.Bare(b)
	}, true))
}

func TestPowersStayAndTheHeaderAddsToThem(t *testing.T) {
	a, b := tcp(t)
	defer a.Close()
	c := flow.Conn(proxyproto.Server(b, proxyproto.Options{}))
	defer c.Close()
	if p := flow.PowersOf(c); p.Handshaker == nil || p.VecWriter != nil || p.ReaderFrom != nil || p.Negotiator != nil || p.PeerAddr() != b.RemoteAddr() {
		t.Errorf("before the header: %+v", p)
	}
	if err := proxyproto.Send(a, full); err != nil {
		t.Fatal(err)
	}
	if err := flow.PowersOf(c).Handshaker.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := flow.PowersOf(c)
	if p.VecWriter == nil || p.ReaderFrom != b.(io.ReaderFrom) || p.Pollable != b.(syscall.Conn) || p.Waits != b.(syscall.Conn) || p.Resetter == nil || p.CloseWriter == nil {
		t.Errorf("behind the header: %+v", p)
	}
	if p.PeerAddr().String() != client.String() || p.LocalAddr().String() != frontend.String() || p.NegotiatedProtocol() != "h2" {
		t.Errorf("%v, %v, %q", p.PeerAddr(), p.LocalAddr(), p.NegotiatedProtocol())
	}
}

func is(p proxyproto.Policy) func(net.Addr) proxyproto.Policy {
	return func(net.Addr) proxyproto.Policy { return p }
}

func TestPoliciesDecide(t *testing.T) {
	header, request := sent(t, headers["V1IPv4"]), "GET / HTTP/1.1\r\n\r\n"
	for _, c := range []struct {
		policy proxyproto.Policy
		text   string
		want   error
		rest   string
	}{
		{proxyproto.Require, header + request, nil, request},
		{proxyproto.Require, request, proxyproto.ErrMissing, ""},
		{proxyproto.Accept, header + request, nil, request},
		{proxyproto.Accept, request, nil, request},
		{proxyproto.Accept, "\r\n\r\nG", nil, "\r\n\r\nG"},
		{proxyproto.Accept, "", nil, ""},
		{proxyproto.Refuse, header + request, proxyproto.ErrRefused, ""},
		{proxyproto.Refuse, request, nil, request},
	} {
		conn := said(t, proxyproto.Options{Policy: is(c.policy)}, c.text, true)
		if err := conn.HandshakeContext(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%v, %q: %v, want %v", c.policy, c.text, err, c.want)
		} else if rest, _ := io.ReadAll(conn); string(rest) != c.rest {
			t.Errorf("%v, %q leaves %q", c.policy, c.text, rest)
		}
	}
}

func TestTrustGoesByTheAddressOfThePeer(t *testing.T) {
	policy := proxyproto.Trust(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fe80::/10"))
	for addr, want := range map[net.Addr]proxyproto.Policy{
		&net.TCPAddr{IP: net.IP{10, 1, 2, 3}}:                  proxyproto.Require,
		&net.TCPAddr{IP: net.ParseIP("::ffff:10.1.2.3")}:       proxyproto.Require,
		&net.TCPAddr{IP: net.ParseIP("2001:db8::1")}:           proxyproto.Require,
		&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}: proxyproto.Require,
		&net.TCPAddr{IP: net.IP{11, 1, 2, 3}}:                  proxyproto.Refuse,
		&net.TCPAddr{}:                                         proxyproto.Refuse,
		&net.UnixAddr{Name: "10.0.0.1:1", Net: "unix"}:         proxyproto.Refuse,
		other("10.0.0.1:80"):                                   proxyproto.Require, // of a stack of its own
		nil:                                                    proxyproto.Refuse,
	} {
		if got := policy(addr); got != want {
			t.Errorf("%v: %v, want %v", addr, got, want)
		}
	}
}

type other string

func (other) Network() string  { return "tcp" }
func (o other) String() string { return string(o) }

func TestTimeEndsAHeaderThatDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, text := range []string{"", "PROXY TCP4 ", v2 + "\x21"} {
			for _, p := range []proxyproto.Policy{proxyproto.Require, proxyproto.Accept, proxyproto.Refuse} {
				begun := time.Now()
				c := said(t, proxyproto.Options{Policy: is(p)}, text, false)
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, proxyproto.ErrTimeout) || time.Since(begun) != 5*time.Second {
					t.Errorf("%q: after %v: %v", text, time.Since(begun), err)
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := said(t, proxyproto.Options{Timeout: -1}, "P", false).HandshakeContext(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

func TestSizeIsBounded(t *testing.T) {
	h := &proxyproto.Header{Source: client, Destination: frontend, Authority: strings.Repeat("x", 500)}
	if err := said(t, proxyproto.Options{MaxBytes: 531}, sent(t, h), false).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := said(t, proxyproto.Options{MaxBytes: 530}, sent(t, h), false).HandshakeContext(t.Context()); !errors.Is(err, proxyproto.ErrTooLong) {
		t.Error(err)
	}
}

// facts answers with what a handler is told.
var facts = paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
	fmt.Fprintf(w, "%v %s from %v", r.Protocol, r.Scheme, r.Peer())
})

// through returns a client whose connections begin with a header.
func through(t *testing.T, addr string, h *proxyproto.Header, p paf.Protocol) *paf.Client {
	open := proxyproto.Connect(func(ctx context.Context, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}, func(net.Conn) *proxyproto.Header { return h })
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, mimic.Register("behind PROXY", 0, open), addr), Protocol: p}
	t.Cleanup(c.Close)
	return c
}

func TestHandlersAreToldWhatTheHeaderSays(t *testing.T) {
	addr := serve(t, &paf.Server{Handler: facts}, proxyproto.Options{}, nil)
	for _, c := range []struct {
		header *proxyproto.Header
		asked  paf.Protocol
		want   string
	}{
		{headers["V1IPv4"], paf.HTTP11, "HTTP/1.1 http from 192.0.2.1:4711"},
		{headers["V1IPv4"], paf.HTTP2, "HTTP/2.0 http from 192.0.2.1:4711"}, // by prior knowledge
		{headers["IPv6"], paf.HTTP11, "HTTP/1.1 http from [2001:db8::1]:1"},
		{full, paf.HTTP2, "HTTP/2.0 https from 192.0.2.1:4711"},
		{&proxyproto.Header{Local: true, ALPN: "http/1.1"}, paf.HTTP2, "HTTP/2.0 http from FROM"}, // it is no client's: nothing else counts
		{&proxyproto.Header{Source: client, Destination: frontend, ALPN: "http/1.1"}, paf.HTTP11, "HTTP/1.1 https from 192.0.2.1:4711"},
		{&proxyproto.Header{Source: client, Destination: frontend, TLS: &proxyproto.TLS{Version: "TLSv1.3"}}, paf.HTTP11, "HTTP/1.1 https from 192.0.2.1:4711"},
	} {
		resp, err := through(t, addr, c.header, c.asked).Get(t.Context(), "http://example.org/")
		if err != nil {
			t.Errorf("%+v: %v", c.header, err)
			continue
		}
		got, err := io.ReadAll(resp.Body)
		want := strings.ReplaceAll(c.want, "FROM", flow.PowersOf(resp.Flow()).LocalAddr().String())
		if string(got) != want || err != nil {
			t.Errorf("%+v: %q, want %q; %v", c.header, got, want, err)
		}
	}
}

// What was negotiated with the balancer is what is spoken: HTTP/1.1 there is not HTTP/2 here.
func TestTheHeadersALPNDecides(t *testing.T) {
	addr := serve(t, &paf.Server{Handler: facts}, proxyproto.Options{}, nil)
	h := &proxyproto.Header{Source: client, Destination: frontend, ALPN: "http/1.1"}
	if resp, err := through(t, addr, h, paf.HTTP2).Get(t.Context(), "http://example.org/"); err == nil {
		t.Errorf("HTTP/2 was spoken: %d", resp.Status)
	}
}

func TestTLSGoesBehindTheHeader(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2", "http/1.1"}}
	addr := serve(t, &paf.Server{Handler: facts}, proxyproto.Options{}, config)
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				err = proxyproto.Send(c, headers["IPv4"])
			}
			return c, err
		},
	}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("https://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != "HTTP/2.0 https from 192.0.2.1:4711" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// Idle connections behind a header cost no goroutine, in clear and in TLS, and are none the worse for it.
func TestIdleConnectionsAreParked(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("NOT TESTED: nothing is parked on " + runtime.GOOS)
	}
	for name, config := range map[string]*tls.Config{"clear": nil, "TLS": {Certificates: []tls.Certificate{certificate()}}} {
		for from, h := range map[string]*proxyproto.Header{"balancer": headers["IPv4"], "client": nil} {
			t.Run(name+"/"+from, func(t *testing.T) {
				s := &paf.Server{Handler: facts, ParkAfter: time.Millisecond}
				addr := serve(t, s, proxyproto.Options{Policy: is(proxyproto.Accept)}, config)
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer nc.Close()
				want := nc.LocalAddr().String()
				if h != nil {
					want = client.String()
					if err := proxyproto.Send(nc, h); err != nil {
						t.Fatal(err)
					}
				}
				if config != nil {
					nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
				}
				r := bufio.NewReader(nc)
				for range 3 {
					if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
						t.Fatal(err)
					}
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := io.ReadAll(resp.Body); !strings.HasSuffix(string(got), " from "+want) || err != nil {
						t.Errorf("%q, %v", got, err)
					}
					asleep(t)
				}
			})
		}
	}
}

// asleep waits until no goroutine is left of any accepted connection.
func asleep(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(5 * time.Second); strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "serverConn).serve("); {
		if time.Now().After(end) {
			t.Fatal("a connection is not parked")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestConnectClosesWhatItCannotUse(t *testing.T) {
	a, b := flow.Pipe(10)
	defer b.Close()
	open := proxyproto.Connect(func(context.Context, int) (net.Conn, error) { return a, nil }, func(net.Conn) *proxyproto.Header { return full })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if c, err := open(ctx, 0); c != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := a.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it is not closed: %v", err)
	}
	failing := proxyproto.Connect(func(context.Context, int) (net.Conn, error) { return nil, os.ErrPermission }, func(net.Conn) *proxyproto.Header { return full })
	if _, err := failing(t.Context(), 0); !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
}

// Whoever has no client to name speaks for itself.
func TestNoHeaderIsALocalOne(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	open := proxyproto.Connect(func(context.Context, int) (net.Conn, error) { return a, nil }, func(net.Conn) *proxyproto.Header { return nil })
	f, err := open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := proxyproto.Server(b, proxyproto.Options{})
	if err := c.HandshakeContext(t.Context()); err != nil || !c.Header().Local || c.Header().Version != 2 {
		t.Errorf("%+v, %v", c.Header(), err)
	}
}
