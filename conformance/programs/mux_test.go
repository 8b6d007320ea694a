package programs

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestServeMux routes by method, host, wildcard and precedence: the handler sees Pattern and PathValue, the client 404, 405 with Allow, and
// the redirects that ServeMux makes.
func TestServeMux(t *testing.T) {
	each(t, []version{h1, h1s, h2, h2c}, func(t *testing.T, w *world) {
		var mux http.ServeMux
		tell := func(names ...string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, r.Pattern)
				for _, name := range names {
					fmt.Fprintf(w, " %s=%s", name, r.PathValue(name))
				}
			}
		}
		mux.HandleFunc("GET /items/{id}", tell("id"))
		mux.HandleFunc("PUT /items/{id}", tell("id"))
		mux.HandleFunc("GET /items/new", tell())
		mux.HandleFunc("/files/{path...}", tell("path"))
		mux.HandleFunc("/exact/{$}", tell())
		mux.HandleFunc("/tree/", tell())
		mux.HandleFunc("named.test/", tell())
		mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
		mux.Handle("GET /stripped/", http.StripPrefix("/stripped", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.URL.Path, " ", r.RequestURI)
		})))
		mux.Handle("POST /limited", http.MaxBytesHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			}
		}), 10))

		url := w.serve(t, &mux)
		rt := w.transport(t)
		for _, c := range []struct {
			method, path string
			status       int
			content      string
			fields       []string
		}{
			{"GET", "/items/7", 200, "GET /items/{id} id=7", nil},
			{"GET", "/items/a%2Fb%20c", 200, "GET /items/{id} id=a/b c", nil},
			{"HEAD", "/items/7", 200, "", nil},
			{"PUT", "/items/7", 200, "PUT /items/{id} id=7", nil},
			{"GET", "/items/new", 200, "GET /items/new", nil},
			{"DELETE", "/items/7", 405, "Method Not Allowed\n", []string{"Allow: GET, HEAD, PUT"}},
			{"GET", "/echo", 405, "Method Not Allowed\n", []string{"Allow: POST"}},
			{"GET", "/files/a/b/c.txt", 200, "/files/{path...} path=a/b/c.txt", nil},
			{"GET", "/exact/", 200, "/exact/{$}", nil},
			{"GET", "/exact/more", 404, "404 page not found\n", []string{"X-Content-Type-Options: nosniff", "Content-Type: text/plain; charset=utf-8"}},
			{"GET", "/tree?q=1", 307, "...", []string{"Location: /tree/?q=1"}},
			{"GET", "/tree/../items//7", 307, "...", []string{"Location: /items/7"}},
			{"POST", "/echo", 200, "POST", nil},
			{"POST", "/limited", 200, "", nil},
			{"GET", "/stripped/a?b", 200, "/a /stripped/a?b", nil},
			{"CUSTOM", "/tree/x", 200, "/tree/", nil},
			{"OPTIONS", "/tree/x", 200, "/tree/", nil},
		} {
			a := ask(t, rt, c.method, url+c.path, strings.NewReader(c.method), "Content-Type: text/plain")
			a.is(t, c.status, c.content)
			a.has(t, c.fields...)
		}
		ask(t, rt, "POST", url+"/limited", strings.NewReader("more than ten bytes")).is(t, 413, "http: request body too large\n")
		r := request(t, "GET", url+"/any", nil)
		r.Host = "named.test"
		read(t, send(t, rt, r)).is(t, 200, "named.test/")
	})
}
