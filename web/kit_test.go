//go:build !js

package web_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/web"
)

// serve serves a handler on a port of its own, and returns its address.
func serve(t testing.TB, s *paf.Server) string {
	t.Helper()
	ln := testkit.Listen(t)
	testkit.Serve(t, s, ln)
	return ln.Addr().String()
}

// pair returns both ends of a flow through a WebSocket: the server's is taken from the server that would speak HTTP on it.
func pair(t testing.TB) (client, server flow.Flow) {
	t.Helper()
	ends := make(chan flow.Flow, 1)
	inner := &paf.Server{ConnContext: func(ctx context.Context, f flow.Flow) context.Context {
		ends <- f
		<-t.Context().Done()
		return ctx
	}}
	addr := serve(t, &paf.Server{Handler: &web.Handler{Server: inner}, GracePeriod: 100 * time.Millisecond})
	client, err := web.DialWebSocket(t.Context(), "ws://"+addr+"/flow")
	if err != nil {
		t.Fatal(err)
	}
	server = <-ends
	// Each end tells what it knows: the server the addresses of the connection, the client the URL.
	return unaddressed(client), unaddressed(server)
}

func unaddressed(f flow.Flow) flow.Flow {
	p := flow.PowersOf(f)
	p.Peer, p.Local = nil, nil
	return flow.WithPowers(f, p)
}

// accept answers a key (RFC 6455, Section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
