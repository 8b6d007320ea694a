package nethttp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/nethttp"
)

// A service of net/http on paf's server, asked by an http.Client on paf's client.
func Example() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s!", r.PathValue("name"))
	})
	s := nethttp.Server(&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, ln) }()

	transport := &nethttp.Transport{MaxIdleConnsPerHost: 64}
	client := &http.Client{Transport: transport}
	resp, err := client.Get("http://" + ln.Addr().String() + "/hello/paf")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Println(resp.Status, string(body))

	transport.Close()
	cancel()
	fmt.Println(<-done)
	// Output:
	// 200 OK Hello, paf!
	// <nil>
}

// A handler of net/http beside others on a paf.Server of one's own.
func ExampleHandler() {
	files := nethttp.Handler(http.FileServer(http.Dir("public")))
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/health" {
			_, _ = w.WriteString("well")
			return
		}
		files.Serve(w, r)
	})}
	_ = s
}
