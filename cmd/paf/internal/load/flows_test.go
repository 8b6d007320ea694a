package load

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/netstack"
)

func TestUnixSocketsAreLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Int64
	s := &http.Server{Handler: answering(&seen)}
	go s.Serve(ln)
	defer s.Close()
	r := perform(t, Options{URL: "http://localhost/", Way: mimic.Add(mimic.Context{}, paf.Unix, path), Connections: 3, Number: 100})
	if r.Answered() != 100 {
		t.Errorf("%d answered: %v", r.Answered(), r.Failures)
	}
	r = perform(t, Options{URL: "http+unix://" + strings.ReplaceAll(path, "/", "%2F") + "/x", Connections: 3, Number: 100})
	if r.Answered() != 100 || seen.Load() != 200 {
		t.Errorf("%d answered: %v", r.Answered(), r.Failures)
	}
}

// TestLoadsGoOverAStackOfTheirOwn, which has no descriptors.
func TestLoadsGoOverAStackOfTheirOwn(t *testing.T) {
	one, two := netstack.Pair()
	station := func(link netstack.Link, addr string) *netstack.Stack {
		s, err := netstack.New(t.Context(), link, netstack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix(addr)}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	client, host := station(one, "10.0.0.1/24"), station(two, "10.0.0.2/24")
	ln, err := host.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = w.Write([]byte("ok")) })}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	defer func() { cancel(); <-served }()
	for name, o := range map[string]Options{
		"HTTP/1.1": {Connections: 5},
		"HTTP/2":   {Connections: 2, Streams: 5, Protocol: paf.HTTP2},
		"due":      {Connections: 5, Rate: 5000},
	} {
		o.URL, o.Way, o.Number = "http://10.0.0.2/", client.Context(paf.Host, paf.Port), 300
		if r := perform(t, o); r.Answered() != 300 || r.FailedCount() != 0 {
			t.Errorf("%s: %d answered, failed %v", name, r.Answered(), r.Failures)
		}
	}
}
