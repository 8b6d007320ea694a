package proxying

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/internal/testkit"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A running proxy, its file and what it has printed.
type running struct {
	t      *testing.T
	file   string
	reload chan os.Signal
	out    testkit.Record
	err    testkit.Record
	done   chan error
	stop   func()
}

// start runs a proxy with a configuration until the test ends; it must then end in peace.
func start(t *testing.T, config string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, file: filepath.Join(t.TempDir(), "proxy.yaml"), reload: make(chan os.Signal), done: make(chan error, 1), stop: cancel}
	r.write(config)
	load := func() (*Config, error) { return ReadFile(r.file) }
	go func() { r.done <- Run(ctx, Options{Load: load, Reload: r.reload, Out: &r.out, Err: &r.err}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-r.done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if t.Failed() {
			t.Logf("it has said:\n%.4000s", r.err.String())
		}
	})
	r.await(&r.err, "msg=listening")
	return r
}

func (r *running) write(config string) {
	if err := os.WriteFile(r.file, []byte(config), 0o600); err != nil {
		r.t.Error(err)
	}
}

// load has the proxy take another configuration, and waits until it has.
func (r *running) load(config string) {
	r.t.Helper()
	r.write(config)
	n := strings.Count(r.err.String(), "reloaded")
	r.reload <- syscall.SIGHUP
	for until := time.Now().Add(10 * time.Second); strings.Count(r.err.String(), "reloaded") == n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			r.t.Fatalf("it is not reloaded: %s", r.err.String())
		}
	}
}

// await waits until something is printed, and returns all that is.
func (r *running) await(p *testkit.Record, what string) string {
	r.t.Helper()
	for until := time.Now().Add(10 * time.Second); !strings.Contains(p.String(), what); time.Sleep(time.Millisecond) {
		select {
		case err := <-r.done:
			r.done <- nil
			r.t.Fatalf("Run: %v", err)
		default:
		}
		if time.Now().After(until) {
			r.t.Fatalf("%q was awaited:\n%s", what, p.String())
		}
	}
	return p.String()
}

var urls = regexp.MustCompile(`msg=listening url=(\S+)/`)

// url returns where the proxy listens: at the address of the number.
func (r *running) url(n int) string {
	r.t.Helper()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if all := urls.FindAllStringSubmatch(r.err.String(), -1); len(all) > n {
			return all[n][1]
		}
		if time.Now().After(until) {
			r.t.Fatalf("no address %d: %s", n, r.err.String())
		}
	}
}

// upstream is a server of a name, in HTTP/1.1 and in HTTP/2 in clear; it returns host and port.
func upstream(t *testing.T, name string) string {
	t.Helper()
	return upstreamOf(t, func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %d %v", name, r.Method, r.Host, len(content), err)
	})
}

func upstreamOf(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// certificate writes a certificate for a name, and returns the names of its files.
func certificate(t *testing.T, name string) (pemFile, keyFile string) {
	t.Helper()
	pemFile, keyFile, _ = selfsigned.Files(t, name)
	return pemFile, keyFile
}

// A dialled is how many connections a browser has opened, and how many of these the other side has ended.
type dialled struct{ opened, lost atomic.Int32 }

// A watched connection tells who has ended it.
type watched struct {
	net.Conn
	by    *dialled
	ended atomic.Bool
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil && !w.ended.Swap(true) {
		w.by.lost.Add(1)
	}
	return n, err
}

func (w *watched) Close() error {
	w.ended.Store(true)
	return w.Conn.Close()
}

// browser returns a client all of whose connections lead to one address, over TLS or in clear, and what becomes of them.
func browser(t *testing.T, to string, h2 bool) (*http.Client, *dialled) {
	t.Helper()
	addr, by := to[strings.Index(to, "//")+2:], &dialled{}
	tr := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
			if err != nil {
				return nil, err
			}
			by.opened.Add(1)
			return &watched{Conn: c, by: by}, nil
		},
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2:   h2,
		MaxIdleConnsPerHost: 64,
	}
	if h2 {
		tr.Protocols = &http.Protocols{}
		tr.Protocols.SetHTTP2(true)
		tr.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}, by
}

// get returns the status and the content of a URL.
func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
