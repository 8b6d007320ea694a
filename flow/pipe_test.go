package flow_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/flow"
)

// In a bubble an hour passes at once, and only if whoever waits is durably blocked.
func TestPipeRunsInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := flow.Pipe(10)
		start := time.Now()
		if err := a.SetReadDeadline(start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		_, err := a.Read(make([]byte, 1))
		if waited := time.Since(start); waited != time.Hour || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read failed with %v after %v, want a deadline after an hour", err, waited)
		}
		if err := a.SetWriteDeadline(start.Add(2 * time.Hour)); err != nil {
			t.Fatal(err)
		}
		n, err := a.Write(make([]byte, 11))
		if waited := time.Since(start); n != 10 || waited != 2*time.Hour || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write failed with %d, %v after %v, want 10 and a deadline after two hours", n, err, waited)
		}
		go func() {
			time.Sleep(time.Hour)
			b.Close()
		}()
		a.SetReadDeadline(time.Time{})
		if _, err := a.Read(make([]byte, 1)); err != io.EOF || time.Since(start) != 3*time.Hour {
			t.Errorf("Read ended with %v after %v, want EOF after three hours", err, time.Since(start))
		}
		a.Close()
	})
}

func TestPipeHoldsAsMuchAsWasAsked(t *testing.T) {
	for _, size := range []int{0, 1, 4096} {
		synctest.Test(t, func(t *testing.T) {
			a, b := flow.Pipe(size)
			want := size
			if size == 0 {
				want = flow.PipeSize
			}
			written := -1
			go func() { written, _ = a.Write(make([]byte, want+1)) }()
			synctest.Wait()
			if written != -1 {
				t.Errorf("a pipe of %d took %d bytes", want, written)
			}
			if _, err := b.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if written != want+1 {
				t.Errorf("a pipe of %d: %d bytes written after one was read", want, written)
			}
			a.Close()
			b.Close()
		})
	}
}

func TestPipeErrorsAreThoseOfTheNet(t *testing.T) {
	a, b := flow.Pipe(0)
	a.SetReadDeadline(time.Now())
	_, err := a.Read(make([]byte, 1))
	var netErr net.Error
	if !errors.As(err, &netErr) || !netErr.Timeout() {
		t.Errorf("deadline: %v is no net.Error that says Timeout", err)
	}
	b.Close()
	if _, err := a.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write to a closed peer: %v", err)
	}
	a.Close()
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
	if err := a.SetReadDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("deadline after Close: %v", err)
	}
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseReadRefusesWhatThePeerWrites(t *testing.T) {
	a, b := flow.Pipe(0)
	if _, err := b.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	if err := a.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Read(make([]byte, 8)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v, want EOF", n, err)
	}
	if n, err := b.Write([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the peer writes %d, %v, want EPIPE", n, err)
	}
	a.Close()
	b.Close()
}

func TestHalfCloseAfterCloseChangesNothing(t *testing.T) {
	a, b := flow.Pipe(0)
	a.Close()
	for _, half := range []func() error{a.CloseRead, a.CloseWrite} {
		if err := half(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("half-close after Close: %v", err)
		}
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close and half-close: %v", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close and half-close: %v", err)
	}
	b.Close()
}

func TestResetLosesWhatWasNotRead(t *testing.T) {
	a, b := flow.Pipe(0)
	if _, err := a.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	a.Reset()
	if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer reads %d, %v, want a reset", n, err)
	}
	if n, err := b.Write([]byte("x")); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer writes %d, %v, want a reset", n, err)
	}
	if _, err := a.Read(make([]byte, 8)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("who reset reads %v, want net.ErrClosed", err)
	}
	b.Close()
}

func TestResetUnblocksThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := flow.Pipe(1)
		var readErr, writeErr error
		go func() { _, readErr = b.Read(make([]byte, 1)) }()
		go func() { _, writeErr = b.Write(make([]byte, 2)) }()
		synctest.Wait()
		a.Reset()
		synctest.Wait()
		if !errors.Is(readErr, syscall.ECONNRESET) || !errors.Is(writeErr, syscall.ECONNRESET) {
			t.Errorf("Read: %v, Write: %v", readErr, writeErr)
		}
		b.Close()
	})
}

func TestPipeEndsHaveAddresses(t *testing.T) {
	a, b := flow.Pipe(0)
	if a.LocalAddr().String() != "pipe-a" || a.RemoteAddr().String() != "pipe-b" || a.LocalAddr().Network() != "flow" {
		t.Errorf("a is %v and sees %v", a.LocalAddr(), a.RemoteAddr())
	}
	a.SetLocalAddr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
	if got := b.RemoteAddr().String(); got != "192.0.2.1:443" {
		t.Errorf("b sees %v", got)
	}
	a.Close()
	if _, err := a.Read(nil); err == nil || !strings.Contains(err.Error(), "192.0.2.1:443") {
		t.Errorf("the error %v does not say where", err)
	}
	b.Close()
}

func BenchmarkPipe(b *testing.B) {
	x, y := flow.Pipe(0)
	p, q := make([]byte, 16<<10), make([]byte, 16<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	go func() {
		for range b.N {
			if _, err := x.Write(p); err != nil {
				return
			}
		}
		x.Close()
	}()
	for {
		if _, err := y.Read(q); err != nil {
			break
		}
	}
}
