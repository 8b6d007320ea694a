package fetch

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/cmd/paf/internal/exit"
)

// secured starts net/http's server with TLS and HTTP/2, and returns its URL and the file of its certificate.
func secured(t *testing.T) (url, ca string) {
	t.Helper()
	return securedBy(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
}

func securedBy(t *testing.T, handler http.HandlerFunc) (url, ca string) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, ca
}

func TestProtocolIsChosen(t *testing.T) {
	url, ca := secured(t)
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"negotiated":     {Options{CACert: ca}, "HTTP/2.0"},
		"only HTTP/1.1":  {Options{CACert: ca, Protocol: paf.HTTP11}, "HTTP/1.1"},
		"only HTTP/2":    {Options{CACert: ca, Protocol: paf.HTTP2}, "HTTP/2.0"},
		"nobody vouches": {Options{Insecure: true}, "HTTP/2.0"},
	} {
		c.o.URL = url
		stdout, _, err := run(t, c.o)
		if err != nil || stdout != c.want {
			t.Errorf("%s: %q, %v", name, stdout, err)
		}
	}
}

func TestCertificateNobodyVouchesForIsRefused(t *testing.T) {
	url, _ := secured(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    Options
		want exit.Code
	}{{Options{}, exit.Certificate}, {Options{CACert: empty}, exit.Usage}, {Options{CACert: "/nonexistent"}, exit.Read}} {
		c.o.URL = url
		_, _, err := run(t, c.o)
		var e *exit.Error
		if !errors.As(err, &e) || e.Code != c.want {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

func TestTraceTellsTheSessionAndTheHeads(t *testing.T) {
	url, ca := secured(t)
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		_, stderr, err := run(t, Options{URL: url + "/path?query", CACert: ca, Protocol: protocol, Trace: true})
		if err != nil {
			t.Fatal(err)
		}
		want := map[paf.Protocol][]string{
			paf.HTTP11: {"ALPN: http/1.1\n", "> GET /path?query HTTP/1.1\n", "< HTTP/1.1 200 OK\n"},
			paf.HTTP2:  {"ALPN: h2\n", "> GET /path?query HTTP/2\n", "< HTTP/2 200\n"},
		}[protocol]
		for _, line := range append(want, "* TLS 1.3, ") {
			if !strings.Contains(stderr, line) {
				t.Errorf("%v: %q is missing in\n%s", protocol, line, stderr)
			}
		}
	}
}

// What comes before and after the response, and a request that gets none, is shown of either version.
func TestTraceTellsInterimResponsesTrailersAndRequestsWithoutAnAnswer(t *testing.T) {
	url, ca := securedBy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "content")
		w.Header().Set("X-Sum", "4711")
	})
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		version := map[paf.Protocol]string{paf.HTTP11: "HTTP/1.1", paf.HTTP2: "HTTP/2"}[protocol]
		_, stderr, err := run(t, Options{URL: url + "/", CACert: ca, Protocol: protocol, Trace: true, Fields: []string{"Host: other.example"}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(strings.ToLower(stderr), "> host: ") != 1 || !strings.Contains(strings.ToLower(stderr), "> host: other.example\n") {
			t.Errorf("%v: the host is not shown once:\n%s", protocol, stderr)
		}
		at := 0
		for _, line := range []string{"> GET / " + version + "\n", "< " + version + " 103", "< " + version + " 200", "< x-sum: 4711\n"} {
			n := strings.Index(strings.ToLower(stderr[at:]), strings.ToLower(line))
			if n < 0 {
				t.Errorf("%v: %q is missing, or not in its place, in\n%s", protocol, line, stderr)
				break
			}
			at += n
		}
		_, stderr, err = run(t, Options{URL: url + "/none", CACert: ca, Protocol: protocol, Trace: true})
		if err == nil || !strings.Contains(stderr, "> GET /none "+version+"\n") {
			t.Errorf("%v: without an answer %v, and\n%s", protocol, err, stderr)
		}
	}
}
