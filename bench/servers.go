package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/paf-go/paf"
	"github.com/valyala/fasthttp"
)

const hello = "Hello, World!"

// contestants are the servers that take part, the floor first.
var contestants = []struct {
	name  string
	serve func(net.Listener) error
}{
	{"floor", serveFloor},
	{"paf", servePaf},
	{"fasthttp", serveFastHTTP},
	{"net/http", serveNetHTTP},
}

// chosen returns the names of the contestants that take part.
func chosen(only string) (names []string) {
	wanted := strings.Split(only, ",")
	for _, c := range contestants {
		if only == "" || slices.Contains(wanted, c.name) {
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
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(hello))
	}))
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
