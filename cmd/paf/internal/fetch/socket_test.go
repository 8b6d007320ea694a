package fetch

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// atSocket serves at a Unix socket, with TLS if there is a configuration, and returns what a URL has for its path.
func atSocket(t *testing.T, config *tls.Config) (host string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/to" {
			w.Header().Set("Location", "/x")
			w.WriteHeader(302)
		}
		_, _ = io.WriteString(w, r.Protocol.String()+" "+r.Scheme+"://"+r.Authority+r.Path)
	})}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return url.PathEscape(path)
}

// A URL may name a socket, in clear and secured, and the trace shows what goes there.
func TestURLOfASocket(t *testing.T) {
	peer := httptest.NewTLSServer(nil) // for its certificate
	defer peer.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: peer.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	clear := atSocket(t, nil)
	secured := atSocket(t, &tls.Config{Certificates: peer.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
	securedPath, _ := url.PathUnescape(secured)
	for _, trace := range []bool{false, true} {
		for _, c := range []struct {
			o    Options
			want string
		}{
			{Options{URL: "http+unix://" + clear + "/to"}, "HTTP/1.1 http://localhost/x"},
			{Options{URL: "http+unix://" + clear + "/x", Protocol: paf.HTTP2}, "HTTP/2.0 http://localhost/x"},
			{Options{URL: "https+unix://" + secured + "/to", Insecure: true}, "HTTP/2.0 https://localhost/x"},
			{Options{URL: "https+unix://" + secured + "/x", Insecure: true, Protocol: paf.HTTP11}, "HTTP/1.1 https://localhost/x"},
			{Options{URL: "https://example.com/x", CACert: ca, Unix: securedPath}, "HTTP/2.0 https://example.com/x"},
		} {
			c.o.Trace = trace
			out, told, err := run(t, c.o)
			if err != nil || out != c.want {
				t.Errorf("%s: %q, %v, want %q", c.o.URL, out, err, c.want)
			}
			host := "localhost\n"
			if c.o.Unix != "" {
				host = "example.com\n"
			}
			shown := strings.Contains(told, "> GET /x HTTP/") && strings.Contains(strings.ToLower(told), "> host: "+host)
			if trace != shown || trace && strings.HasPrefix(c.o.URL, "https") != strings.Contains(told, "* TLS 1.3") {
				t.Errorf("%s: the trace is\n%s", c.o.URL, told)
			}
		}
	}
	path := securedPath[:len(securedPath)-1]
	for _, typed := range []string{"unix:" + path, "unix:@name", "unix://" + path} {
		want := map[bool]string{true: "http+unix://" + url.PathEscape(path) + "/", false: "http+unix://%40name/"}[strings.HasSuffix(typed, path)]
		_, _, err := run(t, Options{URL: typed})
		if exit.CodeOf(err) != exit.URL || !strings.Contains(err.Error(), "did you mean \""+want+"\"") || !strings.Contains(err.Error(), "--unix ") {
			t.Errorf("%s: %d %v", typed, exit.CodeOf(err), err)
		}
	}
	_, _, err := run(t, Options{URL: "http+unix://%2Fnonexistent%2Fs/"})
	if exit.CodeOf(err) != exit.Connect {
		t.Errorf("no socket: %d %v", exit.CodeOf(err), err)
	}
	_, _, err = run(t, Options{URL: "https+unix://" + secured + "/"})
	if exit.CodeOf(err) != exit.Certificate {
		t.Errorf("nobody vouches for it: %d %v", exit.CodeOf(err), err)
	}
}
