//go:build !js

package main

import (
	"embed"
	"fmt"
	"path"
	"strconv"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/examples/wasm/api"
	"github.com/paf-go/paf/web"
)

//go:embed site
var site embed.FS

// server serves the page, and flows at /flow.
func server(m *module) *paf.Server {
	flows := &web.Handler{Server: &paf.Server{Handler: api.Handler("a Go server")}}
	return &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		switch r.Path {
		case "/flow":
			flows.Serve(w, r)
		case "/wasm_exec.js":
			send(w, "text/javascript", m.exec)
		case "/paf.wasm":
			w.Header().Set("Content-Encoding", "gzip") // as every browser takes it that has WebAssembly
			send(w, "application/wasm", m.gzipped)
		case "/module.json":
			send(w, "application/json", fmt.Appendf(nil, `{"bytes": %d, "gzip": %d}`, len(m.wasm), len(m.gzipped)))
		default:
			file(w, r.Path)
		}
	})}
}

// file sends a file of the site.
func file(w *paf.ResponseWriter, name string) {
	if name == "/" {
		name = "/index.html"
	}
	text, err := site.ReadFile("site" + path.Clean(name))
	if err != nil {
		w.WriteHeader(404)
		return
	}
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	send(w, kinds[path.Ext(name)], text)
}

func send(w *paf.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content)
}
