package paf_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A server on a listener, and a client. Ending the context stops the server.
func Example() {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "You asked for %s.", r.Path)
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, ln) }()

	var c paf.Client
	resp, err := c.Get(ctx, "http://"+ln.Addr().String()+"/the/moon")
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(os.Stdout, resp.Body)
	resp.Body.Close()

	c.Close()
	stop()
	fmt.Println(" Stopped:", <-done)
	// Output: You asked for /the/moon. Stopped: <nil>
}

// One connection over a flow of one's own: here a pipe in memory.
func ExampleServer_ServeFlow() {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("over a pipe")
	})}
	here, there := flow.Pipe(0)
	go func() {
		fmt.Fprintf(here, "GET / HTTP/1.1\r\nHost: pipe\r\nConnection: close\r\n\r\n")
		_, _ = io.Copy(io.Discard, here)
		here.Close()
	}()
	fmt.Println(s.ServeFlow(context.Background(), there))
	// Output: <nil>
}

// A protocol of one's own takes ten lines: every URL is reached over it.
func ExampleClient_context() {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "%s says hello", r.Authority)
	})}
	pipe := mimic.Register("pipe", mimic.NoPriority,
		func(ctx context.Context, s *paf.Server) (flow.Flow, error) {
			here, there := flow.Pipe(0)
			go func() { _ = s.ServeFlow(context.Background(), there) }()
			return here, nil
		})
	c := paf.Client{Context: mimic.Add(mimic.Context{}, pipe, s)}
	defer c.Close()

	resp, err := c.Get(context.Background(), "http://nowhere.example/")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body)
	// Output: nowhere.example says hello
}

// Streaming: each Flush sends what there is.
func ExampleResponseWriter_Flush() {
	_ = paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			if err := w.Flush(); err != nil {
				return // the client has gone
			}
		}
	})
}
