package paf_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/paf-go/paf"
)

// An echo tunnel, both sides. The request is an Upgrade, since it is HTTP/1.1 here; over HTTP/2 the same code makes it an extended CONNECT.
func ExampleTunnel() {
	s := &paf.Server{ExtendedConnect: true, Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Upgrade() != "echo" {
			w.WriteHeader(404)
			return
		}
		tunnel, err := w.Tunnel()
		if err != nil {
			return // the client has gone
		}
		stop := context.AfterFunc(tunnel.Context(), func() { _ = tunnel.Close() }) // when the server is to stop
		go func() {                                                                // the handler need not stay
			defer stop()
			_, _ = io.Copy(tunnel, tunnel)
			_ = tunnel.Close()
		}()
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = s.Serve(context.Background(), ln) }()

	var c paf.Client
	r, err := paf.NewRequest("GET", "http://"+ln.Addr().String()+"/cave", nil)
	if err != nil {
		panic(err)
	}
	resp, err := c.Upgrade(context.Background(), r, "echo")
	if err != nil {
		panic(err)
	}
	tunnel, err := resp.Tunnel()
	if err != nil {
		panic(err) // paf.ErrNoTunnel: resp.Status says why
	}
	fmt.Fprint(tunnel, "Is anybody there?")
	_ = tunnel.CloseWrite()
	heard, err := io.ReadAll(tunnel)
	fmt.Println(resp.Status, string(heard), err)

	_ = tunnel.Close()
	c.Close()
	_ = s.Shutdown(context.Background())
	// Output: 101 Is anybody there? <nil>
}
