package flowtest

import (
	"io"
	"sync"
	"time"

	"github.com/paf-go/paf/flow"
)

// A Path says what lies between the two ends of a Link.
type Path struct {
	Delay time.Duration // from one end to the other; a round trip takes twice that
	Rate  int64         // bytes a second, in each direction
	// Buffer is how many bytes may be on their way in each direction before a Write blocks, as a TCP whose windows
	// are large enough has it; 0 means four times what a round trip holds.
	Buffer int64
}

// Link returns the two ends of a flow over a path. In a bubble of testing/synctest it runs in the bubble's
// time. Each end has what a pipe has; both must be closed, for the sake of the goroutines that carry the bytes.
func Link(p Path) (a, b flow.Flow) {
	if p.Buffer == 0 {
		p.Buffer = max(64<<10, 8*int64(p.Delay.Seconds()*float64(p.Rate)))
	}
	nearA, farA := flow.Pipe(linkChunk)
	nearB, farB := flow.Pipe(linkChunk)
	go newLane(p, farA, farB).carry()
	go newLane(p, farB, farA).carry()
	return nearA, nearB
}

const linkChunk = 32 << 10

// A lane carries bytes in one direction.
type lane struct {
	path     Path
	from, to *flow.PipeEnd

	mu      sync.Mutex
	changed sync.Cond
	way     []parcel // what is on its way, the first to arrive first
	size    int64
	over    bool // nothing more will be sent
	lost    bool // nobody reads any more
}

// A parcel is some bytes with the time at which they arrive.
type parcel struct {
	data    []byte
	arrives time.Time
}

func newLane(p Path, from, to *flow.PipeEnd) *lane {
	l := &lane{path: p, from: from, to: to}
	l.changed.L = &l.mu
	return l
}

// carry takes bytes from one end, as fast as the path's rate, and has them delivered.
func (l *lane) carry() {
	done := make(chan struct{})
	go l.deliver(done)
	free := time.Now() // when the path takes the next byte
	for {
		buf := make([]byte, linkChunk)
		n, err := l.from.Read(buf)
		if n > 0 {
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(time.Duration(float64(n) / float64(l.path.Rate) * float64(time.Second)))
			time.Sleep(time.Until(free))
			if !l.send(parcel{buf[:n], free.Add(l.path.Delay)}) {
				break
			}
		}
		if err != nil {
			break
		}
	}
	l.mu.Lock()
	l.over = true
	l.changed.Broadcast()
	l.mu.Unlock()
	<-done
}

// send puts a parcel on its way once there is room; false if nobody will read it.
func (l *lane) send(p parcel) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.size+int64(len(p.data)) > l.path.Buffer && !l.lost {
		l.changed.Wait()
	}
	l.way = append(l.way, p)
	l.size += int64(len(p.data))
	l.changed.Broadcast()
	return !l.lost
}

// deliver gives each parcel to the other end when its time has come.
func (l *lane) deliver(done chan struct{}) {
	defer close(done)
	for {
		l.mu.Lock()
		for len(l.way) == 0 && !l.over {
			l.changed.Wait()
		}
		if len(l.way) == 0 {
			l.mu.Unlock()
			_ = l.to.CloseWrite()
			return
		}
		p := l.way[0]
		l.way = l.way[1:]
		l.mu.Unlock()
		time.Sleep(time.Until(p.arrives))
		_, err := l.to.Write(p.data)
		l.mu.Lock()
		l.size -= int64(len(p.data))
		l.lost = l.lost || err != nil
		l.changed.Broadcast()
		l.mu.Unlock()
		if err != nil {
			_ = l.from.Close()
			_, _ = io.Copy(io.Discard, l.from)
			return
		}
	}
}
