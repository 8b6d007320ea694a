package proxy_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/proxy"
)

// run serves h at a port of this machine, until stop is called.
func run(h paf.Handler) (at string, stop func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := &paf.Server{Handler: h, ExtendedConnect: true, TrustScheme: true, Log: quiet()}
	go func() { done <- s.Serve(ctx, ln) }()
	return ln.Addr().String(), func() { cancel(); <-done }
}

func ask(c *paf.Client, url string) {
	resp, err := c.Get(context.Background(), url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(text))
}

// A gateway in front of a server, which is told of the client.
func ExampleReverse() {
	upstream, stop := run(paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("for " + r.Header.Get("X-Forwarded-For"))
	}))
	defer stop()
	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://" + upstream}}}
	defer r.Close()
	at, stop := run(r) // by a paf.Server with ExtendedConnect
	defer stop()
	c := &paf.Client{}
	defer c.Close()
	ask(c, "http://"+at+"/")
	// Output: 200 for 127.0.0.1
}

// A forward proxy that asks who wants to be led where, and a client that is led to a server of https by it.
func ExampleForward() {
	far := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	defer far.Close()
	rule, err := proxy.ParseRule("127.0.0.1") // a private address, to which a rule of its own leads
	if err != nil {
		panic(err)
	}
	f := &proxy.Forward{
		Access:       proxy.Access{Allow: []proxy.Rule{rule}},
		Authenticate: func(_ context.Context, name, password string) bool { return name == "me" && password == "secret" },
	}
	defer f.Close()
	at, stop := run(f) // by a paf.Server with TrustScheme
	defer stop()

	chain, err := proxy.Through(mimic.Context{}, "http://me:secret@"+at)
	if err != nil {
		panic(err)
	}
	defer chain.Close()
	trust := far.Client().Transport.(*http.Transport).TLSClientConfig
	c := &paf.Client{Context: mimic.Add(chain.Context(), paf.TLSConfig, trust)}
	defer c.Close()
	ask(c, far.URL)
	// Output: 200 hello
}

// What is trusted of the proxies and what is trusted of the servers behind them are two configurations.
func ExampleThrough() {
	proxies := mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{ServerName: "proxy.example"})
	chain, err := proxy.Through(proxies, "https://me:secret@192.0.2.1:3128")
	if err != nil {
		panic(err)
	}
	defer chain.Close()
	servers := mimic.Add(chain.Context(), paf.TLSConfig, &tls.Config{MinVersion: tls.VersionTLS13})
	c := &paf.Client{Context: servers}
	defer c.Close()
}
