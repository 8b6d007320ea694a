package flow_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/paf-go/paf/flow"
)

// ends reports whether the flow whose peer is b is still open.
func stillOpen(t *testing.T, a flow.Flow, b io.Reader) bool {
	t.Helper()
	if _, err := a.Write([]byte("x")); err != nil {
		return false
	}
	var p [1]byte
	if _, err := io.ReadFull(b, p[:]); err != nil {
		t.Fatalf("written, but not read: %v", err)
	}
	return true
}

func TestHeldFlowIgnoresEveryCloseUntilReleased(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	for range 3 {
		if err := held.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !stillOpen(t, held, b) {
		t.Fatal("a held flow was closed")
	}
	held.Release()
	if !stillOpen(t, held, b) {
		t.Fatal("Release made up for an ignored Close")
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if stillOpen(t, a, b) {
		t.Fatal("Close after Release did not close")
	}
}

func TestHoldIsAFlagAndNotACounter(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	held.Hold()
	held.Hold()
	held.Release()
	if held.Close(); stillOpen(t, a, b) {
		t.Fatal("one Release did not undo three Holds")
	}
}

func TestHeldFlowCanBeHeldAgain(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	held.Release()
	held.Hold()
	if held.Close(); !stillOpen(t, held, b) {
		t.Fatal("a flow held again was closed")
	}
	held.Unwrap().Close()
}

func TestHeldFlowIgnoresHalfCloses(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	p := flow.PowersOf(held)
	if err := p.CloseWriter.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := p.CloseReader.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if !stillOpen(t, held, b) || !stillOpen(t, b, held) {
		t.Fatal("half of a held flow was closed")
	}
	held.Release()
	if err := p.CloseWriter.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if stillOpen(t, held, b) {
		t.Fatal("CloseWrite after Release did nothing")
	}
	held.Close()
}

// No farewell of TLS goes out while the flow is held.
func TestHeldTLSSaysNoFarewell(t *testing.T) {
	a, b := overTLS(pipe(0))(t)
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	held.Close()
	if !stillOpen(t, held, b) || !stillOpen(t, b, held) {
		t.Fatal("a held TLS flow was closed")
	}
	held.Release()
	held.Close()
	if n, err := b.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("after Release and Close the peer reads %d, %v, want EOF", n, err)
	}
	b.Close()
}

func TestIgnoredCloseIsLoggedAtDebug(t *testing.T) {
	var text bytes.Buffer
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	held.Close()
	if !strings.Contains(text.String(), "level=DEBUG") || !strings.Contains(text.String(), "what=close") {
		t.Errorf("logged %q", text.String())
	}
	text.Reset()
	held.Release()
	if held.Close(); text.Len() > 0 {
		t.Errorf("a real Close logged %q", text.String())
	}
}

func TestHoldFromManyGoroutines(t *testing.T) {
	a, b := flow.Pipe(0)
	defer b.Close()
	held := flow.Hold(a, slog.New(slog.DiscardHandler))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				held.Hold()
				held.Close()
			}
		})
	}
	group.Wait()
	if !stillOpen(t, held, b) {
		t.Fatal("a held flow was closed")
	}
	held.Release()
	held.Close()
}
