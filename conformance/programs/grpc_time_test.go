package programs

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/engine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	echo "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
)

// A pipes is a listener on nothing: who dials it gets the other end of what it accepts.
type pipes struct {
	accepted chan net.Conn
	reads    atomic.Int64 // how often those who have dialed were sent something
	done     chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) dial(ctx context.Context, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.accepted <- there:
		return &counted{here, &p.reads}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type counted struct {
	net.Conn
	reads *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// TestGRPCKeepsAlive has a client of grpc-go ping an idle stream every ten seconds for ten minutes, and drop the connection if
// no answer comes within two: the call that has waited all the time then still works. Time is virtual.
func TestGRPCKeepsAlive(t *testing.T) {
	patient := library{name: "paf", serve: pafWithin(engine.Limits{ContentTimeout: -1})} // or a stream that says nothing for a minute is ended
	for _, server := range []library{netHTTP, patient} {
		t.Run(server.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := grpcServer(t)
				ln := &pipes{accepted: make(chan net.Conn), done: make(chan struct{})}
				s := server.serve(ln, h, h2c, &tls.Config{})
				conn, err := grpc.NewClient("passthrough:///pipes", grpc.WithContextDialer(ln.dial), grpc.WithTransportCredentials(insecure.NewCredentials()),
					grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 2 * time.Second}))
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer func() {
					cancel()
					synctest.Wait()
					if err := conn.Close(); err != nil {
						t.Error(err)
					}
					if _, err := s.shutdown(context.Background()); err != nil {
						t.Error(err)
					}
				}()
				both, err := echo.NewTestServiceClient(conn).FullDuplexCall(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := both.Send(&echo.StreamingOutputCallRequest{ResponseParameters: []*echo.ResponseParameters{{Size: 1000}}}); err != nil {
						t.Fatal(err)
					}
					isMessage(t, both.Recv, 1000)
					before := ln.reads.Load()
					time.Sleep(10 * time.Minute)
					if answered := ln.reads.Load() - before; answered < 55 {
						t.Errorf("%d reads in ten minutes", answered)
					}
				}
			})
		})
	}
}
