package flowtest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

func faulty(faults flowtest.Faults) (*flowtest.FaultyFlow, *flow.PipeEnd) {
	a, b := flow.Pipe(0)
	return flowtest.Faulty(a, faults), b
}

func TestReadsReturnNoMoreThanReadMax(t *testing.T) {
	f, peer := faulty(flowtest.Faults{ReadMax: 3})
	defer peer.Close()
	defer f.Close()
	io.WriteString(peer, "1234567")
	p := make([]byte, 100)
	for _, want := range []string{"123", "456", "7"} {
		if n, err := f.Read(p); err != nil || string(p[:n]) != want {
			t.Errorf("read %q, %v, want %q", p[:n], err, want)
		}
	}
}

func TestWritesPassInPiecesOfWriteMax(t *testing.T) {
	a, b := net.Pipe() // has no buffer: a Read sees one piece
	f := flowtest.Faulty(a, flowtest.Faults{WriteMax: 3})
	defer b.Close()
	defer f.Close()
	go io.WriteString(f, "1234567")
	p := make([]byte, 100)
	for _, want := range []string{"123", "456", "7"} {
		if n, err := b.Read(p); err != nil || string(p[:n]) != want {
			t.Errorf("read %q, %v, want %q", p[:n], err, want)
		}
	}
}

func TestWriteIsCutShortAtTheOffset(t *testing.T) {
	for _, c := range []struct {
		at   int64
		n, m int // of two writes of 4 bytes
	}{{0, 0, 0}, {3, 3, 0}, {4, 4, 0}, {6, 4, 2}} {
		f, peer := faulty(flowtest.Faults{Write: []flowtest.Fault{{At: c.at, Err: io.ErrShortWrite}}})
		n, err1 := f.Write([]byte("1234"))
		m, err2 := f.Write([]byte("5678"))
		if n != c.n || m != c.m || err2 != io.ErrShortWrite || (err1 != nil) != (c.n < 4) {
			t.Errorf("at %d: %d, %v and %d, %v", c.at, n, err1, m, err2)
		}
		f.Close()
		if got, err := io.ReadAll(peer); err != nil || string(got) != "12345678"[:c.at] {
			t.Errorf("at %d: the peer got %q, %v", c.at, got, err)
		}
		peer.Close()
	}
}

func TestReadFailsAtTheOffsetForEver(t *testing.T) {
	broken := errors.New("broken")
	f, peer := faulty(flowtest.Faults{Read: []flowtest.Fault{{At: 3, Err: broken}}})
	defer peer.Close()
	defer f.Close()
	io.WriteString(peer, "1234567")
	p := make([]byte, 100)
	if n, err := f.Read(p); n != 3 || err != nil {
		t.Errorf("read %d, %v, want 3", n, err)
	}
	for range 2 {
		if n, err := f.Read(p); n != 0 || err != broken {
			t.Errorf("read %d, %v, want the error", n, err)
		}
	}
	if _, err := f.Write(p); err != nil {
		t.Errorf("the other direction: %v", err)
	}
}

func TestResetReachesBothEnds(t *testing.T) {
	for name, open := range map[string]func() (flow.Flow, flow.Flow){
		"pipe": func() (flow.Flow, flow.Flow) { return flow.Pipe(0) },
		"tcp":  func() (flow.Flow, flow.Flow) { return tcp(t) },
	} {
		a, b := open()
		f := flowtest.Faulty(a, flowtest.Faults{Write: []flowtest.Fault{{At: 3, Reset: true}}})
		if n, err := f.Write([]byte("1234")); n != 3 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: Write returned %d, %v, want 3 and a reset", name, n, err)
		}
		if _, err := f.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: Read returned %v, want a reset", name, err)
		}
		if _, err := io.ReadAll(b); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the peer reads %v, want a reset", name, err)
		}
		f.Close()
		b.Close()
	}
}

func TestResetBehindTheLastByteReachesThePeerAtOnce(t *testing.T) {
	f, peer := faulty(flowtest.Faults{Write: []flowtest.Fault{{At: 4, Reset: true}}})
	if n, err := f.Write([]byte("1234")); n != 4 || err != nil {
		t.Errorf("Write returned %d, %v", n, err)
	}
	if _, err := peer.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer writes %v, want a reset", err)
	}
	f.Close()
	peer.Close()
}

func tcp(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestStallLastsAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f, peer := faulty(flowtest.Faults{
			Read:  []flowtest.Fault{{At: 2, Stall: time.Minute}},
			Write: []flowtest.Fault{{At: 1, Until: release}},
		})
		io.WriteString(peer, "1234")
		start := time.Now()
		if _, err := io.ReadFull(f, make([]byte, 4)); err != nil || time.Since(start) != time.Minute {
			t.Errorf("read after %v, %v, want a minute", time.Since(start), err)
		}
		time.AfterFunc(time.Hour, func() { close(release) })
		if _, err := f.Write([]byte("12")); err != nil || time.Since(start) != time.Minute+time.Hour {
			t.Errorf("written after %v, %v, want an hour more", time.Since(start), err)
		}
		f.Close()
		peer.Close()
	})
}

func TestDeadlineAndCloseInterruptAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, peer := faulty(flowtest.Faults{Read: []flowtest.Fault{{Stall: time.Hour}}})
		io.WriteString(peer, "1")
		start := time.Now()
		p := make([]byte, 1)
		for _, wait := range []time.Duration{time.Second, -time.Second, 2 * time.Second} {
			start := time.Now()
			f.SetReadDeadline(start.Add(wait))
			if _, err := f.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != max(wait, 0) {
				t.Errorf("read failed after %v with %v, want a deadline after %v", time.Since(start), err, wait)
			}
		}
		f.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { f.Close() })
		if _, err := f.Read(p); !errors.Is(err, net.ErrClosed) || time.Since(start) != 4*time.Second {
			t.Errorf("read failed after %v with %v, want net.ErrClosed after 4 s", time.Since(start), err)
		}
		peer.Close()
	})
}

func TestFaultyFlowHasOnlyPowersThatMeetTheFaults(t *testing.T) {
	a, b := tcp(t)
	defer a.Close()
	defer b.Close()
	p := flow.PowersOf(flowtest.Faulty(a, flowtest.Faults{}))
	if p.ReaderFrom != nil || p.Pollable != nil {
		t.Error("ReaderFrom and Pollable go past the faults")
	}
	if p.VecWriter == nil || p.ReadDeadline == nil || p.CloseWriter == nil || p.Peer == nil {
		t.Error("powers are missing")
	}
	p = flow.PowersOf(flowtest.Faulty(flow.Bare(a), flowtest.Faults{}))
	if p != (flow.Powers{}) {
		t.Errorf("a bare flow has the powers %+v", p)
	}
}
