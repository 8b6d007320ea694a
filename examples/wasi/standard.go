//go:build wasip1 || unix

package main

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// A stdio is standard input and output as a flow: with a half-close, and no deadlines, which paf does without.
type stdio struct{ in, out *os.File }

// standard returns standard input and output. They are made not to block: on WASI, where all goroutines have one thread, a Read that waited
// in the system would hold up every other one. A host may be unable to do that, and then it does.
func standard() *stdio {
	_, _ = syscall.SetNonblock(0, true), syscall.SetNonblock(1, true)
	return &stdio{os.NewFile(0, "stdin"), os.NewFile(1, "stdout")}
}

func (s *stdio) Read(p []byte) (int, error) { return retry(s.in.Read, p) }

func (s *stdio) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = retry(s.out.Write, p[n:])
		n += m
	}
	return n, err
}

func (s *stdio) CloseWrite() error { return s.out.Close() }
func (s *stdio) Close() error      { return errors.Join(s.in.Close(), s.out.Close()) }

// retry asks again after a while where a host does not tell when something has come: node does not, wazero does.
func retry(call func([]byte) (int, error), p []byte) (int, error) {
	for {
		n, err := call(p)
		if !errors.Is(err, syscall.EAGAIN) {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		time.Sleep(time.Millisecond)
	}
}
