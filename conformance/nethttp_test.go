package conformance

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paf-go/paf/internal/testkit"
)

// netHTTP is Go's own server, in the test's process.
var netHTTP = peer{name: "nethttp", can: echoes | tags, start: startNetHTTP}

// An accepted is a connection of netHTTP.
type accepted struct {
	number   int64
	requests atomic.Int64
}

type acceptedKey struct{}

func startNetHTTP(t testing.TB, s *site) addresses {
	t.Helper()
	var connections atomic.Int64
	server := &http.Server{
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(s, w, r) }),
		IdleTimeout: s.idle,
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, acceptedKey{}, &accepted{number: connections.Add(1)})
		},
	}
	at := addresses{}
	for _, w := range []way{clear11, tls11} {
		ln := testkit.Listen(t)
		at[w.name] = ln.Addr().String()
		if w == tls11 {
			go func() { _ = server.ServeTLS(ln, s.cert.pem, s.cert.key) }()
		} else {
			go func() { _ = server.Serve(ln) }()
		}
	}
	t.Cleanup(func() { server.Close() })
	return at
}

func answer(s *site, w http.ResponseWriter, r *http.Request) {
	conn := r.Context().Value(acceptedKey{}).(*accepted)
	requests := conn.requests.Add(1)
	if int(requests) >= s.requests {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("X-Connection", fmt.Sprint(conn.number))
	w.Header().Set("X-Framing", r.Header.Get("Content-Length")+strings.Join(r.TransferEncoding, ","))
	verb, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	path := filepath.Join(s.dir, "root", filepath.Base(name))
	w.Header().Set("Content-Type", "application/octet-stream")
	switch verb {
	case "toend":
		w.Header().Set("Transfer-Encoding", "identity") // net/http then closes the connection at the end
		copyFile(w, path)
	case "chunked":
		copyFile(w, path)
	case "trailer":
		w.Header().Set("Trailer", "X-Sum")
		copyFile(w, path)
		w.Header().Set("X-Sum", "of "+name)
	case "lost":
		if requests > 1 {
			panic(http.ErrAbortHandler)
		}
		fallthrough
	case "bytes":
		if info, err := os.Stat(path); err == nil {
			w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
		}
		http.ServeFile(w, r, path)
	case "refuse":
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case "echo":
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body) // its first Read sends 100 (Continue), which a head sent before would have suppressed
		_ = http.NewResponseController(w).Flush()
		for name, values := range r.Trailer {
			w.Header()[http.TrailerPrefix+name] = values
		}
	default:
		http.NotFound(w, r)
	}
}

// copyFile sends a file so that net/http does not see its length.
func copyFile(w http.ResponseWriter, path string) {
	f, err := os.Open(path)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer f.Close()
	_ = http.NewResponseController(w).Flush()
	_, _ = io.Copy(w, f)
}
