//go:build wasip1 || unix

// Command wasi serves one connection of HTTP on standard input and output: a program of WASI has neither listeners nor dialers. Whoever
// starts it has a server without any rights, not even that of a socket:
//
//	GOOS=wasip1 GOARCH=wasm go build -o wasi.wasm ./examples/wasi
//	printf 'GET / HTTP/1.1\r\nHost: wasi\r\nConnection: close\r\n\r\n' | wazero run wasi.wasm
//
// README.md tells where to get wazero. HTTP/2 works as well, by prior knowledge. What it has to say apart from HTTP goes to standard error.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf"
)

func main() {
	s := &paf.Server{Handler: paf.HandlerFunc(serve)}
	if err := s.ServeFlow(context.Background(), standard()); err != nil {
		slog.Error("the connection broke off", "error", err)
		os.Exit(1)
	}
}

func serve(w *paf.ResponseWriter, r *paf.Request) {
	switch first, rest, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/"); first {
	case "":
		fmt.Fprintf(w, "Hello from %s/%s, over %s.\n", runtime.GOOS, runtime.GOARCH, r.Protocol)
	case "echo":
		_, _ = io.Copy(w, r.Body)
	case "wait": // a handler that waits delays nobody
		ms, _ := strconv.Atoi(rest)
		time.Sleep(time.Duration(ms) * time.Millisecond)
		fmt.Fprintf(w, "waited %d ms\n", ms)
	default:
		w.WriteHeader(404)
	}
}
