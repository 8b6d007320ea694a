package mimic_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/mimic"
)

// The client and the server of the examples know flows, and nothing of where
// these come from. They are the same in all of them.

// pingPong is the client: it says ping and prints the answer.
func pingPong(c mimic.Context) {
	f, err := c.Resolve(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = f.Close() }()
	_, _ = io.WriteString(f, "ping\n")
	answer, _ := bufio.NewReader(f).ReadString('\n')
	fmt.Print(answer)
}

// pong is the server: it answers each ping with a word until the client leaves.
func pong(f flow.Flow, word string) {
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if lines.Text() == "ping" {
			_, _ = io.WriteString(f, word+"\n")
		}
	}
}

// A network is a small internet in memory: who listens at which address.
type network map[netip.AddrPort]func(flow.Flow)

func (n network) dial(_ context.Context, a netip.AddrPort) (*flow.PipeEnd, error) {
	accept, ok := n[a]
	if !ok {
		return nil, fmt.Errorf("%v: connection refused", a)
	}
	client, server := flow.Pipe(1 << 16)
	go accept(server)
	return client, nil
}

// First the client is given an address. The server makes what it accepts a flow
// of the protocol too, by Inject.
func Example_literalAddress() {
	internet := network{}
	tcp := mimic.Register("tcp", mimic.NoPriority, internet.dial)
	server := netip.MustParseAddrPort("192.0.2.1:8080")
	internet[server] = func(f flow.Flow) { pong(tcp.Inject(f.(*flow.PipeEnd)), "pong") }

	pingPong(mimic.Add(mimic.Context{}, tcp, server))
	pingPong(mimic.Add(mimic.Context{}, tcp, netip.MustParseAddrPort("192.0.2.1:9")))
	// Output:
	// pong
	// mimic: no connection found: connect tcp: 192.0.2.1:9: connection refused
}

// Then it is given a name, and a port if it is not 8080: functions compute the
// endpoint from them. The client has not changed.
func Example_domainNames() {
	internet := network{}
	tcp := mimic.Register("tcp", mimic.NoPriority, internet.dial)
	internet[netip.MustParseAddrPort("192.0.2.1:8080")] = func(f flow.Flow) { pong(f, "pong") }
	internet[netip.MustParseAddrPort("192.0.2.1:4343")] = func(f flow.Flow) { pong(f, "pong from 4343") }

	host := mimic.NewKey[string]("host")
	ip := mimic.NewKey[netip.Addr]("ip")
	port := mimic.NewKey[uint16]("port")

	base := mimic.Fold1(mimic.Context{}, ip, mimic.Req(host), lookup)
	base = mimic.Fold2(base, tcp, mimic.Req(ip), mimic.Default(port, 8080),
		func(_ context.Context, ip netip.Addr, port uint16) (netip.AddrPort, error) {
			return netip.AddrPortFrom(ip, port), nil
		})

	c := mimic.Add(base, host, "server.test")
	pingPong(c)
	pingPong(mimic.Add(c, port, 4343))
	pingPong(mimic.Add(base, host, "nobody.test"))
	pingPong(base)
	// Output:
	// pong
	// pong from 4343
	// mimic: no connection found: compute ip: no such host: nobody.test
	// mimic: no connection found: compute ip: needs host, which has no value; compute tcp: needs ip, which has no value
}

func lookup(_ context.Context, host string) (netip.Addr, error) {
	if host != "server.test" {
		return netip.Addr{}, errors.New("no such host: " + host)
	}
	return netip.MustParseAddr("192.0.2.1"), nil
}

