// Package tape measures a server alone: requests come from memory, responses go nowhere, and what is left of the cost of an
// exchange is the library's own.
package tape

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/hpack"
)

// Get is a request of HTTP/1 as a load generator sends it.
const Get = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n"

// A Tape is a flow whose peer has sent everything beforehand, and reads whatever comes.
type Tape struct {
	Head []byte // what comes first
	Unit []byte // a request, or several
	// Step makes the next unit of this one, in place. If it is nil all units are the same.
	Step func(unit []byte)

	left  int // units to come
	taken int // bytes of the unit that is being read
}

// HTTP2 returns a tape of requests over HTTP/2, with heads that the dynamic table knows.
func HTTP2() *Tape {
	var enc hpack.Encoder
	block := func() (block []byte) {
		for _, f := range []hpack.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "127.0.0.1:8080"},
			{Name: ":path", Value: "/plaintext"}, {Name: "user-agent", Value: "h2load"}, {Name: "accept", Value: "*/*"}} {
			block = enc.AppendField(block, f)
		}
		return block
	}
	head := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\x00\x00\x00")
	for id := uint32(1); id < 9; id += 2 { // until the encoder has put all into its table
		head = append(head, headers(id, block())...)
	}
	return &Tape{Head: head, Unit: headers(9, block()), Step: func(unit []byte) {
		binary.BigEndian.PutUint32(unit[5:], binary.BigEndian.Uint32(unit[5:])+2)
	}}
}

// headers returns a frame of HEADERS with END_STREAM.
func headers(id uint32, block []byte) []byte {
	return append([]byte{0, 0, byte(len(block)), 1, 5, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, block...)
}

// Serve measures b.N units on one connection.
func (f *Tape) Serve(b *testing.B, protocol paf.Protocol, h paf.Handler) {
	s := &paf.Server{Handler: h, Protocol: protocol, Log: slog.New(slog.DiscardHandler),
		Limits: engine.Limits{Streams: -1, Resets: -1}} // the tape does not wait for answers
	f.left = b.N
	b.ReportAllocs()
	b.ResetTimer()
	err := s.ServeFlow(context.Background(), f)
	b.StopTimer()
	if f.left != 0 {
		b.Fatalf("%d requests are left: %v", f.left, err)
	}
}

// Read implements flow.Flow.
func (f *Tape) Read(p []byte) (n int, err error) {
	if len(f.Head) > 0 {
		n = copy(p, f.Head)
		f.Head = f.Head[n:]
		return n, nil
	}
	for n < len(p) && f.left > 0 {
		m := copy(p[n:], f.Unit[f.taken:])
		n += m
		if f.taken += m; f.taken == len(f.Unit) {
			f.taken = 0
			f.left--
			if f.Step != nil {
				f.Step(f.Unit)
			}
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements flow.Flow.
func (f *Tape) Write(p []byte) (int, error) { return len(p), nil }

// Close implements flow.Flow.
func (f *Tape) Close() error { return nil }
