package flows

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/paftest/httpover"
)

func TestHTTPWorksOverTLSOverPipes(t *testing.T) { works(t, overTLS(listening(memory))) }
func TestHTTPWorksOverTLSOverTCP(t *testing.T)   { works(t, overTLS(listening(tcp))) }
func TestHTTPWorksOverTLSInTLS(t *testing.T)     { works(t, overTLS(overTLS(listening(memory)))) }

func TestTLSInTLSIsAFlow(t *testing.T) { flowtest.Run(t, pairs(overTLS(overTLS(listening(memory))))) }

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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"flow.test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots}
})
