package flow_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/internal/selfsigned"
)

func TestTCPIsAFlow(t *testing.T)  { flowtest.Run(t, tcp) }
func TestUnixIsAFlow(t *testing.T) { flowtest.Run(t, unix) }

func TestConnIsAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := tcp(t)
		return flow.Conn(a.(net.Conn)), flow.Conn(b.(net.Conn))
	})
}

func TestPipeIsAFlow(t *testing.T)      { flowtest.Run(t, pipe(0)) }
func TestSmallPipeIsAFlow(t *testing.T) { flowtest.Run(t, pipe(100)) }

func TestTLSOverPipeIsAFlow(t *testing.T) { flowtest.Run(t, overTLS(pipe(0))) }
func TestTLSOverTCPIsAFlow(t *testing.T)  { flowtest.Run(t, overTLS(tcp)) }

func TestTLSInTLSIsAFlow(t *testing.T) { flowtest.Run(t, overTLS(overTLS(tcp))) }

func TestBareTCPIsAFlow(t *testing.T)         { flowtest.Run(t, bare(tcp)) }
func TestTLSOverBarePipeIsAFlow(t *testing.T) { flowtest.Run(t, overTLS(bare(pipe(0)))) }
func TestIOPipesAreAFlow(t *testing.T)        { flowtest.Run(t, ioPipes) }
func TestNetConnOfBareIsAFlow(t *testing.T)   { flowtest.Run(t, asNetConn(bare(pipe(0)))) }
func TestNetConnOfWrappedIsAFlow(t *testing.T) {
	flowtest.Run(t, asNetConn(func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := pipe(0)(t)
		return flow.WithPowers(a, flow.PowersOf(a)), flow.WithPowers(b, flow.PowersOf(b))
	}))
}

func TestReleasedHoldIsAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := tcp(t)
		held := flow.Hold(a, slog.New(slog.DiscardHandler))
		held.Release()
		return held, b
	})
}

func TestFaultyFlowWithNarrowReadsAndWritesIsAFlow(t *testing.T) {
	faults := flowtest.Faults{ReadMax: 4093, WriteMax: 1021}
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := pipe(0)(t)
		return flowtest.Faulty(a, faults), flowtest.Faulty(b, faults)
	})
}

func pipe(size int) flowtest.Open {
	return func(testing.TB) (a, b flow.Flow) { return flow.Pipe(size) }
}

func bare(open flowtest.Open) flowtest.Open {
	return func(t testing.TB) (a, b flow.Flow) {
		a, b = open(t)
		return flow.Bare(a), flow.Bare(b)
	}
}

func asNetConn(open flowtest.Open) flowtest.Open {
	return func(t testing.TB) (a, b flow.Flow) {
		a, b = open(t)
		return flow.NetConn(a), flow.NetConn(b)
	}
}

func tcp(t testing.TB) (a, b flow.Flow) { return dial(t, "tcp", "127.0.0.1:0") }

func unix(t testing.TB) (a, b flow.Flow) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: no Unix sockets on this system: the claims were not tried over one")
	}
	return dial(t, "unix", filepath.Join(t.TempDir(), "s"))
}

// dial returns the two ends of a connection through the kernel.
func dial(t testing.TB, network, address string) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// overTLS runs TLS over what open opens; the client is a.
func overTLS(open flowtest.Open) flowtest.Open {
	return func(t testing.TB) (flow.Flow, flow.Flow) {
		t.Helper()
		a, b := open(t)
		client, server, err := handshake(a, b)
		if err != nil {
			t.Fatal(err)
		}
		return client, server
	}
}

// unshaken is overTLS without the handshakes.
func unshaken(open flowtest.Open) flowtest.Open {
	return func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := open(t)
		client := &tls.Config{RootCAs: authority().roots, ServerName: "flow.test"}
		server := &tls.Config{Certificates: []tls.Certificate{authority().cert}}
		return flow.NewTLSClient(a, client), flow.NewTLSServer(b, server)
	}
}

func handshake(a, b flow.Flow) (client, server flow.Flow, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var clientErr error
	var group sync.WaitGroup
	group.Go(func() {
		client, clientErr = flow.TLSClient(ctx, a, &tls.Config{
			RootCAs:    authority().roots,
			ServerName: "flow.test",
			NextProtos: []string{"h2", "http/1.1"},
		})
	})
	server, err = flow.TLSServer(ctx, b, &tls.Config{
		Certificates: []tls.Certificate{authority().cert},
		NextProtos:   []string{"http/1.1"},
	})
	group.Wait()
	if err == nil {
		err = clientErr
	}
	return client, server, err
}

type identity struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// authority makes a certificate for flow.test and the pool that trusts it.
var authority = sync.OnceValue(func() identity {
	cert, roots := selfsigned.New("flow.test")
	return identity{cert, roots}
})

// ioPipes is the least of all flows: no buffer, no power.
func ioPipes(testing.TB) (flow.Flow, flow.Flow) {
	r1, w1 := io.Pipe()
	r2, w2 := io.Pipe()
	return duplex{r1, w2}, duplex{r2, w1}
}

type duplex struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (d duplex) Write(p []byte) (int, error) { return d.w.Write(p) }

func (d duplex) Close() error {
	_ = d.w.Close()
	return d.PipeReader.Close()
}
