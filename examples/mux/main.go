// Mux carries many HTTP connections as the streams of one connection. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/mimic"
	"github.com/xtaci/smux"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mux:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: mux serve | mux get [-to ADDR] [-n REQUESTS]")
	}
	flags := flag.NewFlagSet("mux "+args[0], flag.ContinueOnError)
	switch args[0] {
	case "serve":
		addr := flags.String("listen", "127.0.0.1:2080", "where to listen")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serve(ctx, *addr, out)
	case "get":
		addr := flags.String("to", "127.0.0.1:2080", "where the server listens")
		n := flags.Int("n", 10, "how many requests to send at once")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return get(ctx, *addr, *n, out)
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// serve answers HTTP in the streams of all connections, until ctx ends.
func serve(ctx context.Context, addr string, out io.Writer) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	fmt.Fprintf(out, "go run ./examples/mux get -to %s\n", ln.Addr())
	server := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		fmt.Fprintf(w, "You asked for %s.\n", r.Path)
	})}
	var sessions sync.WaitGroup
	for {
		c, err := ln.Accept()
		if err != nil {
			sessions.Wait()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		sessions.Go(func() {
			s, err := smux.Server(whole{c}, settings())
			if err != nil {
				_ = c.Close()
				return
			}
			_ = server.Serve(ctx, newListener(s)) // its error is that the client has gone
			_ = s.Close()
		})
	}
}

// overMux opens a stream of a session: a user's own protocol, whose endpoint is the session.
var overMux = mimic.Register("mux", 0, func(_ context.Context, s *smux.Session) (*stream, error) {
	inner, err := s.OpenStream()
	if err != nil {
		return nil, err
	}
	return newStream(inner), nil
})

// get sends n requests at once, through one connection.
func get(ctx context.Context, addr string, n int, out io.Writer) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	s, err := smux.Client(whole{c}, settings())
	if err != nil {
		_ = c.Close()
		return err
	}
	defer s.Close()
	client := &paf.Client{Context: mimic.Add(mimic.Context{}, overMux, s)}
	defer client.Close()

	contents, failures := make([]string, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			resp, err := client.Get(ctx, fmt.Sprintf("http://mux/%d", i))
			if err != nil {
				failures[i] = err
				return
			}
			defer resp.Body.Close()
			content, err := io.ReadAll(resp.Body)
			contents[i], failures[i] = string(content), err
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s%d requests, %d connections, 1 of TCP\n", strings.Join(contents, ""), n, client.Stats().Opened)
	return err
}
