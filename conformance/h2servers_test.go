package conformance

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// An h2server is a server of HTTP/2 that others have written: it has the files of a site at /NAME. start returns its
// addresses, "" where it has none.
type h2server struct {
	name   string
	echoes bool // /echo sends back what it gets, with the trailer X-Sum
	start  func(t *testing.T, s *site) (clear, secure string)
}

var h2servers = []h2server{
	{"nginx", false, startNginx2}, {"h2o", false, startH2O}, {"nghttpd", false, startNghttpd},
	{"node", true, startNode2}, {"nethttp", true, startNetHTTP2},
}

// eachH2 runs a test against every server, in clear by prior knowledge and over TLS.
func eachH2(t *testing.T, f func(t *testing.T, h *h2server, s *site, c *paf.Client, url string)) {
	for _, h := range h2servers {
		t.Run(h.name, func(t *testing.T) {
			s := newSite(t)
			if long {
				s.sparse(t, 1<<30)
			}
			clear, secure := h.start(t, s)
			for url, addr := range map[string]string{"http://": clear, "https://": secure} {
				if addr == "" {
					continue
				}
				t.Run(strings.TrimSuffix(url, "://"), func(t *testing.T) {
					c := clientWith(t, tlsTrusting(s))
					c.Protocol = paf.HTTP2
					f(t, &h, s, c, url+addr)
				})
			}
		})
	}
}

// Content of 0 B to 1 MiB, and 1 GiB in CI, comes down whole.
func TestContentComesDownWholeOverHTTP2(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, c *paf.Client, url string) {
		for name, want := range s.digests {
			resp, err := c.Get(t.Context(), url+"/"+name)
			if err != nil {
				t.Fatal(err)
			}
			if sum, n := readAll(t, resp); resp.Status != 200 || resp.Protocol != paf.HTTP2 || sum != want {
				t.Errorf("%s: %d, %v, %d bytes, another digest", name, resp.Status, resp.Protocol, n)
			}
		}
	})
}

// What goes up comes back, with a trailer that says what it was.
func TestContentAndTrailersGoBothWaysOverHTTP2(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, c *paf.Client, url string) {
		if !h.echoes {
			return
		}
		for name, want := range s.digests {
			for _, declared := range []bool{true, false} {
				var body io.Reader = open(t, filepath.Join(s.dir, "root", name))
				r, err := paf.NewRequest("POST", url+"/echo", body)
				if err != nil {
					t.Fatal(err)
				}
				r.Length = -1
				if size, _ := strconv.ParseInt(name, 10, 64); declared && size > 0 {
					r.Length = size
				}
				resp, err := c.Do(t.Context(), r)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				sum, n := readAll(t, resp)
				if sum != want || resp.Trailer == nil || resp.Trailer.Get("X-Sum") != want {
					t.Errorf("%s, declared %t: %d bytes came back, trailer %v", name, declared, n, resp.Trailer)
				}
			}
		}
	})
}

// Ten thousand requests at once on one client.
func TestTenThousandRequestsAtOnceOverHTTP2(t *testing.T) {
	eachH2(t, func(t *testing.T, h *h2server, s *site, c *paf.Client, url string) {
		c.MaxConns = 8
		var wg sync.WaitGroup
		var mu sync.Mutex
		failed := map[string]int{}
		for range 10_000 {
			wg.Go(func() {
				resp, err := c.Get(t.Context(), url+"/1")
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if err == nil && resp.Status != 200 {
						err = fmt.Errorf("status %d", resp.Status)
					}
				}
				if err != nil {
					mu.Lock()
					failed[err.Error()]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(failed) > 0 {
			t.Errorf("failed: %v", failed)
		}
		t.Logf("%d connections", c.Stats().Opened)
	})
}

// freeAddr returns an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln := testkit.Listen(t)
	defer ln.Close()
	return ln.Addr().String()
}

func awaitListening(t *testing.T, addrs ...string) {
	t.Helper()
	for _, addr := range addrs {
		for until := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
				break
			}
			if time.Now().After(until) {
				t.Fatal(err)
			}
		}
	}
}

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func startNginx2(t *testing.T, s *site) (string, string) {
	addr := freeAddr(t)
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;"
	}
	config := fmt.Sprintf(`%s
daemon off; worker_processes 1; pid %[2]s/pid2; error_log stderr error;
events { worker_connections 1024; }
http { access_log off; default_type application/octet-stream;
 client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
 keepalive_requests 1000000; ssl_certificate %[3]s; ssl_certificate_key %[4]s;
 server { listen %[5]s ssl http2; root %[2]s/root; } }`, user, s.dir, s.cert.pem, s.cert.key, addr)
	file := filepath.Join(s.dir, "nginx2.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command(testkit.Need(t, "nginx"), "-p", s.dir, "-c", file, "-e", "stderr"), nil)
	awaitListening(t, addr)
	return "", addr
}

