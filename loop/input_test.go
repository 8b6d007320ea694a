package loop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"runtime"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

// summing is a handler that reads content with a buffer of its own size.
type summing struct {
	sum  hash.Hash
	size int
	err  error
}

func (s *summing) Serve(x Exchange, head *semantics.Request, length int64) {
	buf := make([]byte, s.size)
	for s.err == nil {
		var n int
		n, s.err = x.Read(buf)
		s.sum.Write(buf[:n])
	}
	_ = x.Respond(&semantics.Response{Status: 200}, 0)
	_ = x.End(nil)
}

func (s *summing) Fault(Exchange, *semantics.Request, *engine.Error) {}

// Chunks of any size, read with any buffer, arrive whole, and the memory for them is
// used again: what is allocated does not grow with the content.
func TestChunkedContentIsReadWithoutGarbage(t *testing.T) {
	const total = 4 << 20
	for _, size := range []int{1 << 10, 8 << 10, 32 << 10, 100 << 10} {
		for _, chunk := range []int{700, 32 << 10, 1 << 20} {
			s := &summing{sum: sha256.New(), size: size}
			want, garbage := upload(s, total, chunk)
			if s.err != io.EOF || !bytes.Equal(s.sum.Sum(nil), want) {
				t.Errorf("buffer %d, chunks of %d: %v, or another digest", size, chunk, s.err)
			}
			if garbage > 1<<20 {
				t.Errorf("buffer %d, chunks of %d: %d KiB allocated for %d KiB", size, chunk, garbage>>10, total>>10)
			}
		}
	}
}

// upload sends total bytes in chunks and returns their digest and how much was allocated meanwhile.
func upload(h Handler, total, chunk int) (digest []byte, allocated uint64) {
	var wire bytes.Buffer
	wire.WriteString("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
	sum := sha256.New()
	for sent, part := 0, make([]byte, chunk); sent < total; sent += chunk {
		part[sent/chunk%chunk]++
		sum.Write(part)
		fmt.Fprintf(&wire, "%x\r\n%s\r\n", chunk, part)
	}
	wire.WriteString("0\r\n\r\n")

	near, far := flow.Pipe(0)
	done := make(chan struct{})
	g := NewGroup(Config{})
	defer func() { _ = g.Shutdown(context.Background()) }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() {
		defer close(done)
		_ = g.ServeFlow(context.Background(), far, h1.NewServer(engine.Limits{}, g.Now()), h)
	}()
	_, _ = near.Write(wire.Bytes())
	_, _ = io.ReadAll(near)
	_ = near.Close()
	<-done
	runtime.ReadMemStats(&after)
	return sum.Sum(nil), after.TotalAlloc - before.TotalAlloc
}