// At last a scheme chooses between TLS and clear TCP: tls://server.test,
// tcp://server.test. Without a scheme TLS is tried first, for it has a priority.
// The two worlds are contexts of their own, put together by Merge. The client
// has still not changed.
func Example_tlsOrTCP() {
	internet := network{}
	cert, roots := selfsigned.New("server.test")
	internet[netip.MustParseAddrPort("192.0.2.1:8080")] = func(f flow.Flow) { pong(f, "clear pong") }
	internet[netip.MustParseAddrPort("192.0.2.1:4343")] = func(f flow.Flow) {
		if s, err := flow.TLSServer(context.Background(), f, &tls.Config{Certificates: []tls.Certificate{cert}}); err == nil {
			pong(s, "secret pong")
		}
	}

	scheme, host, ip := mimic.NewKey[string]("scheme"), mimic.NewKey[string]("host"), mimic.NewKey[netip.Addr]("ip")
	only := func(want string) mimic.Arg[string] {
		return mimic.Map1(mimic.Default(scheme, want), func(s string) (string, error) {
			if s != want {
				return "", fmt.Errorf("%w: the scheme is %s", mimic.ErrSkip, s)
			}
			return s, nil
		})
	}
	tcp := mimic.Register("tcp", mimic.NoPriority, internet.dial)
	clear := mimic.Fold2(mimic.Context{}, tcp, only("tcp"), mimic.Req(ip),
		func(_ context.Context, _ string, ip netip.Addr) (netip.AddrPort, error) {
			return netip.AddrPortFrom(ip, 8080), nil
		})

	type endpoint struct {
		host string
		addr netip.AddrPort
	}
	secure := mimic.Register("tls", 10, func(ctx context.Context, e endpoint) (flow.Flow, error) {
		f, err := internet.dial(ctx, e.addr)
		if err != nil {
			return nil, err
		}
		return flow.TLSClient(ctx, f, &tls.Config{ServerName: e.host, RootCAs: roots})
	})
	secret := mimic.Fold3(mimic.Context{}, secure, only("tls"), mimic.Req(host), mimic.Req(ip),
		func(_ context.Context, _, host string, ip netip.Addr) (endpoint, error) {
			return endpoint{host, netip.AddrPortFrom(ip, 4343)}, nil
		})

	base := mimic.Fold1(mimic.Merge(secret, clear), ip, mimic.Req(host), lookup)
	base = mimic.Add(base, host, "server.test")
	for _, url := range []string{"tls://", "tcp://", "ftp://"} {
		fmt.Print(url, " ")
		pingPong(mimic.Add(base, scheme, strings.TrimSuffix(url, "://")))
	}
	pingPong(base)
	// Output:
	// tls:// secret pong
	// tcp:// clear pong
	// ftp:// mimic: no connection found: compute tls: mimic: not applicable: the scheme is ftp; compute tcp: mimic: not applicable: the scheme is ftp
	// secret pong
}

// A protocol of one's own: a Unix socket. Priority 0 puts it before whatever else the
// context of a client offers.
func ExampleRegister() {
	path, stop := unixServer()
	defer stop()

	unix := mimic.Register("unix", 0, func(ctx context.Context, path string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	})
	ctx := mimic.Add(mimic.Context{}, unix, path)
	f, err := ctx.Resolve(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(os.Stdout, f)
	fmt.Println(err)
	// Output:
	// Hello from a socket!
	// <nil>
}

func unixServer() (path string, stop func()) {
	dir, err := os.MkdirTemp("", "mimic")
	if err != nil {
		panic(err)
	}
	path = dir + "/s"
	ln, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	go func() {
		if c, err := ln.Accept(); err == nil {
			_, _ = io.WriteString(c, "Hello from a socket!\n")
			_ = c.Close()
		}
	}()
	return path, func() { _ = ln.Close(); _ = os.RemoveAll(dir) }
}

// Unfold shows what Resolve would try, and the facts behind it.
func ExampleContext_Unfold() {
	tls := mimic.Register("tls", 10, (network{}).dial)
	tcp := mimic.Register("tcp", mimic.NoPriority, (network{}).dial)
	ip := mimic.NewKey[netip.Addr]("ip")
	at := func(port uint16) func(context.Context, netip.Addr) (netip.AddrPort, error) {
		return func(_ context.Context, ip netip.Addr) (netip.AddrPort, error) {
			return netip.AddrPortFrom(ip, port), nil
		}
	}
	c := mimic.Fold1(mimic.Context{}, tcp, mimic.Req(ip), at(80))
	c = mimic.Fold1(c, tls, mimic.Req(ip), at(443))
	c = mimic.Add(c, ip, netip.MustParseAddr("192.0.2.1"))

	endpoints, err := c.Unfold(context.Background())
	for _, e := range endpoints {
		fmt.Println(e.Name(), e.Value())
	}
	fmt.Println(err)
	// Output:
	// tls 192.0.2.1:443
	// tcp 192.0.2.1:80
	// ip 192.0.2.1
	// <nil>
}
