package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A sender keeps an open loop on some connections. It is one thread that never sleeps while it
// runs: with a goroutine a connection, or a timer a request, it would have its
// own scheduler's latency in every figure.
type sender struct {
	epoll   int
	request []byte
	answer  int                // bytes of an answer, which are the same for each
	conns   map[int32]*sending // by descriptor
	free    []*sending
	waiting []time.Time // when requests were due that no connection was free for, from first on
	first   int
	seen    *hdrhistogram.Histogram
}

// A sending is a connection, with at most one request on it.
type sending struct {
	fd  int
	due time.Time // of the request
	got int       // bytes of its answer
}

// send is the role of the sender: it prints a sent. A Rate of 0 asks again on each
// connection as soon as it has been answered.
func send(j job) error {
	runtime.LockOSThread()
	s := &sender{request: []byte(bareRequestOf(cmp.Or(j.Path, pathHello))), conns: map[int32]*sending{}, seen: hdrhistogram.New(1, int64(time.Minute), 3)}
	var err error
	if s.epoll, err = syscall.EpollCreate1(0); err != nil {
		return err
	}
	for range j.Many {
		if err := s.connect(j.Addr); err != nil {
			return fmt.Errorf("%s cannot be asked: %w", j.Addr, err)
		}
	}
	start := time.Now()
	if err := s.run(start, j); err != nil {
		return err
	}
	at := func(q float64) time.Duration { return time.Duration(s.seen.ValueAtQuantile(q)) }
	return json.NewEncoder(os.Stdout).Encode(sent{int(s.seen.TotalCount()), time.Since(start), at(50), at(99), at(99.9)})
}

// connect opens a connection and makes one exchange on it, from which it learns how long an answer is.
func (s *sender) connect(addr string) error {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		return err
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	if _, err := syscall.Write(fd, s.request); err != nil {
		return err
	}
	var in []byte
	for buffer := make([]byte, 4096); !bytes.HasSuffix(in, []byte(hello)); {
		n, err := syscall.Read(fd, buffer)
		if err != nil || n == 0 {
			return fmt.Errorf("its answer ends after %q: %w", in, err)
		}
		in = append(in, buffer[:n]...)
	}
	if s.answer != 0 && s.answer != len(in) {
		return fmt.Errorf("its answers differ in length: %d and %d bytes", s.answer, len(in))
	}
	s.answer = len(in)
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	c := &sending{fd: fd}
	s.conns[int32(fd)] = c
	s.free = append(s.free, c)
	return syscall.EpollCtl(s.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// run sends what is due, and takes in what comes, until all is answered. The
// arrivals are those of many who know nothing of each other; the same for every contestant.
func (s *sender) run(start time.Time, j job) error {
	random := rand.New(rand.NewPCG(1, 2))
	next, end := start, start.Add(j.Time)
	closed := j.Rate == 0
	for {
		now := time.Now()
		for !closed && !next.After(now) && next.Before(end) {
			s.waiting = append(s.waiting, next)
			next = next.Add(time.Duration(random.ExpFloat64() / j.Rate * float64(time.Second)))
		}
		for closed && now.Before(end) && len(s.waiting)-s.first < len(s.free) {
			s.waiting = append(s.waiting, now)
		}
		if err := s.ask(); err != nil {
			return err
		}
		if !now.Before(end) && len(s.waiting) == s.first && len(s.free) == len(s.conns) {
			return nil
		}
		if now.Sub(end) > 10*time.Second {
			return fmt.Errorf("10 s after the end %d requests are without an answer: the server has stopped", len(s.waiting)-s.first+len(s.conns)-len(s.free))
		}
		if err := s.take(); err != nil {
			return err
		}
	}
}

// ask puts waiting requests on free connections.
func (s *sender) ask() error {
	for s.first < len(s.waiting) && len(s.free) > 0 {
		c := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		c.due, c.got = s.waiting[s.first], 0
		s.first++
		if _, err := syscall.Write(c.fd, s.request); err != nil {
			return fmt.Errorf("a request could not be sent: %w", err)
		}
	}
	if s.first == len(s.waiting) { // begins anew, so that the slice does not grow with all that was ever due
		s.waiting, s.first = s.waiting[:0], 0
	}
	return nil
}

// take reads answers, without waiting for any.
func (s *sender) take() error {
	var events [64]syscall.EpollEvent
	var buffer [4096]byte
	n, err := syscall.EpollWait(s.epoll, events[:], 0)
	if err == syscall.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range events[:n] {
		c := s.conns[e.Fd]
		n, err := syscall.Read(c.fd, buffer[:])
		if err == syscall.EAGAIN {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("a connection ended under the load: %w", err)
		}
		if c.got += n; c.got > s.answer {
			return fmt.Errorf("an answer is longer than the first one: %q", buffer[:n])
		}
		if c.got < s.answer {
			continue
		}
		if !bytes.HasSuffix(buffer[:n], []byte(hello[len(hello)-1:])) {
			return fmt.Errorf("an answer of %d bytes does not end as the first one: %q", c.got, buffer[:n])
		}
		if err := s.seen.RecordValue(int64(time.Since(c.due))); err != nil {
			return err
		}
		s.free = append(s.free, c)
	}
	return nil
}
