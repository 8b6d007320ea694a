package netstack_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/netstack"
)

// TestTLSRunsOverTheStack asks for https by paf's client and by net/http's, which dials through the stack's context: TLS is run over whatever the
// context leads to.
func TestTLSRunsOverTheStack(t *testing.T) {
	peer := httptest.NewTLSServer(nil) // for its certificate
	defer peer.Close()
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
	trust.RootCAs.AddCert(peer.Certificate())
	one, two := stacks(t)
	ln, err := two.Listen("tcp", ":443")
	if err != nil {
		t.Fatal(err)
	}
	secured := tls.NewListener(ln, &tls.Config{Certificates: peer.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
	server := &paf.Server{Log: quiet, Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.WriteString(w, r.Protocol.String()+" "+r.Scheme)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(t.Context(), secured) }()

	way := mimic.Add(one.Context(paf.Host, paf.Port), paf.TLSConfig, trust)
	client := &paf.Client{Context: way}
	other := &http.Client{Transport: &http.Transport{DialContext: paf.DialContext(way), TLSClientConfig: trust, ForceAttemptHTTP2: true}}
	for _, host := range []string{twoV4, twoV6} {
		url := "https://" + net.JoinHostPort(host, "443") + "/"
		resp, err := client.Get(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "HTTP/2.0 https" {
			t.Errorf("%q, %v", body, err)
		}
		session, ok := flow.As[*tls.Conn](resp.Flow())
		if !ok {
			t.Fatalf("no session in %T", resp.Flow())
		}
		if e, _ := mimic.EndpointOf(session.NetConn()); e.Name() != "netstack" {
			t.Errorf("below is %q", e.Name())
		} else if to, ok := netstack.TCP.Of(e); !ok || to.Host != host || to.Stack != one {
			t.Errorf("it leads to %v", to)
		}
		same, err := other.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if body, err = io.ReadAll(same.Body); err != nil || string(body) != "HTTP/2.0 https" {
			t.Errorf("net/http: %q, %v", body, err)
		}
		same.Body.Close()
	}
	other.CloseIdleConnections()
	client.Close()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
