package proxyproto_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/proxyproto"
)

// A server believes headers from this machine, and a balancer that says for whom it asks.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "You are %v.\n", r.Peer())
	})}
	trusted := proxyproto.Trust(netip.MustParsePrefix("127.0.0.0/8"))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, proxyproto.NewListener(ln, proxyproto.Options{Policy: trusted})) }()

	dial := func(ctx context.Context, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	behind := mimic.Register("tcp behind PROXY", 0, proxyproto.Connect(dial, func(f net.Conn) *proxyproto.Header {
		return &proxyproto.Header{Source: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:4711")), Destination: f.RemoteAddr()}
	}))
	client := paf.Client{Context: mimic.Add(mimic.Context{}, behind, ln.Addr().String())}
	resp, err := client.Get(ctx, "http://example.org/")
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(os.Stdout, resp.Body)
	_ = resp.Body.Close()
	client.Close()
	cancel()
	fmt.Println(<-served)
	// Output:
	// You are 192.0.2.1:4711.
	// <nil>
}
