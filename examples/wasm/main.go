//go:build !js

// Command wasm serves a page on which paf runs in the browser: `go run ./examples/wasm`. README.md tells what it shows.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"

	"github.com/paf-go/paf"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "where to serve the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		slog.Error("wasm", "error", err)
		os.Exit(1)
	}
}

// run builds the module and serves the page until ctx ends.
func run(ctx context.Context, listen string) error {
	ln, err := paf.Listen(ctx, listen) // first: that an address is taken is to be known before a minute has gone
	if err != nil {
		return err
	}
	fmt.Println("Building the module …")
	m, err := build(ctx)
	if err != nil {
		_ = ln.Close()
		return err
	}
	fmt.Printf("It is %d KiB, %d KiB with gzip -9. The page is at http://%s/ (Ctrl-C ends it).\n",
		len(m.wasm)>>10, len(m.gzipped)>>10, reachable(ln.Addr()))
	return server(m).Serve(ctx, ln)
}

// reachable returns an address as a browser on this machine can open it.
func reachable(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(t.Port))
	}
	return a.String()
}
