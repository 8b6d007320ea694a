package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paf-go/paf"
	"github.com/valyala/fasthttp"
)

const hello = "Hello, World!"

// A contestant is a server that takes part: serve runs in this program, command is a program's.
type contestant struct {
	name    string
	works   string // "h1", "h2", or both
	serve   func(net.Listener) error
	command func(dir, port string) (args []string, err error)
}

// contestants are the servers that take part, the floor first.
var contestants = []contestant{
	{"floor", "h1", serveFloor, nil},
	{"paf", "h1 h2", servePaf, nil},
	{"fasthttp", "h1", serveFastHTTP, nil},
	{"net/http", "h1 h2", serveNetHTTP, nil},
	{"nghttpd", "h2", nil, nghttpd},
	{"h2o", "h2", nil, h2o},
}

// chosen returns the names of the contestants that take part in a work.
func chosen(work, only string) (names []string) {
	wanted := strings.Split(only, ",")
	for _, c := range contestants {
		if (only == "" || slices.Contains(wanted, c.name)) && strings.Contains(c.works, work[:2]) {
			names = append(names, c.name)
		}
	}
	return names
}

// serveContestant listens, prints the address and serves until it is killed.
func serveContestant(name string) error {
	for _, c := range contestants {
		if c.name == name {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			fmt.Println(ln.Addr())
			return c.serve(ln)
		}
	}
	return fmt.Errorf("bench: no contestant is named %q", name)
}

func servePaf(ln net.Listener) error {
	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, _ *paf.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.WriteString(hello)
	})}
	return s.Serve(context.Background(), ln)
}

func serveNetHTTP(ln net.Listener) error {
	s := &http.Server{Protocols: &http.Protocols{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(hello))
	})}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s.Serve(ln)
}

// site makes a directory with the answer as a file.
func site() (string, error) {
	dir := filepath.Join(os.TempDir(), "paf-bench-site")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "index.html"), []byte(hello), 0o644)
}

func nghttpd(dir, port string) ([]string, error) {
	return []string{"--no-tls", "-n1", "-d", dir, port}, nil
}

func h2o(dir, port string) ([]string, error) {
	config := filepath.Join(dir, "h2o.conf")
	text := fmt.Sprintf("listen:\n  host: 127.0.0.1\n  port: %s\nnum-threads: 1\nhosts:\n  default:\n    paths:\n      /:\n        file.dir: %s\n", port, dir)
	return []string{"-c", config}, os.WriteFile(config, []byte(text), 0o644)
}

func serveFastHTTP(ln net.Listener) error {
	return fasthttp.Serve(ln, func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("text/plain")
		ctx.SetBodyString(hello)
	})
}

// serveFloor is what no server can beat: it looks for the ends of heads and
// answers each with the same bytes, in one write a read.
func serveFloor(ln net.Listener) error {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 13\r\n\r\n" + hello)
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			in := make([]byte, 16<<10)
			var out []byte
			for {
				n, err := c.Read(in)
				if err != nil {
					return
				}
				out = out[:0]
				for range bytes.Count(in[:n], []byte("\r\n\r\n")) {
					out = append(out, answer...)
				}
				if _, err := c.Write(out); err != nil {
					return
				}
			}
		}()
	}
}
