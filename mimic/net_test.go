package mimic_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/mimic"
)

// serve accepts connections and says its name to each until the test ends or
// stop is called.
func serve(t *testing.T, ln net.Listener, name string) (addr netip.AddrPort, stop func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, name+"\n")
			_ = c.Close()
		}
	}()
	stop = func() { _ = ln.Close(); <-done }
	t.Cleanup(stop)
	addr, _ = netip.ParseAddrPort(ln.Addr().String())
	return addr, stop
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// closedPort returns an address at which nobody listens.
func closedPort(t *testing.T) netip.AddrPort {
	addr, stop := serve(t, listen(t, "tcp", "127.0.0.1:0"), "")
	stop()
	return addr
}

// hello resolves c and returns the line that the server says.
func hello(t *testing.T, c mimic.Context) string {
	t.Helper()
	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func dialTCP(ctx context.Context, a netip.AddrPort) (*net.TCPConn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// A secured is the endpoint of a protocol over TLS.
type secured struct {
	addr   netip.AddrPort
	config *tls.Config
}

func dialTLS(ctx context.Context, e secured) (*tls.Conn, error) {
	d := tls.Dialer{Config: e.config}
	c, err := d.DialContext(ctx, "tcp", e.addr.String())
	if err != nil {
		return nil, err
	}
	return c.(*tls.Conn), nil
}

func TestFallbackToTheNextEndpointOverTCP(t *testing.T) {
	open, _ := serve(t, listen(t, "tcp", "127.0.0.1:0"), "open")
	tcp := mimic.Register("tcp", mimic.NoPriority, dialTCP)
	c := mimic.Add(mimic.Add(mimic.Context{}, tcp, open), tcp, closedPort(t))
	equal(t, "answer", hello(t, c), "open")

	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	conn, ok := tcp.View(f)
	equal(t, "peer", ok && conn.RemoteAddr().String() == open.String(), true)
	e, _ := mimic.EndpointOf(f)
	addr, _ := tcp.Of(e)
	equal(t, "endpoint", addr, open)
	if p := flow.PowersOf(f); p.VecWriter == nil || p.Pollable == nil || p.CloseWriter == nil || p.ReaderFrom == nil {
		t.Errorf("powers of TCP: %+v", p)
	}
}

func TestTLSBeforeTCPByPriority(t *testing.T) {
	cert, roots := selfsigned.New("server.test")
	ln := tls.NewListener(listen(t, "tcp", "127.0.0.1:0"),
		&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	secure, stop := serve(t, ln, "secure")
	clear, _ := serve(t, listen(t, "tcp", "127.0.0.1:0"), "clear")

	tlsProto := mimic.Register("tls", 10, dialTLS)
	tcp := mimic.Register("tcp", mimic.NoPriority, dialTCP)
	config := &tls.Config{RootCAs: roots, ServerName: "server.test", NextProtos: []string{"h2"}}
	c := mimic.Add(mimic.Add(mimic.Context{}, tlsProto, secured{secure, config}), tcp, clear)
	equal(t, "both run", hello(t, c), "secure")

	f, err := c.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := tlsProto.View(f)
	equal(t, "the TLS view", ok && conn.ConnectionState().ServerName == "server.test", true)
	equal(t, "the negotiated protocol", flow.PowersOf(f).NegotiatedProtocol(), "h2")
	_, ok = tcp.View(f)
	equal(t, "the TCP view", ok, false)
	_ = f.Close()

	stop()
	equal(t, "TLS has stopped", hello(t, c), "clear")
}

func TestNotFoundKeepsEveryCauseApart(t *testing.T) {
	cert, _ := selfsigned.New("server.test")
	secure, _ := serve(t, tls.NewListener(listen(t, "tcp", "127.0.0.1:0"),
		&tls.Config{Certificates: []tls.Certificate{cert}}), "secure")
	errScheme := errors.New("the scheme is ftp")

	scheme := mimic.NewKey[string]("scheme")
	quic := mimic.Register("quic", 1, remember[string])
	tlsProto := mimic.Register("tls", 10, dialTLS)
	tcp := mimic.Register("tcp", mimic.NoPriority, dialTCP)
	c := mimic.Fold1(mimic.Context{}, quic, mimic.Req(scheme), func(context.Context, string) (string, error) {
		return "", fmt.Errorf("%w: %w", mimic.ErrSkip, errScheme)
	})
	c = mimic.Add(mimic.Add(c, scheme, "ftp"), tcp, closedPort(t))
	c = mimic.Add(c, tlsProto, secured{secure, &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "server.test"}})

	_, err := c.Resolve(t.Context())
	is(t, err, mimic.ErrNotFound, errScheme, mimic.ErrSkip)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v: no bad certificate in it", err)
	}
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" {
		t.Errorf("error %v: no refused connection in it", err)
	}
	if runtime.GOOS != "windows" { // which has a number of its own for it
		is(t, err, syscall.ECONNREFUSED)
	}

	var resolve *mimic.ResolveError
	if !errors.As(err, &resolve) {
		t.Fatalf("error of type %T", err)
	}
	var causes []string
	for _, cause := range resolve.Causes {
		var key *mimic.KeyError
		if errors.As(cause, &key) {
			causes = append(causes, string(key.Op)+" "+key.Key)
		}
	}
	equals(t, "causes in order", causes, "compute quic", "connect tls", "connect tcp")
}

