package acme

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf/acme"
)

// An authority is a CA: pebble, a DNS that only it asks, and a front that writes down what comes, and can answer in pebble's place.
type authority struct {
	t         *testing.T
	URL       string         // of the directory
	Trust     *x509.CertPool // whom to trust as a client of the CA
	Roots     *x509.CertPool // whom to trust as a client of those who have certificates
	DNS       string         // the server of DNS, over UDP
	HTTP, TLS net.Listener   // where it connects to for http-01 and tls-alpn-01, whatever the name

	front           *httptest.Server
	admin, dnsAdmin string
	client          *http.Client
	mu              sync.Mutex
	requests        []request
	instead         func(w http.ResponseWriter, r *http.Request) bool
	log             bytes.Buffer // of everything that the tests' side logs
	logMu           sync.Mutex
}

// A request is what the CA got.
type request struct {
	path   string
	at     time.Time
	body   []byte
	status int
}

// options are what a test wants of pebble.
type options struct {
	ipv6     bool
	validity int // seconds
	pebble   map[string]any
}

// newAuthority starts a CA that ends with the test.
func newAuthority(t *testing.T, o options) *authority {
	t.Helper()
	a := &authority{t: t}
	host, four, six := "127.0.0.1", "127.0.0.1", ""
	if o.ipv6 { // what the CA asks and what it is told, and nothing of IPv4
		host, four, six = "::1", "", "::1"
	}
	loopback := net.JoinHostPort(host, "0")
	a.HTTP, a.TLS = listen(t, loopback), listen(t, loopback)

	dns := start(t, "pebble-challtestsrv", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-dnsserver", loopback, "-management", "127.0.0.2:0", "-defaultIPv4", four, "-defaultIPv6", six)
	dnsTCP := dns.at("tcp", host)
	a.DNS, a.dnsAdmin = dns.at("udp", host), "http://"+dns.at("tcp", "127.0.0.2")

	dir := t.TempDir()
	cert, trusted := selfSigned(t, dir)
	if o.validity == 0 {
		o.validity = 90 * 24 * 3600
	}
	config := map[string]any{
		"listenAddress": "127.0.0.1:0", "managementListenAddress": "127.0.0.2:0", "certificate": cert, "privateKey": cert,
		"httpPort": port(a.HTTP), "tlsPort": port(a.TLS), "keyAlgorithm": "ecdsa",
		"profiles": map[string]any{"default": map[string]any{"description": "as long as the test wants", "validityPeriod": o.validity}},
	}
	for k, v := range o.pebble {
		config[k] = v
	}
	text, err := json.Marshal(map[string]any{"pebble": config})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	pebble := start(t, "pebble", "-strict", "-config", file, "-dnsserver", dnsTCP)
	a.admin = "https://" + pebble.at("tcp", "127.0.0.2")
	a.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}, Timeout: time.Minute}

	a.serve("https://"+pebble.at("tcp", "127.0.0.1"), trusted)
	a.Roots = x509.NewCertPool()
	if !a.Roots.AppendCertsFromPEM([]byte(a.get(a.admin + "/roots/0"))) {
		t.Fatal("pebble has no root")
	}
	return a
}

// serve starts the front.
func (a *authority) serve(pebble string, trusted *x509.CertPool) {
	behind, err := url.Parse(pebble)
	if err != nil {
		a.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host // of which pebble makes its URLs
		},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}},
	}
	a.front = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		a.mu.Lock()
		n := len(a.requests)
		a.requests = append(a.requests, request{path: r.URL.Path, at: time.Now(), body: body})
		instead := a.instead
		a.mu.Unlock()
		noted := &statusWriter{ResponseWriter: w}
		if instead == nil || !instead(noted, r) {
			proxy.ServeHTTP(noted, r)
		}
		a.mu.Lock()
		a.requests[n].status = noted.status
		a.mu.Unlock()
	}))
	a.front.EnableHTTP2 = true
	a.front.StartTLS()
	a.t.Cleanup(a.front.Close)
	a.Trust = x509.NewCertPool()
	a.Trust.AddCert(a.front.Certificate())
	a.URL = a.front.URL + "/dir"
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// CA returns it as a Config has it.
func (a *authority) CA() acme.CA { return acme.CA{URL: a.URL, Roots: a.Trust} }

// config returns one with which certificates are got of the CA and kept in a folder of the test.
func (a *authority) config() acme.Config {
	return acme.Config{
		CAs: []acme.CA{a.CA()}, Email: "webmaster@paf.test", AgreeToTerms: true, Storage: acme.Files(a.t.TempDir()),
		Log: a.logger(), NoOCSP: true, IgnoreARI: true,
	}
}

// logger writes everything down.
func (a *authority) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		a.logMu.Lock()
		defer a.logMu.Unlock()
		return a.log.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (a *authority) logged() string {
	a.logMu.Lock()
	defer a.logMu.Unlock()
	return a.log.String()
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// answerInstead has requests answered by f before pebble sees them, if it returns true.
func (a *authority) answerInstead(f func(w http.ResponseWriter, r *http.Request) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instead = f
}

// got returns what the CA got at paths that begin so.
func (a *authority) got(path string) (rs []request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.requests {
		if strings.HasPrefix(r.path, path) {
			rs = append(rs, r)
		}
	}
	return rs
}

// taken returns how many requests to a path have succeeded.
func (a *authority) taken(path string) (n int) {
	for _, r := range a.got(path) {
		if r.status/100 == 2 {
			n++
		}
	}
	return n
}

func (a *authority) get(url string) string {
	a.t.Helper()
	resp, err := a.client.Get(url)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		a.t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(text)
}

// setDNS has the server of DNS say something.
func (a *authority) setDNS(ctx context.Context, what string, say any) error {
	text, err := json.Marshal(say)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", a.dnsAdmin+"/"+what, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		return fmt.Errorf("%s: %s", what, resp.Status)
	}
	return nil
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// selfSigned makes a certificate for pebble's own servers, in a file with its key.
func selfSigned(t *testing.T, dir string) (file string, trusted *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}, {127, 0, 0, 2}},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	file = filepath.Join(dir, "pebble.pem")
	if err := os.WriteFile(file, append(public, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), 0o600); err != nil {
		t.Fatal(err)
	}
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(public)
	return file, trusted
}
