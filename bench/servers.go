package main

//lint:file-ignore SA1019 golang.org/x/net/http2 is a contestant, whatever else one should use.

import (
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/nethttp"
	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
)

// servePaf serves with paf's native handler.
func servePaf(j job, ln net.Listener) error {
	s := &paf.Server{Handler: nativeHandler(j)}
	return s.Serve(context.Background(), ln)
}

// serveBorrower does it with one that gives back what it is given, as fasthttp's and gnet's always have to.
func serveBorrower(j job, ln net.Listener) error {
	s := &paf.Server{Handler: paf.BorrowerFunc(nativeHandler(j))}
	return s.Serve(context.Background(), ln)
}

// nativeHandler is the handler of those who take paf's.
func nativeHandler(j job) paf.HandlerFunc {
	return func(w *paf.ResponseWriter, r *paf.Request) {
		switch r.Path {
		case pathBig:
			f, size, err := openBig(j)
			if err != nil {
				panic(err)
			}
			defer f.Close()
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
			anyDepth(func() { _, _ = w.ReadFrom(f) })
			return
		case pathSink:
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
		case pathHold:
			if w.Flush() != nil {
				return
			}
			fallthrough
		case pathWait:
			<-r.Context().Done()
			return
		case pathToil:
			toil()
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.WriteString(hello)
	}
}

// servePafNetHTTP serves the http.Handler with paf.
func servePafNetHTTP(j job, ln net.Listener) error {
	s := &paf.Server{Handler: nethttp.Handler(stdHandler(j))}
	return s.Serve(context.Background(), ln)
}

// stdHandler is the handler of those that take an http.Handler.
func stdHandler(j job) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case pathBig:
			f, size, err := openBig(j)
			if err != nil {
				panic(err)
			}
			defer f.Close()
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
			anyDepth(func() { _, _ = io.Copy(w, f) }) // as http.ServeContent does
			return
		case pathSink:
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
		case pathHold:
			if http.NewResponseController(w).Flush() != nil {
				return
			}
			fallthrough
		case pathWait:
			<-r.Context().Done()
			return
		case pathToil:
			toil()
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, hello)
	})
}

// anyDepth runs f at a depth of the stack that each process chooses anew. Go's AES-GCM keeps 256 bytes on the stack: where these lie across two pages
// of memory, which is so for one depth in sixteen, it takes half as much time again. A frame more or less in a server would decide whether a download over TLS
// costs a tenth more; so each round takes its chances.
func anyDepth(f func()) { deeper(depth, f) }

var depth = rand.IntN(64)

//go:noinline
func deeper(n int, f func()) {
	var frame [64]byte
	if n == 0 {
		f()
		return
	}
	deeper(n-1, f)
	runtime.KeepAlive(&frame)
}

// serveNetHTTP serves with the standard library.
func serveNetHTTP(j job, ln net.Listener) error {
	s := &http.Server{Protocols: &http.Protocols{}, Handler: stdHandler(j)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s.Serve(ln)
}

// serveXNet serves each connection with the HTTP/2 of golang.org/x/net, without net/http's Server.
func serveXNet(j job, ln net.Listener) error {
	s, h := &http2.Server{MaxConcurrentStreams: uint32(j.Many)}, stdHandler(j) // 0 is its default
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			if t, ok := c.(*tls.Conn); ok && t.Handshake() != nil {
				_ = c.Close()
				return
			}
			s.ServeConn(c, &http2.ServeConnOpts{Handler: h})
		}()
	}
}

// serveFastHTTP serves with fasthttp, which is told to stream bodies: else it would keep them whole.
func serveFastHTTP(j job, ln net.Listener) error {
	s := &fasthttp.Server{
		StreamRequestBody:  true,
		MaxRequestBodySize: 64 << 10, // more than that is streamed
		Handler: func(ctx *fasthttp.RequestCtx) {
			switch string(ctx.Path()) {
			case pathBig:
				f, size, err := openBig(j)
				if err != nil {
					panic(err)
				}
				ctx.SetBodyStream(f, int(size)) // closes it
				return
			case pathSink:
				if _, err := io.Copy(io.Discard, ctx.RequestBodyStream()); err != nil {
					return
				}
			case pathToil:
				toil()
			}
			ctx.SetContentType("text/plain")
			ctx.SetBodyString(hello)
		},
	}
	return s.Serve(ln)
}
