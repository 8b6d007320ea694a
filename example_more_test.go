package paf_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/internal/selfsigned"
	"github.com/paf-go/paf/mimic"
)

// selfSigned makes a certificate for localhost that vouches for itself, and the pool of a client that trusts it.
func selfSigned() (tls.Certificate, *x509.CertPool) { return selfsigned.New("localhost") }

// HTTPS, and HTTP/2 for those who know it. ListenAndServeTLS does the same at an address, with a certificate from files; Serve takes a
// listener of any other TLS, which then has to offer "h2" itself. The client trusts a certificate of one's own by [paf.TLSConfig].
func ExampleServer_ServeTLS() {
	cert, pool := selfSigned()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &paf.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
		Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			fmt.Fprintf(w, "%s over %s", r.Scheme, r.Protocol)
		}),
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.ServeTLS(ctx, ln, "", "") }()

	c := paf.Client{Context: mimic.Add(mimic.Context{}, paf.TLSConfig, &tls.Config{RootCAs: pool})}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	resp, err := c.Get(ctx, "https://localhost:"+port+"/")
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(os.Stdout, resp.Body)
	resp.Body.Close()

	c.Close()
	stop()
	<-done
	// Output: https over HTTP/2.0
}

// Trailers: fields that are known only when the content has been. A client sets them while its Body is read, a handler
// until it returns.
func ExampleRequest_trailer() {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Trailer().Set("Received", fmt.Sprint(n))
		fmt.Fprintf(w, "checksum %s", r.Trailer.Get("Checksum")) // there is one once Body has been read
	})}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ln, err := paf.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = s.Serve(ctx, ln) }()

	c := paf.Client{Protocol: paf.HTTP2}
	defer c.Close()
	var trailer paf.Fields
	trailer.Set("Checksum", "4711")
	r, err := paf.NewRequest("POST", "http://"+ln.Addr().String(), strings.NewReader("content"))
	if err != nil {
		panic(err)
	}
	r.Trailer, r.Length = &trailer, -1 // content whose length is declared ends with it, and has no trailer
	resp, err := c.Do(ctx, r)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	fmt.Printf(", received %s\n", resp.Trailer.Get("Received"))
	// Output: checksum 4711, received 7
}

// Limits are named, have safe defaults, and answer for themselves: what is too long gets its status.
func ExampleServer_limits() {
	s := &paf.Server{
		Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.Copy(w, r.Body) }),
		Limits:  engine.Limits{ContentBytes: 1 << 20, HeadTimeout: 5 * time.Second},
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ln, err := paf.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = s.Serve(ctx, ln) }()

	var c paf.Client
	defer c.Close()
	r, err := paf.NewRequest("POST", "http://"+ln.Addr().String(), strings.NewReader(strings.Repeat("x", 2<<20)))
	if err != nil {
		panic(err)
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	fmt.Println(resp.Status, paf.StatusText(resp.Status))
	// Output: 413 Content Too Large
}

// Shutdown, or the end of Serve's context, lets what is in flight finish; the context given to Shutdown says for how long.
func ExampleServer_Shutdown() {
	begun, finish := make(chan struct{}), make(chan struct{})
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		close(begun)
		<-finish
		_, _ = w.WriteString("finished all the same")
	})}
	ln, err := paf.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(context.Background(), ln) }()

	var c paf.Client
	defer c.Close()
	go func() {
		<-begun
		go func() { close(finish) }()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			fmt.Println("cut off:", err)
		}
	}()
	resp, err := c.Get(context.Background(), "http://"+ln.Addr().String())
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(os.Stdout, resp.Body)
	resp.Body.Close()
	fmt.Println(";", <-done)
	// Output: finished all the same; <nil>
}

// A server at a Unix socket, and a client that goes there for every URL.
func ExampleClient_unix() {
	dir, err := os.MkdirTemp("", "paf")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "%s at a socket", r.Authority)
	})}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ln, err := paf.Listen(ctx, "unix:"+path)
	if err != nil {
		panic(err)
	}
	go func() { _ = s.Serve(ctx, ln) }()

	c := paf.Client{Context: mimic.Add(mimic.Context{}, paf.Unix, path)}
	defer c.Close()
	resp, err := c.Get(ctx, "http://api.example/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: api.example at a socket
}
