package conformance

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
)

// forwarding starts `paf proxy --forward` in clear and over TLS.
func forwarding(t *testing.T, own *certificate) (clear, secure *process) {
	clear = launch(t, "proxy", "--forward", "--allow-private", "--listen", "127.0.0.1:0")
	secure = launch(t, "proxy", "--forward", "--allow-private", "--listen", "127.0.0.1:0", "--tls", "--cert", own.pem, "--key", own.key)
	return clear, secure
}

// origins are net/http's servers in clear and over TLS, which say what they were asked for.
func origins(t *testing.T) []*httptest.Server {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s from %s, %t", r.Method, r.Host, r.TLS != nil)
	})
	all := []*httptest.Server{httptest.NewServer(h), httptest.NewTLSServer(h)}
	for _, s := range all {
		t.Cleanup(s.Close)
	}
	return all
}

func TestCurlGoesThroughPafProxy(t *testing.T) {
	clear, secure := forwarding(t, selfSigned(t))
	help, err := exec.Command(testkit.Need(t, "curl"), "--help", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	ways := [][]string{{"--proxy", clear.url("")}, {"--proxytunnel", "--proxy", clear.url("")}, {"--proxy-insecure", "--proxy", secure.url("")}}
	if strings.Contains(string(help), "--proxy-http2") {
		ways = append(ways, []string{"--proxy-http2", "--proxy-insecure", "--proxy", secure.url("")})
	} else {
		t.Log("this curl has no --proxy-http2: over HTTP/2 our client alone goes through the proxy")
	}
	for i, s := range origins(t) {
		want := fmt.Sprintf("GET from %s, %t", s.URL[strings.LastIndex(s.URL, "/")+1:], i == 1)
		for _, way := range ways {
			if got := string(curl(t, nil, append([]string{"--noproxy", "", "--insecure", s.URL + "/x"}, way...)...)); got != want {
				t.Errorf("curl %v %s: %q, want %q", way, s.URL, got, want)
			}
		}
	}
	clear.lines.await(t, 3, "msg=request")
	secure.lines.await(t, 2, "msg=request")
}

func TestOurClientGoesThroughPafProxyOverHTTP2(t *testing.T) {
	_, secure := forwarding(t, selfSigned(t))
	c := reach(paf.HTTP2)
	defer c.Close()
	s := origins(t)[1]
	for range 3 {
		r, err := paf.NewRequest("GET", secure.url(""), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Connect(t.Context(), r, strings.TrimPrefix(s.URL, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		tunnel, err := resp.Tunnel()
		if err != nil {
			t.Fatal(resp.Status, err)
		}
		inner := tls.Client(tunnel, &tls.Config{InsecureSkipVerify: true})
		fmt.Fprint(inner, "GET / HTTP/1.1\r\nHost: far.test\r\nConnection: close\r\n\r\n")
		if got, err := io.ReadAll(inner); err != nil || !strings.HasSuffix(string(got), "GET from far.test, true") {
			t.Errorf("%q, %v", got, err)
		}
		inner.Close()
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections to the proxy", n)
	}
	secure.lines.await(t, 3, "method=CONNECT")
}

func TestChromiumGoesThroughPafProxy(t *testing.T) {
	clear, secure := forwarding(t, selfSigned(t))
	inClear, overTLS := serve(t), serve(t, "--tls")
	for _, proxy := range []*process{clear, secure} { // it speaks HTTP/2 to a proxy over TLS
		for _, site := range []*process{inClear, overTLS} {
			dom := chromium(t, site.url("/"), "--dump-dom", "--ignore-certificate-errors", "--proxy-server="+proxy.url(""), "--proxy-bypass-list=<-loopback>")
			if !strings.Contains(dom, "paf's demo application") {
				t.Errorf("%s through %s: the page is %q", site.url("/"), proxy.url(""), dom)
			}
		}
		proxy.lines.await(t, 1, "target="+inClear.url("/"))
		proxy.lines.await(t, 1, "method=CONNECT target="+overTLS.addr)
	}
}

// git runs git and returns what it prints.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command(testkit.Need(t, "git"), args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0", "no_proxy=", "NO_PROXY=",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a.test", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@a.test")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestGitClonesThroughPafProxy(t *testing.T) {
	root := t.TempDir()
	work := filepath.Join(root, "work")
	git(t, root, "init", "-q", work)
	if err := os.WriteFile(filepath.Join(work, "big"), noise(300_000), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, work, "add", ".")
	git(t, work, "commit", "-q", "-m", "one")
	git(t, root, "clone", "-q", "--bare", work, "repo.git")
	git(t, filepath.Join(root, "repo.git"), "update-server-info")
	want := git(t, work, "rev-parse", "HEAD")
	smart := &cgi.Handler{Path: filepath.Join(git(t, root, "--exec-path"), "git-http-backend"), Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}}
	overTLS, inClear := httptest.NewTLSServer(smart), httptest.NewServer(smart)
	defer overTLS.Close()
	defer inClear.Close()
	dumb := serve(t, root)
	own := selfSigned(t)
	clear, secure := forwarding(t, own)
	for i, from := range []string{inClear.URL, overTLS.URL, dumb.url("")} {
		for j, proxy := range []*process{clear, secure} {
			to := fmt.Sprint("clone-", i, j)
			git(t, root, "-c", "http.proxy="+proxy.url(""), "-c", "http.sslVerify=false", "-c", "http.proxySSLCAInfo="+own.pem, "clone", "-q", from+"/repo.git", to)
			if got := git(t, filepath.Join(root, to), "rev-parse", "HEAD"); got != want {
				t.Errorf("%s through %s: %s, want %s", from, proxy.url(""), got, want)
			}
			at, _ := url.Parse(from)
			proxy.lines.await(t, 1, at.Host)
		}
	}
}
