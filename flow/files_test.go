//go:build unix

package flow_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
)

func TestFilesThatCanBeWatchedAreAFlow(t *testing.T) { flowtest.Run(t, overFiles(os.Pipe)) }
func TestFilesThatCannotBeWatchedAreAFlow(t *testing.T) {
	t.Parallel() // it waits: for what nobody reads
	flowtest.Run(t, overFiles(blockingPipe))
}

func TestFilesOfBothKindsAreAFlow(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		r1, w1 := files(t, os.Pipe)
		r2, w2 := files(t, blockingPipe)
		return flow.Files(r1, w2), flow.Files(r2, w1)
	})
}

// A socket that is standard input and output, as inetd has it, comes as two descriptors.
func TestFilesOfOneSocketAreAFlow(t *testing.T) {
	flowtest.Run(t, func(t testing.TB) (flow.Flow, flow.Flow) {
		a, b := tcp(t)
		return again(t, a.(*net.TCPConn)), b
	})
}

func TestFilesOfOneSocketHaveAllItsPowers(t *testing.T) {
	a, b := tcp(t)
	defer b.Close()
	f := again(t, a.(*net.TCPConn))
	defer f.Close()
	if p := flow.PowersOf(f); p.VecWriter == nil || p.ReaderFrom == nil || p.Pollable == nil || p.Resetter == nil || p.CloseWriter == nil {
		t.Errorf("%+v", p)
	}
	if got, want := flow.PowersOf(f).PeerAddr().String(), b.(net.Conn).LocalAddr().String(); got != want {
		t.Errorf("its peer is %s, not %s", got, want)
	}
}

func TestFilesOfOneFileHaveNoHalfCloses(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	one := flow.Files(f, f)
	if p := flow.PowersOf(one); p.CloseWriter != nil || p.CloseReader != nil || p.ReadDeadline == nil {
		t.Errorf("%+v", p)
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
}

// What was written is out when Close returns, though it was another goroutine that wrote it.
func TestFilesCloseWaitsForWhatWasWritten(t *testing.T) {
	r1, w1 := files(t, blockingPipe)
	r2, w2 := files(t, blockingPipe)
	defer w1.Close()
	f := flow.Files(r1, w2)
	content := strings.Repeat("x", flow.PipeSize)
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		got, _ := io.ReadAll(r2)
		read <- got
	}()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := w2.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is not closed: %v", err)
	}
	if got := <-read; string(got) != content {
		t.Errorf("%d bytes have come", len(got))
	}
	_ = r2.Close()
}

// What a Write has taken is out: a reader may take its time, longer than Close can wait, and a program ends that has nothing left to write.
func TestFilesTakeNoMoreThanTheirFileDoes(t *testing.T) {
	r1, w1 := files(t, blockingPipe)
	r2, w2 := files(t, blockingPipe)
	defer w1.Close()
	defer r2.Close()
	f := flow.Files(r1, w2)
	content := strings.Repeat("x", flow.PipeSize+4096) // a pipe of the system holds PipeSize
	if err := flow.PowersOf(f).WriteDeadline.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody has read, and Write returned %v", err)
	}
	go f.Close()
	if got, _ := io.ReadAll(r2); string(got) != content {
		t.Errorf("%d bytes have come", len(got))
	}
}

func TestAReadThatFailsIsNoEnd(t *testing.T) {
	dir, err := os.Open(t.TempDir()) // reading it is an error
	if err != nil {
		t.Fatal(err)
	}
	r, w := files(t, os.Pipe)
	defer r.Close()
	f := flow.Files(dir, w)
	defer f.Close()
	if _, err := f.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("%v", err)
	}
}

// overFiles opens two files each way.
func overFiles(open func() (r, w *os.File, err error)) flowtest.Open {
	return func(t testing.TB) (a, b flow.Flow) {
		r1, w1 := files(t, open)
		r2, w2 := files(t, open)
		return flow.Files(r1, w2), flow.Files(r2, w1)
	}
}

func files(t testing.TB, open func() (r, w *os.File, err error)) (r, w *os.File) {
	t.Helper()
	r, w, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// blockingPipe is a pipe as a shell makes it for standard input and output.
func blockingPipe() (r, w *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out"), nil
}

// again makes a flow of two descriptors of a connection.
func again(t testing.TB, c *net.TCPConn) flow.Flow {
	t.Helper()
	defer c.Close()
	in, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	return flow.Files(in, out)
}
