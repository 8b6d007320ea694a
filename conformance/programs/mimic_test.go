package programs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"google.golang.org/grpc"
	echo "google.golang.org/grpc/interop/grpc_testing"
)

// A signpost is a context in which example.com, for which the world's servers have a certificate, leads to one of them. Its flows can do
// nothing but read, write and close: what libraries want of a net.Conn besides is made for them.
type signpost struct {
	context mimic.Context
	port    string
	opened  atomic.Int64
}

func signpostTo(t *testing.T, url string) *signpost {
	_, addr, _ := strings.Cut(url, "://")
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &signpost{port: port}
	way := mimic.Register("signpost", 0, func(ctx context.Context, addr string) (flow.Flow, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		s.opened.Add(1)
		return flow.Bare(c), nil
	})
	s.context = mimic.Fold1(s.context, way, mimic.Req[string](paf.Host), func(_ context.Context, host string) (string, error) {
		if host != "example.com" {
			return "", fmt.Errorf("asked for %s", host)
		}
		return addr, nil
	})
	return s
}

// net/http's transport dials through a context, in every version.
func TestTransportDialsThroughAContext(t *testing.T) {
	eachServer(t, []version{h1, h1s, h2, h2c}, func(t *testing.T, w *world) {
		to := signpostTo(t, w.serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Host", r.Host)
			content, _ := io.ReadAll(r.Body) // net/http's client keeps no connection on which it is answered earlier
			_, _ = rw.Write(content)
		})))
		transport := &http.Transport{DialContext: paf.DialContext(to.context), Protocols: w.protocols(), TLSClientConfig: w.trust()}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		scheme := "http"
		if w.secured {
			scheme = "https"
		}
		content := noise(3 << 20)
		for range 3 {
			resp, err := client.Post(scheme+"://example.com:"+to.port+"/", "application/octet-stream", bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, content) || resp.ProtoMajor != w.major || resp.Header.Get("X-Host") != "example.com:"+to.port {
				t.Errorf("%s, %d bytes, %v, for %s", resp.Proto, len(got), err, resp.Header.Get("X-Host"))
			}
		}
		if n := to.opened.Load(); n != 1 {
			t.Errorf("%d flows were opened", n)
		}
	})
}

// So does gRPC.
func TestGRPCDialsThroughAContext(t *testing.T) {
	eachServer(t, []version{h2, h2c}, func(t *testing.T, w *world) {
		h, _ := grpcServer(t)
		to := signpostTo(t, w.serve(t, h))
		dial := paf.DialContext(to.context)
		c := grpcClient(t, w, "grpc://example.com:"+to.port, grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return dial(ctx, "tcp", addr)
		}))
		for range 3 {
			in := &echo.SimpleRequest{Payload: payload(1 << 20), ResponseSize: 1 << 20}
			out, err := c.UnaryCall(t.Context(), in)
			if err != nil || len(out.Payload.Body) != 1<<20 {
				t.Fatalf("%d bytes, %v", len(out.GetPayload().GetBody()), err)
			}
		}
		if n := to.opened.Load(); n != 1 {
			t.Errorf("%d flows were opened", n)
		}
	})
}
