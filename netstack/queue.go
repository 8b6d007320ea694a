package netstack

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A queue holds the packets that wait for the carrier.
type queue struct {
	mu      sync.Mutex
	work    sync.Cond // there is a packet, or the end
	room    sync.Cond // there is room, or the end, or the line is broken
	waiting int       // for room

	packets [][]byte
	next    int      // of packets to be written; those before are gone
	free    [][]byte // memory of packets that have been written
	used    int      // bytes, with what each packet costs besides
	limit   int

	closed  bool
	stalled bool        // the line is broken: nobody waits for room
	timer   *time.Timer // which finds that out, while somebody waits
	dropped uint64
}

const (
	stall     = 3 * time.Second // a carrier that takes nothing for so long is broken
	overhead  = 64              // bytes that a packet counts for besides its own
	keepsFree = 64              // pieces of memory
	keepsGone = 1024            // places of packets that are gone
)

func (q *queue) init(limit int) {
	q.limit = limit
	q.work.L, q.room.L = &q.mu, &q.mu
}

// put copies a packet into the queue. When that is full a patient sender waits; for one that cannot, the queue is twice as large.
func (q *queue) put(pkt *stack.PacketBuffer, patient bool) tcpip.Error {
	p := q.memory(pkt.Size())
	for _, piece := range pkt.AsSlices() {
		p = append(p, piece...)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for patient && q.used >= q.limit && !q.stalled && !q.closed {
		q.wait()
	}
	if q.closed {
		return &tcpip.ErrClosedForSend{}
	}
	if q.used >= q.limit && (patient || q.used >= 2*q.limit) {
		q.dropped++
		return &tcpip.ErrNoBufferSpace{}
	}
	q.packets = append(q.packets, p)
	q.used += len(p) + overhead
	if len(q.packets)-q.next == 1 {
		q.work.Signal()
	}
	return nil
}

// wait waits for room, or for the end of patience with the carrier.
func (q *queue) wait() {
	if q.waiting == 0 {
		q.timer = time.AfterFunc(stall, q.lose)
	}
	q.waiting++
	q.room.Wait()
	if q.waiting--; q.waiting == 0 {
		q.timer.Stop()
	}
}

// lose is called when the carrier has taken nothing while somebody waited.
func (q *queue) lose() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stalled = q.waiting > 0
	q.room.Broadcast()
}

// take waits for a packet. It returns false when the queue is closed and empty.
func (q *queue) take() ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.packets) == q.next && !q.closed {
		q.work.Wait()
	}
	if len(q.packets) == q.next {
		return nil, false
	}
	return q.packets[q.next], true
}

// release says that the carrier has taken the packet that was taken from the queue. Who waits for room is woken when half of it
// is free, so that not each packet wakes everybody.
func (q *queue) release(p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.packets[q.next] = nil
	q.next++
	switch {
	case q.next == len(q.packets):
		q.packets, q.next = q.packets[:0], 0
	case q.next >= keepsGone:
		q.packets, q.next = append(q.packets[:0], q.packets[q.next:]...), 0
	}
	q.used -= len(p) + overhead
	if len(q.free) < keepsFree {
		q.free = append(q.free, p)
	}
	q.stalled = false
	if q.waiting > 0 {
		q.timer.Reset(stall)
		if q.used <= q.limit/2 {
			q.room.Broadcast()
		}
	}
}

// memory returns room for a packet.
func (q *queue) memory(size int) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.free); n > 0 {
		p := q.free[n-1]
		q.free = q.free[:n-1]
		if cap(p) >= size {
			return p[:0]
		}
	}
	return make([]byte, 0, size)
}

// close lets nothing more in, and nobody wait.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.work.Broadcast()
	q.room.Broadcast()
}