func startH2O(t *testing.T, s *site) (string, string) {
	clear, secure := freeAddr(t), freeAddr(t)
	config := fmt.Sprintf("num-threads: 1\nlisten:\n  host: 127.0.0.1\n  port: %s\nhosts:\n  default:\n    listen:\n      host: 127.0.0.1\n      port: %s\n      ssl:\n        certificate-file: %s\n        key-file: %s\n    paths:\n      /:\n        file.dir: %s\n",
		portOf(clear), portOf(secure), s.cert.pem, s.cert.key, filepath.Join(s.dir, "root"))
	if os.Getuid() == 0 {
		config = "user: root\n" + config // else it becomes one who may not read the site
	}
	file := filepath.Join(s.dir, "h2o.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	stopped(t, exec.Command(testkit.Need(t, "h2o"), "-c", file))
	awaitListening(t, clear, secure)
	return clear, secure
}

func startNghttpd(t *testing.T, s *site) (string, string) {
	clear, secure := freeAddr(t), freeAddr(t)
	root := filepath.Join(s.dir, "root")
	stopped(t, exec.Command(testkit.Need(t, "nghttpd"), "--no-tls", "-a", "127.0.0.1", "-d", root, portOf(clear)))
	stopped(t, exec.Command(testkit.Need(t, "nghttpd"), "-a", "127.0.0.1", "-d", root, portOf(secure), s.cert.key, s.cert.pem))
	awaitListening(t, clear, secure)
	return clear, secure
}

// stopped starts a program and kills it when the test ends.
func stopped(t *testing.T, c *exec.Cmd) {
	t.Helper()
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
}

func startNode2(t *testing.T, s *site) (string, string) {
	options, err := json.Marshal(map[string]any{"dir": s.dir, "cert": s.cert.pem, "key": s.cert.key})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(testkit.Need(t, "node"), "testdata/h2peer.js", string(options))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, c)
	var clear, secure int
	if _, err := fmt.Fscan(bufio.NewReader(out), &clear, &secure); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", clear), fmt.Sprint("127.0.0.1:", secure)
}

func startNetHTTP2(t *testing.T, s *site) (string, string) {
	server := &http.Server{Protocols: &http.Protocols{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/echo" {
			http.ServeFile(w, r, filepath.Join(s.dir, "root", r.URL.Path))
			return
		}
		h := sha256.New()
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(200)
		_, _ = io.Copy(io.MultiWriter(w, h), r.Body)
		w.Header().Set("X-Sum", hex.EncodeToString(h.Sum(nil)))
	})}
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	var addrs []string
	for _, serve := range []func(net.Listener) error{server.Serve, func(ln net.Listener) error { return server.ServeTLS(ln, s.cert.pem, s.cert.key) }} {
		ln := testkit.Listen(t)
		addrs = append(addrs, ln.Addr().String())
		go func() { _ = serve(ln) }()
	}
	t.Cleanup(func() { server.Close() })
	return addrs[0], addrs[1]
}
