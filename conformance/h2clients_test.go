package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// served starts `paf serve` in clear and over TLS.
func served(t *testing.T, args ...string) map[string]*process {
	return map[string]*process{"clear": serve(t, args...), "TLS": serve(t, append([]string{"--tls"}, args...)...)}
}

// curl sees one content over every version, in clear and over TLS.
func TestCurlSeesTheSameDigestOverHTTP2(t *testing.T) {
	for name, p := range served(t) {
		ways := [][]string{{"--http1.1"}, {"--http2-prior-knowledge"}}
		if name == "TLS" {
			ways = [][]string{{"--http1.1", "-k"}, {"--http2", "-k"}}
		}
		for _, args := range ways {
			version := string(curl(t, nil, append([]string{"-o", "/dev/null", "-w", "%{http_version}"}, append(args, p.url("/"))...)...))
			if want := map[bool]string{true: "1.1", false: "2"}[args[0] == "--http1.1"]; version != want {
				t.Errorf("%s, %v: HTTP/%s", name, args, version)
			}
			for _, length := range []string{"0", "1", "100000", "3000000"} {
				head := append([]string{"-H", "x-length: " + length, "-H", "x-seed: Zm9vYmFy"}, args...)
				random := curl(t, nil, append(head, p.url("/random"))...)
				hash := string(curl(t, nil, append(head, p.url("/hash"))...))
				back := curl(t, bytes.NewReader(random), append([]string{"-H", "Content-Type: text/plain", "--data-binary", "@-"}, append(args, p.url("/transmit"))...)...)
				if want := digest(random); strings.TrimSpace(hash) != want || digest(back) != want {
					t.Errorf("%s, %v, %s bytes: /random gave %s, /hash %s, /transmit %s", name, args, length, want, hash, digest(back))
				}
			}
		}
	}
}

var h2loadSummary = regexp.MustCompile(`requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)

// h2load runs h2load and returns how many requests have succeeded; any that has not fails the test.
func h2load(t *testing.T, args ...string) int {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, testkit.Need(t, "h2load"), args...).CombinedOutput()
	m := h2loadSummary.FindSubmatch(out)
	if err != nil || m == nil || string(m[1]) != string(m[2]) {
		t.Fatalf("h2load %v: %v\n%s", args, err, lastLines(out, 20))
	}
	n, _ := strconv.Atoi(string(m[2]))
	return n
}

func TestNoRequestOfH2loadFails(t *testing.T) {
	n := 50_000
	if long {
		n = 1_000_000
	}
	for name, p := range served(t) {
		if got := h2load(t, "-n", strconv.Itoa(n), "-c", "8", "-m", "32", p.url("/")); got != n {
			t.Errorf("%s: %d of %d", name, got, n)
		}
	}
}

func TestNghttpReadsThePage(t *testing.T) {
	for name, p := range served(t) {
		out, err := exec.Command(testkit.Need(t, "nghttp"), p.url("/"), p.url("/")).CombinedOutput()
		if err != nil || bytes.Count(out, []byte("paf's demo application")) == 0 {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

const nodeClient = `
const http2 = require('node:http2'), crypto = require('node:crypto');
const c = http2.connect(process.argv[1], {rejectUnauthorized: false, maxSessionMemory: 1000}); // in MB
const body = crypto.randomBytes(3_000_000), all = [];
for (let i = 0; i < 20; i++) all.push(new Promise((resolve, reject) => {
  const s = c.request({':method': 'POST', ':path': '/transmit', 'content-type': 'application/octet-stream'});
  const sum = crypto.createHash('sha256');
  s.on('data', (d) => sum.update(d)).on('end', () => resolve(sum.digest('hex'))).on('error', reject);
  s.end(body);
}));
Promise.all(all).then((sums) => {
  const want = crypto.createHash('sha256').update(body).digest('hex');
  console.log(sums.filter((s) => s === want).length);
  c.close();
});`

// node sends 20 contents at once on one connection and gets them back.
func TestNodeGetsBackWhatItSends(t *testing.T) {
	for name, p := range served(t) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, testkit.Need(t, "node"), "-e", nodeClient, p.scheme+"://"+p.addr).CombinedOutput()
		stop()
		if err != nil || strings.TrimSpace(string(out)) != "20" {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

func TestBrowserLoadsTheDemoOverHTTP2(t *testing.T) {
	seen := make(chan paf.Protocol, 100)
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		seen <- r.Protocol
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.WriteString(`<p id=x>nothing</p><script>fetch("/other").then(r => r.text()).then(t => document.getElementById("x").textContent = "fetched " + t.length)</script>`)
	})}
	peer := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer peer.Close()
	ln := testkit.Listen(t)
	stop := testkit.Serve(t, s, tls.NewListener(ln, &tls.Config{Certificates: peer.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}))
	dom := chromium(t, "https://"+ln.Addr().String()+"/", "--dump-dom", "--ignore-certificate-errors")
	if !strings.Contains(dom, "fetched 1") {
		t.Errorf("the page is %q", dom)
	}
	stop()
	close(seen)
	for protocol := range seen {
		if protocol != paf.HTTP2 {
			t.Errorf("the browser spoke %v", protocol)
		}
	}
}

// Handlers that sleep are held in flight all at once: as many as there are streams.
func TestSleepingHandlersAreInFlightTogether(t *testing.T) {
	var now, most atomic.Int64
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})}
	ln := testkit.Listen(t)
	stop := testkit.Serve(t, s, ln)
	h2load(t, "-n", "40000", "-c", "8", "-m", "100", "http://"+ln.Addr().String()+"/")
	stop()
	if most.Load() < 800 {
		t.Errorf("%d handlers were in flight, of 8 connections with 100 streams each", most.Load())
	}
	t.Logf("%d handlers in flight", most.Load())
}
