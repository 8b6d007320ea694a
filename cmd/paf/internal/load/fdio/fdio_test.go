//go:build unix

package fdio_test

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/paf-go/paf/cmd/paf/internal/load/fdio"
)

// FuzzWhatIsWrittenIsRead moves pieces of any length through a socket, between memory that has a guard on either side.
func FuzzWhatIsWrittenIsRead(f *testing.F) {
	f.Add([]byte("some text"), 3, 20)
	f.Add([]byte{}, 0, 0)
	f.Add(bytes.Repeat([]byte("x"), 100_000), 1, 70_000)
	f.Fuzz(func(t *testing.T, sent []byte, from, room int) {
		from, room = min(max(from, 0), len(sent)), min(max(room, 0), 1<<17)
		in, out := sockets(t)
		written, err := fdio.Send(out.Fd(), sent[from:])
		if err != nil || len(sent) > from && written == 0 || written > len(sent)-from {
			t.Fatalf("%d of %d bytes are written: %v", written, len(sent)-from, err)
		}
		const guard = 0xa5
		memory := bytes.Repeat([]byte{guard}, room+2)
		n, err := fdio.Receive(in.Fd(), memory[1:1+room])
		switch {
		case room > 0 && written == 0:
			if !errors.Is(err, syscall.EAGAIN) {
				t.Fatalf("nothing is there, and a read returns %d, %v", n, err)
			}
		case err != nil || n != min(room, written):
			t.Fatalf("%d of %d bytes are read: %v", n, min(room, written), err)
		}
		if !bytes.Equal(memory[1:1+n], sent[from:from+n]) {
			t.Error("other bytes are read than were written")
		}
		if memory[0] != guard || bytes.Count(memory[1+n:], []byte{guard}) != len(memory)-1-n {
			t.Error("memory beside that was touched")
		}
	})
}

// sockets returns two that are connected to each other and do not block.
func sockets(t *testing.T) (a, b *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range []**os.File{&a, &b} {
		if err := syscall.SetNonblock(fds[i], true); err != nil {
			t.Fatal(err)
		}
		*f = os.NewFile(uintptr(fds[i]), "socket")
		t.Cleanup(func() { _ = (*f).Close() })
	}
	return a, b
}

func TestAnErrorIsTheKernels(t *testing.T) {
	a, b := sockets(t)
	if _, err := fdio.Receive(a.Fd(), make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("nothing is there: %v", err)
	}
	_ = a.Close()
	if _, err := fdio.Send(b.Fd(), []byte("x")); err != syscall.EPIPE {
		t.Errorf("there is nobody to read: %v", err)
	}
	if n, err := fdio.Receive(b.Fd(), make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the end is %d, %v", n, err)
	}
}
