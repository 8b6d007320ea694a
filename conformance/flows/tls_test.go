package flows

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"testing"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverTLSOverPipes(t *testing.T) { works(t, overTLS(listening(memory))) }
func TestHTTPWorksOverTLSOverTCP(t *testing.T)   { works(t, overTLS(listening(tcp))) }
func TestHTTPWorksOverTLSInTLS(t *testing.T)     { works(t, overTLS(overTLS(listening(memory)))) }

// overTLS runs crypto/tls over what another opens.
func overTLS(open httpover.Open) httpover.Open {
	return func(t testing.TB, protocol string) (net.Listener, httpover.Dial) {
		ln, dial := open(t, protocol)
		id := authority()
		server := &tls.Config{Certificates: []tls.Certificate{id.cert}, NextProtos: []string{"h2", "http/1.1"}}
		return tls.NewListener(ln, server), func(ctx context.Context) (flow.Flow, error) {
			f, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return flow.TLSClient(ctx, f, &tls.Config{RootCAs: id.roots, ServerName: "flow.test", NextProtos: []string{protocol}})
		}
	}
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
