package paf_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// memoryProtocol is a protocol of one's own: its endpoints are servers, and its flows pipes to them. Priority 0 puts
// it before all but what has a negative one.
var memoryProtocol = mimic.Register("memory", 0, func(ctx context.Context, s *paf.Server) (flow.Flow, error) {
	here, there := flow.Pipe(0)
	go func() { _ = s.ServeFlow(context.WithoutCancel(ctx), there) }()
	return here, nil
})

// A protocol of one's own: a client uses it for the hosts that a function of the URL's facts knows, and TCP for all others.
func Example_protocolOfOnesOwn() {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "%s in memory", r.Authority)
	})}
	c := paf.Client{Context: mimic.Fold1(mimic.Context{}, memoryProtocol, mimic.Req[string](paf.Host),
		func(_ context.Context, host string) (*paf.Server, error) {
			if host != "memory.example" {
				return nil, mimic.ErrSkip
			}
			return s, nil
		})}
	defer c.Close()
	resp, err := c.Get(context.Background(), "http://memory.example/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: memory.example in memory
}

// TLS over a flow of one's own, on both sides. The client runs it since the URL says https; the server's end is a flow whose
// handshake the server runs.
func Example_tlsOverAnyFlow() {
	cert, pool := selfSigned()
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		session, _ := flow.As[*tls.Conn](r.Flow())
		fmt.Fprintf(w, "%s for %s, over %s\n", r.Protocol, session.ConnectionState().ServerName, r.Peer())
	})}
	pipe := mimic.Register("pipe", 0, func(ctx context.Context, _ struct{}) (flow.Flow, error) {
		here, there := flow.Pipe(0)
		go func() { _ = s.ServeFlow(context.WithoutCancel(ctx), flow.NewTLSServer(there, config)) }()
		return here, nil
	})

	c := paf.Client{Context: mimic.Add(mimic.Add(mimic.Context{}, pipe, struct{}{}), paf.TLSConfig, &tls.Config{RootCAs: pool})}
	defer c.Close()
	resp, err := c.Get(context.Background(), "https://localhost/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)

	below := flow.PowersOf(resp.Flow()).PeerAddr()
	endpoint, _ := mimic.EndpointOf(resp.Flow())
	fmt.Println("the client went by", endpoint, "to", below)
	// Output:
	// HTTP/2.0 for localhost, over pipe-a
	// the client went by tls to pipe-b
}

// net/http dials through a context: here to a Unix socket, whatever the host is.
func ExampleDialContext() {
	path, stop := socketServer("Hello from a socket.")
	defer stop()
	client := http.Client{Transport: &http.Transport{
		DialContext: paf.DialContext(mimic.Add(mimic.Context{}, paf.Unix, path)),
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://any.example/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: Hello from a socket.
}

// A URL leads to a flow without a client, for a protocol other than HTTP, say.
func ExampleWithURL() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer ln.Close()
	go func() {
		if c, err := ln.Accept(); err == nil {
			_, _ = io.WriteString(c, "Who is there?\n")
			_ = c.Close()
		}
	}()

	c, err := paf.WithURL(mimic.Context{}, "http://"+ln.Addr().String())
	if err != nil {
		panic(err)
	}
	f, err := c.Resolve(context.Background())
	if err != nil {
		panic(err)
	}
	defer f.Close()
	_, _ = io.Copy(os.Stdout, f)
	// Output: Who is there?
}

// socketServer serves a text at a Unix socket.
func socketServer(text string) (path string, stop func()) {
	dir, err := os.MkdirTemp("", "paf")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := paf.Listen(ctx, "unix:"+dir+"/s")
	if err != nil {
		panic(err)
	}
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = w.WriteString(text) })}
	done := make(chan error)
	go func() { done <- s.Serve(ctx, ln) }()
	return dir + "/s", func() {
		cancel()
		<-done
		_ = os.RemoveAll(dir)
	}
}
