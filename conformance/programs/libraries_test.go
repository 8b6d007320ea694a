package programs

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
)

// libraries are those that the programs run on.
var libraries = []library{netHTTP}

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
