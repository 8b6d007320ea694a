package paf_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest"
)

// A tunnel whose other end resets it tells so by its context, on either side, though nobody reads.
func TestAResetEndsTheContextOfATunnel(t *testing.T) {
	for _, k := range kinds {
		if k.protocol != paf.HTTP2 {
			continue // there only Read and Write find out
		}
		for _, side := range []string{"client", "server"} {
			t.Run(k.name+" "+side, func(t *testing.T) {
				ln, dial := grounds["pipe"](t)
				near, far := dig(t, k, ln, dial).open(t)
				if side == "server" {
					near, far = far, near
				}
				_ = far.Reset()
				select {
				case <-near.Context().Done():
				case <-time.After(5 * time.Second):
					t.Error("the context goes on")
				}
				if err := context.Cause(near.Context()); !errors.Is(err, paf.ErrPeerGone) {
					t.Errorf("told %v", err)
				}
				_ = near.Close()
			})
		}
	}
}

// A tunnel that is granted while its stream ends is told so, too: whoever waits for its context does not wait for ever.
func TestATunnelThatIsGrantedToNobodyIsTold(t *testing.T) {
	granted := make(chan *paf.Tunnel, 1)
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		tunnel, err := w.Tunnel()
		if err != nil {
			t.Error(err)
		}
		granted <- tunnel
	})
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		granted = make(chan *paf.Tunnel, 1)
		near, far := flow.Pipe(1) // so that what the server says waits until it is read
		done := make(chan error, 1)
		go func() { done <- s.ServeFlow(t.Context(), far) }()
		_, _ = io.WriteString(near, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
		_ = near.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.Copy(io.Discard, near) // what it says first
		_ = near.SetReadDeadline(time.Time{})
		go func() {
			_, _ = io.WriteString(near, "\x00\x00\x13\x01\x04\x00\x00\x00\x01\x02\x07CONNECT\x41\x08x.test:1") // :method, :authority
			_, _ = io.WriteString(near, "\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08")                // RST_STREAM
		}()
		synctest.Wait()
		if len(granted) > 0 {
			t.Fatal("the response did not have to wait")
		}
		go func() { _, _ = io.Copy(io.Discard, near) }()
		tunnel := <-granted
		if tunnel == nil {
			return
		}
		synctest.Wait()
		if err := context.Cause(tunnel.Context()); !errors.Is(err, paf.ErrPeerGone) {
			t.Errorf("told %v", err)
		}
		_ = tunnel.Close()
		_ = near.Close()
		<-done
	})
}
