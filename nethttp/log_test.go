package nethttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/nethttp"
)

// logged makes slog's default what is returned.
func logged(t *testing.T) *testkit.Record {
	l, before := &testkit.Record{}, slog.Default()
	slog.SetDefault(l.Logger())
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

// serveTLS serves HTTPS by what Server makes of s, and returns the address.
func serveTLS(t *testing.T, s *http.Server) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- nethttp.Server(s).ServeTLS(ctx, ln, "", "") }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ServeTLS: %v", err)
		}
	})
	return ln.Addr().String()
}

// certified returns a configuration with a certificate.
func certified() *tls.Config {
	peer := httptest.NewTLSServer(nil)
	peer.Close()
	return &tls.Config{Certificates: peer.TLS.Certificates}
}

// What net/http logs by the standard logger is logged by slog's.
func TestServerWithoutErrorLogLogsWhatNetHTTPDoes(t *testing.T) {
	l := logged(t)
	addr := serveTLS(t, &http.Server{TLSConfig: certified(), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a\nbug") })})

	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	answer, _ := io.ReadAll(conn)
	conn.Close()
	if !strings.HasPrefix(string(answer), "HTTP/1.0 400 ") {
		t.Errorf("answer: %q", answer)
	}
	line := l.Await(t, "TLS handshake error from "+conn.LocalAddr().String()+": client sent an HTTP request to an HTTPS server")
	if !strings.Contains(line, "level=WARN") {
		t.Errorf("log: %s", line)
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "none.example"}); err == nil {
		t.Error("a certificate that nobody vouches for was taken")
	}
	l.Await(t, ": remote error: tls: bad certificate")

	client := transport(t, &nethttp.Transport{TLSClientConfig: insecure})
	if resp, err := client.Get("https://" + addr + "/path"); err == nil {
		t.Errorf("a handler that has panicked: %s", resp.Status)
	}
	line = l.Await(t, "panic serving 127.0.0.1:")
	for _, part := range []string{"level=ERROR", `a\nbug" component=paf-nethttp method=GET path=/path stack=`, "nethttp_test.TestServerWithoutErrorLog"} {
		if !strings.Contains(line, part) {
			t.Errorf("no %s in the log: %s", part, line)
		}
	}
}

// HTTP/2 is agreed on whatever NextProtos has, unless the server forbids it.
func TestServerOffersWhatItsProtocolsAre(t *testing.T) {
	only1 := new(http.Protocols)
	only1.SetHTTP1(true)
	for name, test := range map[string]struct {
		server *http.Server
		want   string
	}{
		"by itself":        {&http.Server{}, "HTTP/2.0"},
		"no NextProtos h2": {&http.Server{Protocols: only1}, "HTTP/1.1"},
		"TLSNextProto":     {&http.Server{TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := test.server
			s.TLSConfig = certified()
			s.TLSConfig.NextProtos = []string{"acme-tls/1"}
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
			addr := serveTLS(t, s)
			if got := fetched(t, transport(t, &nethttp.Transport{TLSClientConfig: insecure}), "https://"+addr); got != test.want+" "+test.want {
				t.Errorf("got %s", got)
			}
			c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.ConnectionState().NegotiatedProtocol; got != "acme-tls/1" {
				t.Errorf("a protocol that is none of HTTP's: %q", got)
			}
			if len(s.TLSConfig.NextProtos) != 1 {
				t.Error("the configuration was changed")
			}
		})
	}
}

// BaseContext makes the context of all requests, and ends them.
func TestServerHonoursBaseContext(t *testing.T) {
	type key struct{}
	base, end := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cause := make(chan error, 1)
	s := serveOn(t, ln, nethttp.Server(&http.Server{
		BaseContext: func(of net.Listener) context.Context {
			if of != ln {
				t.Errorf("of %v", of)
			}
			return base
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if ctx.Value(key{}) != "value" {
				t.Error("ConnContext is not given it")
			}
			return ctx
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Value(key{}) != "value" {
				t.Error("no value")
			}
			end()
			<-r.Context().Done()
			cause <- r.Context().Err()
		}),
	}))
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if err := <-cause; err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
}

// http.Client says one thing about its Timeout, as with net/http's Transport, whichever sign of it comes first.
func TestTimeoutOfAClientIsToldAsOne(t *testing.T) {
	wait := make(chan struct{})
	s := serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_ = http.NewResponseController(w).Flush()
		}
		<-wait
	}))
	defer close(wait)
	tr := &nethttp.Transport{}
	defer tr.Close()
	client := &http.Client{Transport: tr, Timeout: 5 * time.Millisecond}
	for range 40 {
		resp, err := client.Get(s.URL)
		if err == nil {
			_ = resp.Body.Close()
		} else if want := fmt.Sprintf("Get %q: context deadline exceeded (Client.Timeout exceeded while awaiting headers)", s.URL); err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	client.Timeout = 50 * time.Millisecond
	for range 10 {
		resp, err := client.Get(s.URL + "/body")
		if err != nil {
			t.Log(err) // the machine is slow
			continue
		}
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if want := "context deadline exceeded (Client.Timeout or context cancellation while reading body)"; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// What is refused before a handler sees it is told at level Debug.
func TestWhyARequestIsRefusedIsLogged(t *testing.T) {
	for _, target := range []string{"http://a:b:c/", "http://%41/"} { // which paf refuses, and net/url
		l := &testkit.Record{}
		s := nethttp.Server(&http.Server{Handler: http.NotFoundHandler()})
		s.Log = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
		here, there := flow.Pipe(0)
		done := make(chan error, 1)
		go func() { done <- s.ServeFlow(t.Context(), there) }()
		fmt.Fprintf(here, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
		answer := make([]byte, 13)
		_, _ = io.ReadFull(here, answer)
		if string(answer) != "HTTP/1.1 400 " {
			t.Errorf("%s: %q", target, answer)
		}
		l.Await(t, `level=DEBUG msg="request refused"`)
		_ = here.Close()
		<-done
	}
}
