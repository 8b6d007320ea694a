package flow

import (
	"sync"
	"time"
)

// A Deadline is a deadline in a flow of one's own, which waits on something that has none. It is guarded by the lock that
// guards the rest of the flow:
//
//	func (f *mine) SetReadDeadline(t time.Time) error {
//		f.mu.Lock()
//		defer f.mu.Unlock()
//		f.readEnd.Set(&f.mu, t, f.changed.Broadcast)
//		return nil
//	}
//
// Read looks at Past each time it is woken, and returns os.ErrDeadlineExceeded. The zero value is no deadline.
type Deadline struct {
	timer  *time.Timer
	past   bool
	serial int // of the setting that counts
}

// Past reports whether the deadline has passed. The lock is held.
func (d *Deadline) Past() bool { return d.past }

// Set replaces the deadline by t; a zero t is none. The lock mu is held, and is held again when passed is called, which is at
// once if t has passed already. Whoever closes the flow sets the zero time, so that no timer is left.
func (d *Deadline) Set(mu sync.Locker, t time.Time, passed func()) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.serial++
	d.past = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.past = true
		passed()
		return
	}
	serial := d.serial
	d.timer = time.AfterFunc(wait, func() {
		mu.Lock()
		defer mu.Unlock()
		if d.serial == serial { // else it was replaced while it fired
			d.past = true
			passed()
		}
	})
}