func TestNameToAddressToTCP(t *testing.T) {
	addr, _ := serve(t, listen(t, "tcp", "127.0.0.1:0"), "named")
	dns := newNameserver(t, map[string][4]byte{"server.test.": {127, 0, 0, 1}})
	tcp := mimic.Register("tcp", mimic.NoPriority, dialTCP)
	again := mimic.Register("again", 1, func(context.Context, netip.AddrPort) (*net.TCPConn, error) { return nil, errClosed })
	host, ip, port := mimic.NewKey[string]("host"), mimic.NewKey[netip.Addr]("ip"), mimic.NewKey[uint16]("port")

	// What needs the address is added before what finds it.
	join := func(_ context.Context, ip netip.Addr, port uint16) (netip.AddrPort, error) {
		return netip.AddrPortFrom(ip, port), nil
	}
	c := mimic.Fold2(mimic.Context{}, tcp, mimic.Req(ip), mimic.Default(port, addr.Port()), join)
	c = mimic.Fold2(c, again, mimic.Req(ip), mimic.Default(port, addr.Port()), join)
	c = mimic.Fold1(c, ip, mimic.Req(host), func(ctx context.Context, host string) (netip.Addr, error) {
		ips, err := dns.resolver().LookupNetIP(ctx, "ip4", host)
		if err != nil {
			return netip.Addr{}, err
		}
		return ips[0].Unmap(), nil
	})
	equal(t, "answer", hello(t, mimic.Add(c, host, "server.test.")), "named")
	equal(t, "queries", dns.queries.Load(), 1)

	_, err := mimic.Add(c, host, "nobody.test.").Resolve(t.Context())
	var lookup *net.DNSError
	if !errors.As(err, &lookup) || !lookup.IsNotFound {
		t.Errorf("error %v: no failed lookup in it", err)
	}
	is(t, err, mimic.ErrNotFound)
	equal(t, "a failed lookup is not repeated: queries", dns.queries.Load(), 2)

	dns.queries.Store(0)
	literal := mimic.Add(mimic.Add(c, host, "nobody.test."), ip, addr.Addr())
	equal(t, "a literal address wins", hello(t, literal), "named")
	equal(t, "queries for a literal address", dns.queries.Load(), 0)
}

func TestMergedContextsReachATLSServerByName(t *testing.T) {
	cert, roots := selfsigned.New("server.test")
	addr, _ := serve(t, tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{cert}}), "secure")
	dns := newNameserver(t, map[string][4]byte{"server.test.": {127, 0, 0, 1}})
	host, ip := mimic.NewKey[string]("host"), mimic.NewKey[netip.Addr]("ip")
	tlsProto := mimic.Register("tls", 10, dialTLS)

	resolving := mimic.Fold1(mimic.Context{}, ip, mimic.Req(host), func(ctx context.Context, host string) (netip.Addr, error) {
		ips, err := dns.resolver().LookupNetIP(ctx, "ip4", host+".")
		if err != nil {
			return netip.Addr{}, err
		}
		return ips[0], nil
	})
	securing := mimic.Fold2(mimic.Context{}, tlsProto, mimic.Req(ip), mimic.Req(host),
		func(_ context.Context, ip netip.Addr, host string) (secured, error) {
			return secured{netip.AddrPortFrom(ip, addr.Port()), &tls.Config{RootCAs: roots, ServerName: host}}, nil
		})
	c := mimic.Merge(resolving, securing)
	equal(t, "answer", hello(t, mimic.Add(c, host, "server.test")), "secure")
}

func TestAUnixSocketOfTheUsersOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	_, _ = serve(t, listen(t, "unix", path), "unix")
	tcp := mimic.Register("tcp", mimic.NoPriority, dialTCP)
	base := mimic.Add(mimic.Context{}, tcp, closedPort(t)) // what the client came with

	unix := mimic.Register("unix", 0, func(ctx context.Context, path string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	})
	equal(t, "answer", hello(t, mimic.Add(base, unix, path)), "unix")
}

func TestAPipeInMemory(t *testing.T) {
	pipe := mimic.Register("pipe", 0, func(context.Context, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			_, _ = io.WriteString(server, "pipe\n")
			_ = server.Close()
		}()
		return client, nil
	})
	equal(t, "answer", hello(t, mimic.Add(mimic.Context{}, pipe, "")), "pipe")
}
