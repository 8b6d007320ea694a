package flowtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/paf-go/paf/flow"
)

var (
	longAgo  = time.Unix(1, 0)
	noLimit  time.Time
	justSoon = 30 * time.Millisecond
)

func closeWriteEndsOne(e *ends) error {
	sent := async(func() error {
		_, err := io.WriteString(e.a, "question")
		return errors.Join(err, e.powers.CloseWriter.CloseWrite())
	})
	if err := errors.Join(wantBytes(e.b, "question"), wantEOF(e.b), <-sent); err != nil {
		return err
	}
	answered := async(func() error {
		_, err := io.WriteString(e.b, "answer")
		return errors.Join(err, e.b.Close())
	})
	return errors.Join(wantBytes(e.a, "answer"), wantEOF(e.a), <-answered)
}

func writeAfterCloseWrite(e *ends) error {
	ended := async(func() error { return wantEOF(e.b) })
	if err := e.powers.CloseWriter.CloseWrite(); err != nil {
		return err
	}
	if _, err := e.a.Write([]byte("x")); err == nil {
		return errors.New("Write after CloseWrite succeeded")
	}
	return <-ended
}

func closeReadEndsReading(e *ends) error {
	read := async(func() error {
		var p [8]byte
		if n, err := readSome(e.a, p[:]); err == nil {
			return fmt.Errorf("read %d bytes after CloseRead", n)
		}
		return nil
	})
	if err := errors.Join(e.powers.CloseReader.CloseRead(), <-read); err != nil {
		return err
	}
	sent := async(func() error {
		_, err := io.WriteString(e.a, "still here")
		return err
	})
	return errors.Join(wantBytes(e.b, "still here"), <-sent)
}

func readDeadlineInterrupts(e *ends) error {
	for _, when := range []func() time.Time{
		func() time.Time { return time.Now().Add(justSoon) },
		func() time.Time { return longAgo },
	} {
		read := async(func() error {
			var p [8]byte
			_, err := readSome(e.a, p[:])
			return wantTimeout(err)
		})
		time.Sleep(10 * time.Millisecond) // right as well if the deadline comes first
		if err := errors.Join(e.powers.ReadDeadline.SetReadDeadline(when()), <-read); err != nil {
			return err
		}
		if err := e.powers.ReadDeadline.SetReadDeadline(noLimit); err != nil {
			return err
		}
	}
	return nil
}

func readDeadlineLosesNothing(e *ends) error {
	if err := readDeadlineInterrupts(e); err != nil {
		return err
	}
	sent := async(func() error { return send(e.b, transfer/8, 3) })
	return errors.Join(receive(e.a, transfer/8, 3), <-sent)
}

func pastReadDeadline(e *ends) error {
	if err := e.powers.ReadDeadline.SetReadDeadline(longAgo); err != nil {
		return err
	}
	var p [8]byte
	for range 2 {
		_, err := e.a.Read(p[:])
		if err := wantTimeout(err); err != nil {
			return err
		}
	}
	return nil
}

func zeroReadDeadline(e *ends) error {
	d := e.powers.ReadDeadline
	if err := errors.Join(d.SetReadDeadline(time.Now().Add(justSoon)), d.SetReadDeadline(noLimit)); err != nil {
		return err
	}
	sent := async(func() error {
		time.Sleep(2 * justSoon)
		_, err := io.WriteString(e.b, "late")
		return err
	})
	return errors.Join(wantBytes(e.a, "late"), <-sent)
}

func writeDeadlineInterrupts(e *ends) error {
	wrote := async(func() error { return wantTimeout(writeUntilError(e.a)) })
	time.Sleep(50 * time.Millisecond) // right as well if the deadline comes first
	return errors.Join(e.powers.WriteDeadline.SetWriteDeadline(time.Now().Add(justSoon)), <-wrote)
}

// deadlinesDuringUse is for the race detector, too.
func deadlinesDuringUse(e *ends) error {
	sent := async(func() error { return send(e.b, transfer/8, 4) })
	stop := make(chan struct{})
	set := async(func() error {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return nil
			default:
			}
			if n%1000 == 0 { // in a browser nothing arrives while a goroutine never waits
				time.Sleep(time.Millisecond)
			}
			if err := e.powers.ReadDeadline.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
				return err
			}
		}
	})
	err := receive(e.a, transfer/8, 4)
	close(stop)
	return errors.Join(err, <-set, <-sent)
}

func piecesArrive(e *ends) error {
	var whole bytes.Buffer
	if _, err := io.CopyN(&whole, noise(5), transfer); err != nil {
		return err
	}
	var pieces [][]byte
	for rest, size := whole.Bytes(), 0; len(rest) > 0; size = (size*7 + 1) % 90_001 {
		n := min(size, len(rest))
		pieces, rest = append(pieces, rest[:n]), rest[n:]
	}
	sent := async(func() error {
		n, err := e.powers.VecWriter.WriteVec(pieces)
		if n != transfer {
			return fmt.Errorf("WriteVec: %d of %d bytes, error %w", n, transfer, err)
		}
		return err
	})
	return errors.Join(receive(e.b, transfer, 5), <-sent)
}

func readFromReader(e *ends) error {
	return readFrom(e, noise(6), 6)
}

func readFromFile(e *ends) error {
	f, err := os.CreateTemp("", "flowtest")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := io.CopyN(f, noise(7), transfer); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return readFrom(e, f, 7)
}

// readFrom sends part of src by Write and the rest by ReadFrom, which must take
// what the limit allows and no more.
func readFrom(e *ends, src io.Reader, seed uint64) error {
	const head, limit = 1000, transfer - 5000
	sent := async(func() error {
		p := make([]byte, head)
		if _, err := io.ReadFull(src, p); err != nil {
			return err
		}
		if _, err := e.a.Write(p); err != nil {
			return err
		}
		n, err := e.powers.ReaderFrom.ReadFrom(&io.LimitedReader{R: src, N: limit - head})
		if n != limit-head {
			return fmt.Errorf("ReadFrom: %d of %d bytes, error %w", n, limit-head, err)
		}
		return err
	})
	return errors.Join(receive(e.b, limit, seed), <-sent)
}

func addressesAgree(e *ends) error {
	peer := flow.PowersOf(e.b)
	if peer.Peer == nil || peer.Local == nil {
		return errors.New("only one end has addresses")
	}
	for _, pair := range [][2]net.Addr{
		{e.powers.LocalAddr(), peer.PeerAddr()},
		{e.powers.PeerAddr(), peer.LocalAddr()},
	} {
		if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
			return fmt.Errorf("one end says %v, the other %v", pair[0], pair[1])
		}
	}
	return nil
}

func descriptorIsGiven(e *ends) error {
	raw, err := e.powers.Pollable.SyscallConn()
	if err != nil {
		return err
	}
	called := false
	if err := raw.Control(func(uintptr) { called = true }); err != nil {
		return err
	}
	if !called {
		return errors.New("the function was not called by Control")
	}
	return nil
}
