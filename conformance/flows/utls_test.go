package flows

import (
	"context"
	"net"
	"testing"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest/httpover"
	utls "github.com/refraction-networking/utls"
)

func TestHTTPWorksOverUTLS(t *testing.T) { works(t, overUTLS(listening(tcp))) }

// How utls's connections are asked: they have a state of a type of their own.
var (
	serverInfo = alpn.Info[*utls.Conn]{Protocol: func(c *utls.Conn) string { return c.ConnectionState().NegotiatedProtocol }}
	clientInfo = alpn.Info[*utls.UConn]{Protocol: func(c *utls.UConn) string { return c.ConnectionState().NegotiatedProtocol }}
)

// overUTLS runs utls at both ends, with the hello of a browser, which offers both versions: the server chooses.
func overUTLS(open httpover.Open) httpover.Open {
	return func(t testing.TB, protocol string) (net.Listener, httpover.Dial) {
		ln, dial := open(t, protocol)
		id := authority()
		cert := utls.Certificate{Certificate: id.cert.Certificate, PrivateKey: id.cert.PrivateKey}
		config := &utls.Config{Certificates: []utls.Certificate{cert}, NextProtos: []string{protocol}}
		server := func(f flow.Flow) flow.Flow { return serverInfo.Flow(utls.Server(flow.NetConn(f), config)) }
		return wrappingListener{ln, server}, func(ctx context.Context) (flow.Flow, error) {
			f, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			c := utls.UClient(flow.NetConn(f), &utls.Config{RootCAs: id.roots, ServerName: "flow.test"}, utls.HelloFirefox_Auto)
			return clientInfo.Flow(c), nil
		}
	}
}
