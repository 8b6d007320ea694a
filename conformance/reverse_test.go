package conformance

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

const socketPage = `<!doctype html><html><body><p id="out">nothing yet</p><script>
const s = new WebSocket(location.href.replace("http", "ws") + "ws");
s.onopen = () => s.send("hello " + "x".repeat(70000));
s.onmessage = (m) => { document.getElementById("out").textContent = m.data.length + " back"; fetch("done?" + m.data.length); s.close(1000, "enough"); };
s.onerror = () => { document.getElementById("out").textContent = "failed"; fetch("done?failed"); };
</script></body></html>`

// echoSite is a site that echoes on WebSockets, by HTTP/1.1 alone.
func echoSite(t *testing.T) (addr string, done chan string) {
	t.Helper()
	done = make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, socketPage)
			return
		case "/done":
			done <- r.URL.RawQuery
			return
		case "/ws":
		default:
			http.NotFound(w, r)
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Errorf("a handshake that is none: %v, %v", err, r.Header)
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, message); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), done
}

// reverse starts `paf proxy --to` in clear and over TLS.
func reverse(t *testing.T, to string) (clear, secure *process) {
	clear = launch(t, "proxy", "--to", to, "--listen", "127.0.0.1:0")
	return clear, launch(t, "proxy", "--to", to, "--listen", "127.0.0.1:0", "--tls")
}

func TestAWebSocketGoesThroughPafProxy(t *testing.T) {
	upstream, _ := echoSite(t)
	near, _ := reverse(t, "http://"+upstream)
	far, secure := reverse(t, "h2c://"+near.addr) // which has an extended CONNECT between the two
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer trusting.CloseIdleConnections()
	for _, p := range []*process{near, far, secure} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(p.url("/ws"), "http"), &websocket.DialOptions{HTTPClient: trusting})
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		for _, n := range []int{0, 1, 125, 126, 70_000} {
			sent := strings.Repeat("x", n)
			if err := c.Write(ctx, websocket.MessageText, []byte(sent)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(ctx); err != nil || string(got) != sent {
				t.Errorf("%s: %d bytes are %d, %v", p.url(""), n, len(got), err)
			}
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("%s: closed: %v", p.url(""), err)
		}
		cancel()
		p.lines.await(t, 1, "/ws status=101")
	}
	near.lines.await(t, 2, "method=CONNECT target=") // what far and secure have asked for
}

// A browser opens a WebSocket over HTTP/1.1 in clear, and over TLS by the extended CONNECT of RFC 8441 on the connection that the page came by.
func TestChromiumsWebSocketGoesThroughPafProxy(t *testing.T) {
	upstream, done := echoSite(t)
	clear, secure := reverse(t, "http://"+upstream)
	for _, c := range []struct {
		proxy *process
		line  string
	}{{clear, "method=GET target=" + clear.url("/ws") + " status=101"}, {secure, "method=CONNECT target=" + secure.url("/ws") + " status=200"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		b := exec.CommandContext(ctx, testkit.Need(t, "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
			"--user-data-dir="+t.TempDir(), "--ignore-certificate-errors", "--remote-debugging-port=0", c.proxy.url("/"))
		b.WaitDelay = time.Second
		if err := b.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-done:
			if got != "70006" {
				t.Errorf("%s: %s", c.proxy.url("/"), got)
			}
		case <-ctx.Done():
			t.Errorf("%s: no word of a browser", c.proxy.url("/"))
		}
		c.proxy.lines.await(t, 1, c.line)
		cancel()
		_ = b.Wait()
	}
}

// Killing upstreams loses nothing that may be sent again.
func TestKillingUpstreamsLosesNothingOfPafProxy(t *testing.T) {
	var addrs []string
	for range 3 {
		ln := testkit.Listen(t)
		addrs = append(addrs, ln.Addr().String())
		ln.Close()
	}
	begin := func(addr string) *exec.Cmd {
		c := exec.Command(program, "serve", "--quiet", "--listen", addr)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
			if c, err := net.Dial("tcp", addr); err == nil {
				c.Close()
				break
			}
		}
		return c
	}
	var running []*exec.Cmd
	to := []string{"proxy", "--listen", "127.0.0.1:0", "--quiet", "--health", "/,200ms"}
	for _, addr := range addrs {
		running = append(running, begin(addr))
		to = append(to, "--to", "http://"+addr)
	}
	p := launch(t, to...)
	var over atomic.Bool
	var asked atomic.Int64
	var all sync.WaitGroup
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		c := &paf.Client{Protocol: protocol, MaxRetries: -1}
		defer c.Close()
		for range 4 {
			all.Go(func() {
				for !over.Load() {
					resp, err := c.Get(t.Context(), p.url("/echo"))
					if err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
					if err != nil || resp.Status != 200 {
						t.Errorf("%v: %v %v", protocol, resp, err)
						return
					}
					asked.Add(1)
				}
			})
		}
	}
	for i := range 9 {
		n := i % len(running)
		_ = running[n].Process.Kill()
		_ = running[n].Wait()
		time.Sleep(50 * time.Millisecond)
		running[n] = begin(addrs[n])
		time.Sleep(100 * time.Millisecond)
	}
	over.Store(true)
	all.Wait()
	for _, c := range running {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	if asked.Load() < 500 {
		t.Errorf("%d requests are no load", asked.Load())
	}
	t.Logf("%d requests", asked.Load())
}
