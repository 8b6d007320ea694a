package conformance

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/proxyproto"
)

// told is what a handler says of its connection: version, scheme, peer, and what else the header of the PROXY protocol has.
func told(w *paf.ResponseWriter, r *paf.Request) {
	f, _ := r.Context().Value(flowKey{}).(flow.Flow)
	c, _ := flow.As[*proxyproto.Conn](f)
	h := c.Header()
	fmt.Fprintf(w, "v%d %v %s %v alpn=%s name=%s tls=%v", h.Version, r.Protocol, r.Scheme, r.Peer(), h.ALPN, h.Authority, h.TLS)
}

type flowKey struct{}

// behindBalancers starts a server that requires the header, and returns its address.
func behindBalancers(t *testing.T) string {
	t.Helper()
	ln := testkit.Listen(t)
	server := &paf.Server{
		Handler:     paf.HandlerFunc(told),
		ConnContext: func(ctx context.Context, f flow.Flow) context.Context { return context.WithValue(ctx, flowKey{}, f) },
		Log:         slog.New(slog.DiscardHandler),
	}
	addr := ln.Addr().String()
	testkit.Serve(t, server, proxyproto.NewListener(ln, proxyproto.Options{}))
	return addr
}

// wantTold asks with curl, which adds from where it did, and compares.
func wantTold(t *testing.T, want string, args ...string) {
	t.Helper()
	out := string(curl(t, nil, append(args, "-w", "\n%{local_ip}:%{local_port}")...))
	got, from, _ := strings.Cut(out, "\n")
	if want = strings.ReplaceAll(want, "FROM", from); got != want {
		t.Errorf("%v: %q, want %q", args, got, want)
	}
}

func TestCurlsHeaderIsRead(t *testing.T) {
	addr := behindBalancers(t)
	wantTold(t, "v1 HTTP/1.1 http FROM alpn= name= tls=<nil>", "--haproxy-protocol", "http://"+addr)
	wantTold(t, "v1 HTTP/2.0 http FROM alpn= name= tls=<nil>", "--haproxy-protocol", "--http2-prior-knowledge", "http://"+addr)
}

// The program requires the header, too, and of strangers takes none.
func TestCurlsHeaderIsReadByTheProgram(t *testing.T) {
	p := serve(t, "--proxy-protocol=127.0.0.0/8")
	if got := string(curl(t, nil, "--haproxy-protocol", p.url("/echo"))); !strings.Contains(got, "Host: "+p.addr) {
		t.Errorf("%q", got)
	}
	if out, err := exec.Command(testkit.Need(t, "curl"), "-sS", p.url("/echo")).CombinedOutput(); err == nil {
		t.Errorf("without a header: %s", out)
	}
	p = serve(t, "--proxy-protocol=192.0.2.1")
	_ = curl(t, nil, p.url("/echo"))
	if out, err := exec.Command(testkit.Need(t, "curl"), "-sS", "--haproxy-protocol", p.url("/echo")).CombinedOutput(); err == nil {
		t.Errorf("from a stranger: %s", out)
	}
}

// TestHAProxysHeaderIsRead: TLS ends in HAProxy, which says of each connection in version 2 of the header what was negotiated; the server speaks
// HTTP/2 by that alone. A check of health is HAProxy's own, and says so (LOCAL).
func TestHAProxysHeaderIsRead(t *testing.T) {
	path := testkit.Need(t, "haproxy")
	addr, cert, dir := behindBalancers(t), selfSigned(t), t.TempDir()
	both := filepath.Join(dir, "both.pem")
	var text []byte
	for _, name := range []string{cert.pem, cert.key} {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	config := strings.NewReplacer("CERT", both, "BACKEND", addr).Replace(haproxyConfig)
	file := filepath.Join(dir, "haproxy.cfg")
	for name, text := range map[string][]byte{both: text, file: []byte(config)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at, files := sockets(t)
	c := exec.Command(path, "-db", "-f", file)
	c.ExtraFiles = files
	out := &strings.Builder{}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_ = f.Close()
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it ends by the signal in any case
		if t.Failed() {
			t.Log(out)
		}
	})
	secure := "https://" + strings.Replace(at[tls11.name], "127.0.0.1", "localhost", 1)
	const session = "&{TLSv1.3 TLS_AES_256_GCM_SHA384 false false }"
	wantTold(t, "v2 HTTP/2.0 https FROM alpn=h2 name=localhost tls="+session, "-k", "-4", "--http2", secure)
	wantTold(t, "v2 HTTP/1.1 https FROM alpn=http/1.1 name=localhost tls="+session, "-k", "-4", "--http1.1", secure)
	wantTold(t, "v2 HTTP/1.1 https FROM alpn= name=localhost tls="+session, "-k", "-4", "--no-alpn", secure)
	wantTold(t, "v1 HTTP/1.1 http FROM alpn= name= tls=<nil>", "http://"+at[clear11.name])
}

const haproxyConfig = `
global
	tune.ssl.default-dh-param 2048
defaults
	mode tcp
	timeout connect 5s
	timeout client 30s
	timeout server 30s
listen clear
	bind fd@3
	server paf BACKEND send-proxy
listen secure
	bind fd@4 ssl crt CERT alpn h2,http/1.1
	server paf BACKEND send-proxy-v2 proxy-v2-options ssl,ssl-cipher,cert-cn,authority,crc32c check inter 100ms
`

// TestNginxsHeaderIsRead: nginx forwards the bytes, with version 1 of the header.
func TestNginxsHeaderIsRead(t *testing.T) {
	path, module := testkit.Need(t, "nginx"), "/usr/lib/nginx/modules/ngx_stream_module.so"
	if _, err := os.Stat(module); err != nil {
		testkit.Lacks(t, "%v: conformance/install.sh brings it", err)
	}
	addr, dir := behindBalancers(t), t.TempDir()
	at, files := sockets(t)
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;"
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, `load_module %s; %s daemon off; worker_processes 1; pid %s/pid; error_log stderr error; events {}
stream { server { listen %s; listen %s; proxy_pass %s; proxy_protocol on; } }`, module, user, dir, at[clear11.name], at[tls11.name], addr), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "-p", dir, "-c", file, "-e", "stderr")
	c.Env = append(os.Environ(), "NGINX=3;4;")
	run(t, c, files)
	wantTold(t, "v1 HTTP/1.1 http FROM alpn= name= tls=<nil>", "http://"+at[clear11.name])
	wantTold(t, "v1 HTTP/2.0 http FROM alpn= name= tls=<nil>", "--http2-prior-knowledge", "http://"+at[clear11.name])
}
