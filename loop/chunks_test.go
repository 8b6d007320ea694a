package loop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h2"
)

// Frames of any size, read with any buffer, arrive whole and in order, whether they find a reader that waits or the queue.
func TestContentOfAStreamArrivesWhole(t *testing.T) {
	const total = 4 << 20
	for _, size := range []int{1 << 10, 8 << 10, 32 << 10, 100 << 10} {
		for _, frame := range []int{1 << 10, 16 << 10} {
			s := &summing{sum: sha256.New(), size: size}
			want := uploadFrames(s, total, frame)
			if s.err != io.EOF || !bytes.Equal(s.sum.Sum(nil), want) {
				t.Errorf("buffer %d, frames of %d: %v, or another digest", size, frame, s.err)
			}
		}
	}
}

// uploadFrames sends total bytes in frames and returns their digest.
func uploadFrames(h Handler, total, frame int) (digest []byte) {
	var wire bytes.Buffer
	put := func(kind, flags byte, stream uint32, payload []byte) {
		head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
		wire.Write(append(binary.BigEndian.AppendUint32(append(head, flags), stream), payload...))
	}
	wire.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	put(4, 0, 0, nil)                                    // SETTINGS
	put(4, 1, 0, nil)                                    // its acknowledgement
	put(1, 4, 1, []byte{0x83, 0x86, 0x84, 0x41, 1, 'a'}) // HEADERS: POST http / a
	sum := sha256.New()
	for sent, part := 0, make([]byte, frame); sent < total; sent += frame {
		part[sent/frame%frame]++
		sum.Write(part)
		put(0, 0, 1, part)
	}
	put(0, 1, 1, nil) // END_STREAM

	near, far := flow.Pipe(0)
	done := make(chan struct{})
	g := NewGroup(Config{})
	defer func() { _ = g.Shutdown(context.Background()) }()
	go func() {
		defer close(done)
		_ = g.ServeFlow(context.Background(), far, h2.NewServer(engine.Limits{Window: 8 * total}, g.Now()), h)
	}()
	go func() { _, _ = near.Write(wire.Bytes()) }()
	answer := make([]byte, 4<<10)
	for got := 0; !bytes.Contains(answer[:got], []byte{1, 5, 0, 0, 0, 1, 0x88}); { // HEADERS: 200
		n, err := near.Read(answer[got:])
		if got += n; err != nil {
			break
		}
	}
	_ = near.Close()
	<-done
	return sum.Sum(nil)
}
