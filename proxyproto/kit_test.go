package proxyproto_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/proxyproto"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	client   = &net.TCPAddr{IP: net.IP{192, 0, 2, 1}, Port: 4711}
	frontend = &net.TCPAddr{IP: net.IP{198, 51, 100, 1}, Port: 443}
)

// tcp returns the ends of a connection.
func tcp(t testing.TB) (a, b net.Conn) {
	t.Helper()
	ln := testkit.Listen(t)
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// said returns the server's end of a pipe on which all of text has been said; the other end is closed if over.
func said(t testing.TB, o proxyproto.Options, text string, over bool) *proxyproto.Conn {
	t.Helper()
	a, b := flow.Pipe(0)
	if _, err := io.WriteString(a, text); err != nil {
		t.Fatal(err)
	}
	if over {
		_ = a.Close()
	}
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return proxyproto.Server(b, o)
}

// serve runs a server behind headers until the test ends, and returns its address.
func serve(t *testing.T, s *paf.Server, o proxyproto.Options, config *tls.Config) string {
	t.Helper()
	ln := testkit.Listen(t)
	addr := ln.Addr().String()
	ln = proxyproto.NewListener(ln, o)
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	s.Log = slog.New(slog.DiscardHandler)
	testkit.Serve(t, s, ln)
	return addr
}

// certificate makes a certificate for whoever does not look.
var certificate = sync.OnceValue(func() tls.Certificate {
	cert, _ := selfsigned.New()
	return cert
})
