package flows

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/nethttp"
	"github.com/paf-go/paf/paftest/httpover"
)

// A version is a protocol with the name that it is negotiated by.
type version struct{ name, alpn string }

var versions = []version{{"HTTP1", "http/1.1"}, {"HTTP2", "h2"}}

func (v version) protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(v.alpn == "http/1.1")
	p.SetUnencryptedHTTP2(v.alpn == "h2")
	return p
}

// foreign has net/http's client ask paf's server, and paf's client net/http's server. Neither of net/http's knows what its connections are:
// HTTP/2 is spoken by prior knowledge, except that its server looks at a *tls.Conn.
func foreign(t *testing.T, open httpover.Open) {
	itsClient(t, open)
	itsServer(t, open)
}

func itsClient(t *testing.T, open httpover.Open) {
	for _, v := range versions {
		t.Run("ItsClient/"+v.name, func(t *testing.T) {
			settled(t)
			ln, dial := open(t, v.alpn)
			s := nethttp.Server(&http.Server{Handler: http.HandlerFunc(serve), Protocols: v.protocols()})
			s.Log = slog.New(slog.DiscardHandler)
			ctx, stop := context.WithCancel(context.Background())
			served(t, func() error { return s.Serve(ctx, ln) }, stop)
			transport := &http.Transport{Protocols: v.protocols(), DisableCompression: true, ExpectContinueTimeout: patience}
			transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				f, err := dial(ctx)
				if err != nil {
					return nil, err
				}
				return flow.NetConn(f), nil
			}
			t.Cleanup(transport.CloseIdleConnections)
			speak(t, transport, v)
		})
	}
}

func itsServer(t *testing.T, open httpover.Open) {
	all := new(http.Protocols)
	all.SetHTTP1(true)
	all.SetHTTP2(true)
	all.SetUnencryptedHTTP2(true)
	for _, v := range versions {
		t.Run("ItsServer/"+v.name, func(t *testing.T) {
			settled(t)
			ln, dial := open(t, v.alpn)
			s := &http.Server{Handler: http.HandlerFunc(serve), Protocols: all, ErrorLog: log.New(io.Discard, "", 0)}
			served(t, func() error { return s.Serve(ln) }, func() { _ = s.Close() })
			own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) { return dial(ctx) })
			transport := &nethttp.Transport{Context: mimic.Add(mimic.Context{}, own, struct{}{}), Protocols: v.protocols(), ExpectContinueTimeout: patience}
			transport.DisableCompression = true
			t.Cleanup(transport.Close)
			speak(t, transport, v)
		})
	}
}

// patience is how long something may take that should take no time at all.
const patience = 20 * time.Second

// served serves until the end of the test.
func served(t *testing.T, serve func() error, stop func()) {
	done := make(chan error, 1)
	go func() { done <- serve() }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, paf.ErrStopped) {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(patience):
			t.Error("Serve does not return")
		}
	})
}

// settled waits at the end of the test until there are no more goroutines than now. It is called before anything else.
func settled(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				stacks := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, where there were %d\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
			}
		}
	})
}
