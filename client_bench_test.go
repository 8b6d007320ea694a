package paf_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
)

// An answering is a flow whose peer answers each request at once, with what was laid out beforehand: what is left of the
// cost of an exchange is the library's own.
type answering struct {
	answer func(request []byte) []byte // what the peer says to what was written

	mu     sync.Mutex
	cond   sync.Cond
	input  bytes.Buffer
	closed bool
	writes atomic.Int64
}

func (f *answering) Write(p []byte) (int, error) {
	f.writes.Add(1)
	f.mu.Lock()
	f.input.Write(f.answer(p))
	f.mu.Unlock()
	f.cond.Signal()
	return len(p), nil
}

func (f *answering) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.input.Len() == 0 && !f.closed {
		f.cond.Wait()
	}
	if f.closed {
		return 0, io.EOF
	}
	return f.input.Read(p)
}

func (f *answering) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cond.Broadcast()
	return nil
}

var answered = mimic.Register("answering", mimic.NoPriority, func(_ context.Context, open func() flow.Flow) (flow.Flow, error) {
	return open(), nil
})

// callAnswering measures b.N exchanges by so many goroutines.
func callAnswering(b *testing.B, callers int, protocol paf.Protocol, open func() flow.Flow) {
	c := &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, answered, open), Limits: engine.Limits{Streams: callers}}
	defer c.Close()
	call := func(r *paf.Request) error {
		resp, err := c.Do(context.Background(), r)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if n != int64(len(helloWorld)) {
			err = errors.Join(err, io.ErrUnexpectedEOF)
		}
		return errors.Join(err, resp.Body.Close())
	}
	var left atomic.Int64
	run := func(n int) {
		left.Store(int64(n))
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				r, err := paf.NewRequest("GET", "http://127.0.0.1:8080/", nil)
				for err == nil && left.Add(-1) >= 0 {
					err = call(r)
				}
				if err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
	run(10 * callers)
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.StopTimer()
}

// BenchmarkClientHTTP1 is an exchange of a client with a server on loopback that only reads and writes, the cost of both and of the
// system's calls included.
func BenchmarkClientHTTP1(b *testing.B) {
	said := []byte("HTTP/1.1 200 OK\r\nDate: Fri, 21 Nov 2025 08:17:22 GMT\r\nConnection: keep-alive\r\nContent-Length: 13\r\nServer: h2o/2.2.5\r\nContent-Type: text/html\r\n" +
		"Last-Modified: Fri, 21 Nov 2025 08:17:22 GMT\r\nETag: \"69202b72-d\"\r\nAccept-Ranges: bytes\r\n\r\nHello, World!")
	ln := testkit.Listen(b)
	var all sync.WaitGroup
	defer all.Wait()
	defer ln.Close()
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				for buf := make([]byte, 4<<10); ; {
					if _, err := c.Read(buf); err != nil {
						return
					}
					_, _ = c.Write(said)
				}
			})
		}
	})
	callAnswering(b, 64, paf.HTTP11, func() flow.Flow {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		return flow.Conn(c)
	})
}

// BenchmarkClientHTTP2 is an exchange of a client with 256 in flight on one connection.
func BenchmarkClientHTTP2(b *testing.B) {
	var enc hpack.Encoder
	block := func() (block []byte) {
		for _, f := range []hpack.Field{{Name: ":status", Value: "200"}, {Name: "server", Value: "h2o/2.2.5"}, {Name: "date", Value: "Fri, 21 Nov 2025 08:17:22 GMT"}, {Name: "content-type", Value: "text/html"},
			{Name: "last-modified", Value: "Fri, 21 Nov 2025 08:17:22 GMT"}, {Name: "etag", Value: `"69202b72-d"`}, {Name: "accept-ranges", Value: "bytes"}, {Name: "content-length", Value: "13"}} {
			block = enc.AppendField(block, f)
		}
		return block
	}
	blocks := [][]byte{block(), block(), block(), block()} // until the encoder has put all into its table
	var f *answering
	var requests int64
	callAnswering(b, 256, paf.HTTP2, func() flow.Flow {
		f = &answering{}
		f.cond.L = &f.mu
		var pending, out []byte
		answers := 0
		f.input.WriteString("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x01\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00") // 256 streams; ack
		f.answer = func(p []byte) []byte {
			pending, out = append(pending, bytes.TrimPrefix(p, []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))...), out[:0]
			for len(pending) >= 9 {
				size := 9 + int(binary.BigEndian.Uint32(pending)>>8)
				if len(pending) < size {
					break
				}
				if pending[3] == 1 {
					requests++
					head := blocks[min(answers, len(blocks)-1)]
					answers++
					out = append(append(append(out, 0, 0, byte(len(head)), 1, 4), pending[5:9]...), head...)
					out = append(append(append(out, 0, 0, byte(len(helloWorld)), 0, 1), pending[5:9]...), helloWorld...)
				}
				pending = pending[size:]
			}
			return out
		}
		return f
	})
	b.ReportMetric(float64(requests)/float64(f.writes.Load()), "requests/write")
}
