//go:build js

// Command page is what runs in the browser: paf's client in the page, and paf's server in a Web Worker. It is one module of WebAssembly,
// compiled once; its argument says which of the two it is to be.
package main

import (
	"context"
	"log/slog"
	"os"
	"syscall/js"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/examples/wasm/api"
	"github.com/paf-go/paf/web"
)

func main() {
	var err error
	switch os.Args[1] {
	case "worker":
		err = work()
	case "page":
		err = show()
	}
	if err != nil {
		slog.Error("the program has failed", "error", err)
		os.Exit(1)
	}
}

// work serves whoever posts a port to this worker.
func work() error {
	s := &paf.Server{Handler: api.Handler("a Web Worker")}
	ln := web.Listen(js.Global())
	js.Global().Call("postMessage", "ready")
	return s.Serve(context.Background(), ln)
}
