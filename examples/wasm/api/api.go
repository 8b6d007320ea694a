// Package api is what the example serves: the same in a Web Worker as on a machine.
package api

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf"
)

// Handler answers as somebody with a name.
func Handler(name string) paf.Handler {
	return paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		switch first, rest, _ := strings.Cut(strings.TrimPrefix(r.Path, "/"), "/"); first {
		case "hello":
			fmt.Fprintf(w, "Hello, this is paf in %s.\n", name)
		case "echo":
			_, _ = io.Copy(w, r.Body)
		case "stream":
			stream(w, rest)
		case "events":
			events(w, r)
		case "square":
			square(w, rest)
		default:
			w.WriteHeader(404)
		}
	})
}

// square takes a little while, so that others are under way meanwhile.
func square(w *paf.ResponseWriter, number string) {
	n, err := strconv.Atoi(number)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	time.Sleep(20 * time.Millisecond)
	fmt.Fprintln(w, n*n)
}

// stream sends Noise, as many bytes as are asked for, in pieces that are sent as they are made.
func stream(w *paf.ResponseWriter, number string) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	src, piece := Noise(n), make([]byte, 32<<10)
	for {
		n, err := src.Read(piece)
		if n == 0 || err != nil {
			return
		}
		if _, err := w.Write(piece[:n]); err != nil {
			return
		}
		if w.Flush() != nil {
			return
		}
	}
}

// events sends five events, one each 30 ms.
func events(w *paf.ResponseWriter, r *paf.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range 5 {
		fmt.Fprintf(w, "id: %d\ndata: event %d\n\n", i, i)
		if w.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Noise returns n bytes, always the same.
func Noise(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{'p', 'a', 'f'}), n)
}
