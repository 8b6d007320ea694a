package programs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/nethttp"
)

// libraries are those that the programs run on.
var (
	servers = []library{netHTTP, pafLibrary}
	clients = []library{netHTTP, pafLibrary}
)

// netHTTP is Go's own, which shows that a test asks for nothing that its program does not do.
var netHTTP = library{
	name: "nethttp",
	serve: func(ln net.Listener, h http.Handler, v version, config *tls.Config) running {
		s := &http.Server{Handler: h, Protocols: v.protocols(), TLSConfig: config, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		if v.secured {
			go func() { _ = s.ServeTLS(ln, "", "") }()
		} else {
			go func() { _ = s.Serve(ln) }()
		}
		return goServer{s}
	},
	transport: func(v version, config *tls.Config) sender {
		return goTransport{&http.Transport{Protocols: v.protocols(), TLSClientConfig: config}}
	},
}

type goServer struct{ *http.Server }

func (s goServer) shutdown(ctx context.Context) (int, error) { return -1, s.Shutdown(ctx) }

type goTransport struct{ *http.Transport }

func (t goTransport) exchanges() (n, conns int) { return -1, 0 }

// pafLibrary is paf, with defaults.
var pafLibrary = library{
	name:  "paf",
	serve: pafWithin(engine.Limits{}),
	transport: func(v version, config *tls.Config) sender {
		return pafTransport{&nethttp.Transport{Protocols: v.protocols(), TLSClientConfig: config}}
	},
}

// pafWithin serves by paf with limits of its own.
func pafWithin(limits engine.Limits) func(ln net.Listener, h http.Handler, v version, config *tls.Config) running {
	return func(ln net.Listener, h http.Handler, v version, config *tls.Config) running {
		s := &pafServer{paf.Server{Handler: nethttp.Handler(h), Limits: limits, Log: slog.New(slog.DiscardHandler)}, make(chan error, 1)}
		if v.secured {
			ln = tls.NewListener(ln, config)
		}
		go func() { s.done <- s.Serve(context.Background(), ln) }()
		return s
	}
}

type pafServer struct {
	paf.Server
	done chan error
}

// shutdown also expects that nothing is left.
func (s *pafServer) shutdown(ctx context.Context) (int, error) {
	err := errors.Join(s.Shutdown(ctx), <-s.done)
	stats := s.Stats()
	if stats.Conns != 0 || stats.Active != 0 {
		err = errors.Join(err, fmt.Errorf("something is left: %+v", stats))
	}
	return int(stats.Exchanges), err
}

type pafTransport struct{ *nethttp.Transport }

func (t pafTransport) exchanges() (n, conns int) {
	stats := t.Stats()
	return int(stats.Exchanges), stats.Conns
}
