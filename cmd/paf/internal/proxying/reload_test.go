package proxying

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf/internal/testkit"
)

// An upstream of https is trusted if the authorities of its site vouch for it; these are read again by a reload, and one that is changed counts.
func TestUpstreamsAreVouchedForByTheAuthoritiesOfTheirSite(t *testing.T) {
	certA, keyA := certificate(t, "127.0.0.1")
	certB, _ := certificate(t, "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(certA, keyA)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "vouched for") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	trust := func(file string) {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(ca, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	trust(certB)
	config := fmt.Sprintf("listen: 127.0.0.1:0\nupstream-ca: %s\nto: %s\nsites: [{name: system.test, upstream-ca: '', to: %s}]\n", ca, s.URL, s.URL)
	r := start(t, config)
	c, _ := browser(t, r.url(0), false)
	ask := func(when, host string, want int) {
		t.Helper()
		if status, text := get(t, c, "http://"+host+"/"); status != want {
			t.Errorf("%s %s gets %d %s, not %d", when, host, status, text, want)
		}
	}
	ask("by another authority", "own.test", 502)
	trust(certA)
	ask("before a reload", "own.test", 502)
	r.load(config)
	ask("by its own", "own.test", 200)
	ask("by the system's", "system.test", 502)
	trust(certB)
	r.load(config)
	ask("by another again", "own.test", 502)
	if err := os.WriteFile(ca, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.reload <- syscall.SIGHUP
	r.await(&r.err, "holds no certificate in PEM")
}

// While clients ask over both versions, all that can change does every 50 ms: upstreams come and go, weights, time-outs, hosts, certificates, addresses.
func TestReloadUnderLoadLosesNothing(t *testing.T) {
	certA, keyA := certificate(t, "a.test")
	certB, keyB := certificate(t, "a.test")
	up := make([]any, 4)
	for i := range up {
		up[i] = upstream(t, "up")
	}
	extra := t.TempDir()
	const first = "listen: [127.0.0.1:0, 'tls:localhost:0']\ncert: %s\nkey: %s\nhealth: /,20ms\n"
	head := fmt.Sprintf(first, certA, keyA)
	bodies := []string{
		head + fmt.Sprintf("to: [http://%s, h2c://%s=3]\n", up[0], up[1]),
		head + fmt.Sprintf("to: [http://%s=2, h2c://%s]\ntimeout: 20s\n", up[0], up[1]),
		fmt.Sprintf(first, certB, keyB) + fmt.Sprintf("to: [http://%s, h2c://%s]\nforwarded: both\n", up[2], up[1]),
		head + fmt.Sprintf("to: http://%s\nsites: [{name: [a.test, localhost], to: [http://%s, h2c://%s], timeout: 9s}]\n", up[3], up[1], up[2]),
		strings.Replace(head, "127.0.0.1:0", "127.0.0.1:0, 'unix:"+extra+"/s'", 1) + fmt.Sprintf("to: http://%s\nquiet: true\n", up[0]),
	}
	r := start(t, bodies[0])
	var asked atomic.Int64
	var enough atomic.Bool
	var all sync.WaitGroup
	for n, scheme := range []string{"http", "https"} {
		for _, h2 := range []bool{false, true} {
			c, connections := browser(t, r.url(n), h2)
			const users = 4
			var these sync.WaitGroup
			for user := range users {
				task := func() {
					for i := 0; !enough.Load(); i++ {
						content := strings.Repeat("x", (i%5)*(user%2)*3000)
						resp, err := c.Post(scheme+"://a.test/", "text/plain", strings.NewReader(content))
						if err != nil {
							t.Errorf("%s, h2 %t: %v", scheme, h2, err)
							return
						}
						b, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						if want := fmt.Sprintf("up POST a.test %d <nil>", len(content)); err != nil || resp.StatusCode != 200 || string(b) != want {
							t.Errorf("%s, h2 %t: %d %q %v, want %s", scheme, h2, resp.StatusCode, b, err, want)
							return
						}
						asked.Add(1)
					}
				}
				these.Go(task)
			}
			all.Go(func() {
				these.Wait()
				if n := connections.lost.Load(); n > 0 {
					t.Errorf("%s, h2 %t: the proxy has ended %d connections", scheme, h2, n)
				}
			})
		}
	}
	reloads := 0
	for late := time.Now().Add(30 * time.Second); asked.Load() < 3000 || reloads < 30; time.Sleep(50 * time.Millisecond) {
		reloads++
		r.load(bodies[reloads%len(bodies)])
		if time.Now().After(late) || t.Failed() {
			t.Errorf("after %d requests and %d reloads it has come to a standstill", asked.Load(), reloads)
			break
		}
	}
	enough.Store(true)
	all.Wait()
	t.Logf("%d requests, %d reloads", asked.Load(), reloads)
}

func TestAWrongReloadChangesNothing(t *testing.T) {
	certA, keyA := certificate(t, "a.test")
	well := fmt.Sprintf("listen: 127.0.0.1:0\nto: http://%s\n", upstream(t, "well"))
	r := start(t, well)
	c, connections := browser(t, r.url(0), false)
	taken := testkit.Listen(t)
	defer taken.Close()
	for i, wrong := range []string{
		well + "tsl: true", "to: 1", well + "tls: true\ncert: " + keyA + "\nkey: " + certA, "listen: [127.0.0.1:0, '127.0.0.1:0x']\nto: http://127.0.0.1:1",
		"listen: [127.0.0.1:0, 'localhost:0', '" + taken.Addr().String() + "']\nto: http://127.0.0.1:1", "forward: true\nusers: /nonexistent", well + "log: json",
	} {
		r.write(wrong)
		r.reload <- syscall.SIGHUP
		r.reload <- syscall.SIGHUP // the first one has been dealt with
		if n := strings.Count(r.err.String(), "not reloaded"); n < 2*i+1 {
			t.Errorf("%q was taken: %s", wrong, r.err.String())
		}
		if status, text := get(t, c, "http://a.test/"); status != 200 || text != "well GET a.test 0 <nil>" {
			t.Errorf("%q: %d %s", wrong, status, text)
		}
	}
	if err := os.Remove(r.file); err != nil {
		t.Fatal(err)
	}
	r.reload <- syscall.SIGHUP
	r.await(&r.err, "cannot read the configuration")
	if n := connections.opened.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestListenersComeAndGo(t *testing.T) {
	to := "to: http://" + upstream(t, "well") + "\n"
	r := start(t, "listen: [127.0.0.1:0, localhost:0]\n"+to)
	stays, _ := browser(t, r.url(0), false)
	goes, _ := browser(t, r.url(1), false)
	get(t, stays, "http://a.test/")
	get(t, goes, "http://a.test/")
	r.load("listen: 127.0.0.1:0\n" + to)
	late, _ := browser(t, r.url(1), false)
	if resp, err := late.Get("http://a.test/"); err == nil {
		t.Errorf("the address that is gone answers: %s", resp.Status)
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		resp, err := goes.Get("http://a.test/")
		if err != nil {
			break // its connection is closed, too
		}
		resp.Body.Close()
		if time.Now().After(until) {
			t.Fatal("a connection goes on after its address has gone")
		}
	}
	get(t, stays, "http://a.test/")
	// An address may be served in another way from one reload to the next, and back.
	for range 20 {
		r.load("listen: 127.0.0.1:0\ntls: true\n" + to)
		secure, _ := browser(t, r.url(0), true)
		if status, _ := get(t, secure, "https://a.test/"); status != 200 {
			t.Errorf("over TLS: %d", status)
		}
		r.load("listen: 127.0.0.1:0\n" + to)
		if status, _ := get(t, stays, "http://a.test/"); status != 200 {
			t.Errorf("in clear: %d", status)
		}
	}
}

// What is known of an upstream's health outlasts a reload, and so do connections to it.
func TestUpstreamsOutlastAReload(t *testing.T) {
	var connections atomic.Int32
	seen := map[string]bool{}
	var mu sync.Mutex
	well := upstreamOf(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if !seen[r.RemoteAddr] && r.URL.Path != "/up" {
			seen[r.RemoteAddr] = true
			connections.Add(1)
		}
	})
	sick := upstreamOf(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	config := fmt.Sprintf("listen: 127.0.0.1:0\nto: [http://%s, http://%s]\nhealth: /up,20ms\n", well, sick)
	r := start(t, config)
	r.await(&r.err, "upstream is not fit")
	c, _ := browser(t, r.url(0), false)
	for i := range 30 {
		r.load(config + []string{"", "host: x\n", "timeout: 60s\n", "tunnel-time: 1h\n"}[i%4])
		for range 3 {
			if status, _ := get(t, c, "http://a.test/"); status != 200 {
				t.Fatalf("after %d reloads: %d", i+1, status)
			}
		}
	}
	if n := connections.Load(); n > 2 {
		t.Errorf("%d connections were opened to an upstream that has stayed", n)
	}
}

// A check that has failed counts no longer when there are no checks any more, which could take it back.
func TestAnUpstreamThatIsNotCheckedAnyMoreIsFit(t *testing.T) {
	well, sick := upstream(t, "well"), upstreamOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			w.WriteHeader(500)
		}
		_, _ = io.WriteString(w, "sick")
	})
	config := fmt.Sprintf("listen: 127.0.0.1:0\nto: [http://%s, http://%s]\n", well, sick)
	r := start(t, config+"health: /up,20ms\n")
	r.await(&r.err, "upstream is not fit")
	c, _ := browser(t, r.url(0), false)
	for _, checked := range []bool{true, false} {
		if !checked {
			r.load(config)
		}
		seen := false
		for range 10 {
			_, text := get(t, c, "http://a.test/")
			seen = seen || text == "sick"
		}
		if seen == checked {
			t.Errorf("checked %t: the upstream that fails its checks was asked: %t", checked, seen)
		}
	}
}

func TestATunnelOutlastsAReload(t *testing.T) {
	ln := testkit.Listen(t)
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	r := start(t, "listen: 127.0.0.1:0\nforward: true\nallow-private: true\n")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url(0), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", ln.Addr())
	buf := make([]byte, 1000)
	if n, err := c.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 200") {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	for i := range 10 {
		r.load(fmt.Sprintf("listen: 127.0.0.1:0\nforward: true\ntimeout: %ds\n", i+1))
		fmt.Fprint(c, "hello")
		if n, err := io.ReadFull(c, buf[:5]); err != nil {
			t.Fatalf("after %d reloads: %q, %v", i+1, buf[:n], err)
		}
	}
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
	r.await(&r.out, "method=CONNECT target="+ln.Addr().String()+" status=200 bytes=100 ")
}
