package flowtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

const transfer = 3 << 20 // bytes: more than any buffer on the way holds

func bytesArrive(e *ends) error {
	sent := async(func() error { return send(e.a, transfer, 1) })
	return errors.Join(receive(e.b, transfer, 1), <-sent)
}

func bothDirections(e *ends) error {
	there := async(func() error { return send(e.a, transfer, 1) })
	back := async(func() error { return send(e.b, transfer, 2) })
	arrived := async(func() error { return receive(e.a, transfer, 2) })
	return errors.Join(receive(e.b, transfer, 1), <-arrived, <-there, <-back)
}

// send writes n bytes that seed determines, in writes of many sizes.
func send(w io.Writer, n int, seed uint64) error {
	src, sizes := noise(seed), rand.New(rand.NewPCG(seed, 7))
	buf := make([]byte, 100_000)
	for n > 0 {
		p := buf[:min(n, 1+sizes.IntN(1<<(1+sizes.IntN(16))))]
		_, _ = src.Read(p)
		if m, err := w.Write(p); m != len(p) || err != nil {
			return fmt.Errorf("Write of %d bytes: %d, %w", len(p), m, err)
		}
		n -= len(p)
	}
	return nil
}

// receive reads the bytes that send writes and compares their digests.
func receive(r io.Reader, n int, seed uint64) error {
	got, want := sha256.New(), sha256.New()
	if _, err := io.CopyN(want, noise(seed), int64(n)); err != nil {
		return err
	}
	if m, err := io.CopyN(got, r, int64(n)); err != nil {
		return fmt.Errorf("%d of %d bytes arrived: %w", m, n, err)
	}
	if string(got.Sum(nil)) != string(want.Sum(nil)) {
		return errors.New("other bytes arrived than were sent")
	}
	return nil
}

// noise returns an endless reader of bytes that seed determines.
func noise(seed uint64) io.Reader {
	return rand.NewChaCha8([32]byte{byte(seed)})
}

// writeKeepsNothing reads only after the write has returned and its memory was
// reused, unless the flow holds nothing and the write waits for the reader.
func writeKeepsNothing(e *ends) error {
	sent := async(func() error {
		p := []byte("original")
		_, err := e.a.Write(p)
		copy(p, "SCRIBBLE")
		return err
	})
	select {
	case err := <-sent:
		return errors.Join(err, wantBytes(e.b, "original"))
	case <-time.After(100 * time.Millisecond):
		return errors.Join(wantBytes(e.b, "original"), <-sent)
	}
}

func emptyWrite(e *ends) error {
	sent := async(func() error {
		for _, s := range []string{"", "x", "", "y"} {
			if n, err := e.a.Write([]byte(s)); n != len(s) || err != nil {
				return fmt.Errorf("Write(%q): %d, %w", s, n, err)
			}
		}
		return nil
	})
	return errors.Join(wantBytes(e.b, "xy"), <-sent)
}

func closeGivesEOF(e *ends) error {
	sent := async(func() error {
		_, err := io.WriteString(e.a, "last words")
		return errors.Join(err, e.a.Close())
	})
	return errors.Join(wantBytes(e.b, "last words"), wantEOF(e.b), <-sent)
}

func closeUnblocksRead(e *ends) error {
	read := async(func() error { return wantBroken(e.a) })
	time.Sleep(10 * time.Millisecond) // right as well if Close comes first
	closed := async(e.a.Close)
	return errors.Join(<-read, <-closed)
}

func closeUnblocksWrite(e *ends) error {
	wrote := async(func() error { return writeUntilError(e.a) })
	time.Sleep(50 * time.Millisecond) // the same
	closed := async(e.a.Close)
	err := <-wrote
	if err == errEndless || err == io.EOF {
		return fmt.Errorf("Write: %w", err)
	}
	<-closed // that may have failed: the farewell did not get through
	return nil
}

var errEndless = errors.New("a gigabyte was written and nobody read it")

// writeUntilError writes to a flow that nobody reads.
func writeUntilError(w io.Writer) error {
	p := make([]byte, 64<<10)
	for range 16 << 10 {
		n, err := w.Write(p)
		if err != nil {
			return err
		}
		if n != len(p) {
			return fmt.Errorf("Write of %d bytes: %d and no error", len(p), n)
		}
	}
	return errEndless
}

func closeTwice(e *ends) error {
	if err := e.a.Close(); err != nil {
		return err
	}
	_ = e.a.Close()
	both := async(e.b.Close)
	_ = e.b.Close()
	<-both
	return nil
}

func afterClose(e *ends) error {
	if err := e.a.Close(); err != nil {
		return err
	}
	if _, err := e.a.Write([]byte("x")); err == nil || err == io.EOF {
		return fmt.Errorf("Write after Close: error %v", err)
	}
	return wantBroken(e.a)
}

// writeToNobody allows writes to succeed for as long as the news takes.
func writeToNobody(e *ends) error {
	closed := async(e.b.Close)
	defer func() { <-closed }()
	for end := time.Now().Add(patience / 2); time.Now().Before(end); {
		if _, err := e.a.Write([]byte("is anybody there?")); err != nil {
			if err == io.EOF {
				return errors.New("Write returned io.EOF")
			}
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("no Write failed although the peer has closed")
}
