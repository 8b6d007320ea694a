package load

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/load/record"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"go.uber.org/goleak"
)

// perform runs the options as the program does. No goroutine may be left.
func perform(t *testing.T, o Options) *record.Run {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server starts net/http's server, of both versions, in clear or over TLS, and returns its URL and a file with its certificate.
func server(t *testing.T, secure bool, h http.HandlerFunc) (url, ca string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(s.Close)
	if !secure {
		s.Start()
		return s.URL, ""
	}
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	s.StartTLS()
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, ca
}

// answering answers each request with its protocol, and counts them.
func answering(n *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n.Add(1)
		_, _ = io.WriteString(w, r.Proto)
	}
}

// A memory is a server in memory.
type memory struct {
	ctx    context.Context
	server *paf.Server
}

var inMemory = mimic.Register("memory", 0, func(_ context.Context, m *memory) (flow.Flow, error) {
	ours, theirs := flow.Pipe(64 << 10)
	go func() { _ = m.server.ServeFlow(m.ctx, theirs) }()
	return ours, nil
})

// serveInMemory serves h in memory, in virtual time if that is where it is called, and returns the way to it.
func serveInMemory(t *testing.T, h paf.Handler) mimic.Context {
	return serveInMemoryBy(t, &paf.Server{Handler: h})
}

func serveInMemoryBy(t *testing.T, s *paf.Server) mimic.Context {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s.Log = slog.New(slog.DiscardHandler)
	return mimic.Add(mimic.Context{}, inMemory, &memory{ctx, s})
}

// A peer is the other end of flows that are opened to it.
type peer struct {
	open func(ctx context.Context) (flow.Flow, error)
}

var toPeer = mimic.Register("peer", 0, func(ctx context.Context, p *peer) (flow.Flow, error) { return p.open(ctx) })

// servedBy is the way to who has each connection served by h, in memory, and in virtual time if that is where it is used.
func servedBy(h func(flow.Flow)) mimic.Context {
	return mimic.Add(mimic.Context{}, toPeer, &peer{func(context.Context) (flow.Flow, error) {
		ours, theirs := flow.Pipe(64 << 10)
		go func() {
			defer theirs.Close()
			h(theirs)
		}()
		return ours, nil
	}})
}

// measure runs the options in the time of the runtime's timers, which may be virtual.
func measure(t *testing.T, o Options) *record.Run {
	t.Helper()
	r, err := o.run(t.Context(), newTimers())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// kinds returns how many failed, by kind.
func kinds(r *record.Run) map[string]int64 {
	n := map[string]int64{}
	for kind, f := range r.Failures {
		n[kind] = f.Count
	}
	return n
}

var errStop = errors.New("stopped by the test")

// near reports whether two times differ by less than a share.
func near(a, b time.Duration, share float64) bool {
	d := float64(a - b)
	return d <= share*float64(b) && -d <= share*float64(b)
}
