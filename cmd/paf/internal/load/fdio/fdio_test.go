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

// FuzzWhatIsWrittenIsRead moves pieces of any length through a pipe, between memory that has a guard on either side.
func FuzzWhatIsWrittenIsRead(f *testing.F) {
	f.Add([]byte("some text"), 3, 20)
	f.Add([]byte{}, 0, 0)
	f.Add(bytes.Repeat([]byte("x"), 100_000), 1, 70_000)
	f.Fuzz(func(t *testing.T, sent []byte, from, room int) {
		from, room = min(max(from, 0), len(sent)), min(max(room, 0), 1<<17)
		in, out := pipe(t)
		written, err := fdio.Write(out.Fd(), sent[from:])
		if err != nil || len(sent) > from && written == 0 || written > len(sent)-from {
			t.Fatalf("%d of %d bytes are written: %v", written, len(sent)-from, err)
		}
		const guard = 0xa5
		memory := bytes.Repeat([]byte{guard}, room+2)
		n, err := fdio.Read(in.Fd(), memory[1:1+room])
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

// pipe returns the ends of a pipe that do not block.
func pipe(t *testing.T) (in, out *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	for i, f := range []**os.File{&in, &out} {
		if err := syscall.SetNonblock(fds[i], true); err != nil {
			t.Fatal(err)
		}
		*f = os.NewFile(uintptr(fds[i]), "pipe")
		t.Cleanup(func() { _ = (*f).Close() })
	}
	return in, out
}

func TestAnErrorIsTheKernels(t *testing.T) {
	in, out := pipe(t)
	if _, err := fdio.Read(out.Fd(), make([]byte, 1)); err != syscall.EBADF {
		t.Errorf("an end that is for writing is read: %v", err)
	}
	_ = in.Close()
	if _, err := fdio.Write(out.Fd(), []byte("x")); err != syscall.EPIPE {
		t.Errorf("there is nobody to read: %v", err)
	}
}
