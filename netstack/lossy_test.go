package netstack_test

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A weather is what happens to the packets of a carrier on their way, in each direction.
type weather struct {
	delay   time.Duration
	loss    float64 // of 1
	late    float64 // of 1: packets that others overtake
	lateFor time.Duration
}

// lossy is a carrier whose packets are lost, delayed and overtaken. It stands between a device and a stack, or between two
// stacks.
type lossy struct {
	inner    io.ReadWriteCloser
	in, out  *air
	received chan []byte
	closed   chan struct{}
	once     sync.Once
}

func newLossy(inner io.ReadWriteCloser, w weather, seed uint64) *lossy {
	l := &lossy{inner: inner, received: make(chan []byte, 1024), closed: make(chan struct{})}
	l.out = newAir(w, seed, func(p []byte) { _, _ = inner.Write(p) })
	l.in = newAir(w, seed+1, func(p []byte) {
		select {
		case l.received <- p:
		case <-l.closed:
		}
	})
	go func() {
		defer close(l.received)
		defer l.in.stop()
		for {
			p := make([]byte, 1<<16)
			n, err := inner.Read(p)
			if err != nil {
				return
			}
			l.in.send(append([]byte(nil), p[:n]...))
		}
	}()
	return l
}

func (l *lossy) Read(p []byte) (int, error) {
	q, ok := <-l.received
	if !ok {
		return 0, net.ErrClosed
	}
	return copy(p, q), nil
}

func (l *lossy) Write(p []byte) (int, error) {
	l.out.send(append([]byte(nil), p...))
	return len(p), nil
}

func (l *lossy) Close() error {
	l.once.Do(func() { close(l.closed) })
	l.out.stop()
	return l.inner.Close()
}

// An air holds the packets that are on their way in one direction.
type air struct {
	weather
	mu      sync.Mutex
	rand    *rand.Rand
	changed *sync.Cond
	prompt  []parcel // arrive in order
	laggard []parcel // too, but later
	lost    int
	bytes   int // on their way
	most    int // of them
	stopped bool
	done    chan struct{}
}

type parcel struct {
	data []byte
	at   time.Time
}

func newAir(w weather, seed uint64, arrive func([]byte)) *air {
	a := &air{weather: w, rand: rand.New(rand.NewPCG(seed, seed)), done: make(chan struct{})}
	a.changed = sync.NewCond(&a.mu)
	go func() {
		defer close(a.done)
		for {
			p, ok := a.next()
			if !ok {
				return
			}
			time.Sleep(time.Until(p.at))
			a.mu.Lock()
			a.bytes -= len(p.data)
			a.mu.Unlock()
			arrive(p.data)
		}
	}()
	return a
}

func (a *air) send(p []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rand.Float64() < a.loss {
		a.lost++
		return
	}
	a.bytes += len(p)
	a.most = max(a.most, a.bytes)
	at := time.Now().Add(a.delay)
	if a.rand.Float64() < a.late {
		a.laggard = append(a.laggard, parcel{p, at.Add(a.lateFor)})
	} else {
		a.prompt = append(a.prompt, parcel{p, at})
	}
	a.changed.Signal()
}

// losses returns how many packets were lost so far.
func (a *air) losses() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lost
}

// peak returns the most bytes that were on their way so far.
func (a *air) peak() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.most
}

// next returns what arrives next.
func (a *air) next() (p parcel, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.prompt)+len(a.laggard) == 0 && !a.stopped {
		a.changed.Wait()
	}
	if a.stopped {
		return p, false
	}
	from := &a.prompt
	if len(a.prompt) == 0 || len(a.laggard) > 0 && a.laggard[0].at.Before(a.prompt[0].at) {
		from = &a.laggard
	}
	p = (*from)[0]
	*from = (*from)[1:]
	return p, true
}

func (a *air) stop() {
	a.mu.Lock()
	a.stopped = true
	a.changed.Broadcast()
	a.mu.Unlock()
	<-a.done
}
