package proxyproto_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxyproto"
)

// A response whose end is that of the connection and that is given up must not look whole, over TLS behind a header neither:
// close_notify would say that it is.
func TestAbortedContentOverTLSBehindAHeaderDoesNotLookWhole(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	addr := serve(t, &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
		_, _ = io.WriteString(w, "half of it")
		_ = w.Flush()
		panic(paf.ErrAbort)
	})}, proxyproto.Options{}, config)
	below, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer below.Close()
	if err := proxyproto.Send(below, headers["IPv4"]); err != nil {
		t.Fatal(err)
	}
	c := tls.Client(below, &tls.Config{InsecureSkipVerify: true})
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err == nil {
		t.Errorf("%q, and a clean end", got)
	}
}

// Padding counts for where the checksum is (section 2.2.4).
func TestChecksumIsFoundBeforePadding(t *testing.T) {
	for _, padding := range []string{"\x04\x00\x00", "\x04\x00\x05\x00\x00\x00\x00\x00"} {
		head := []byte(v2 + "\x21\x11\x00" + string([]byte{byte(12 + 7 + len(padding))}) + "\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x01\xbb" +
			"\x03\x00\x04\x00\x00\x00\x00" + padding)
		copy(head[31:], castagnoli(head))
		if err := said(t, proxyproto.Options{}, string(head), false).HandshakeContext(t.Context()); err != nil {
			t.Errorf("%q: %v", padding, err)
		}
	}
}

// A header that lacks an address would be one of the balancer's own connection, whose peer the server would take for the client.
func TestHeadersOfClientsNameThem(t *testing.T) {
	for name, h := range map[string]*proxyproto.Header{
		"no destination": {Source: client},
		"no source":      {Destination: frontend},
		"no addresses":   {Version: 1},
		"of two kinds":   {Source: client, Destination: &net.UnixAddr{Name: "/run/x", Net: "unix"}},
		"no IP address":  {Source: &net.TCPAddr{Port: 1}, Destination: frontend},
	} {
		var b bytes.Buffer
		if err := proxyproto.Send(&b, h); err == nil || b.Len() > 0 {
			t.Errorf("%s: %q, %v", name, b.Bytes(), err)
		}
	}
}
