package flowtest

import (
	"sync"
	"time"
)

// A deadline closes a channel when it passes. The zero deadline never does.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	signal chan struct{} // nil until somebody waits
	past   bool
	serial int // of the setting that counts
}

func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.signal == nil {
		d.signal = make(chan struct{})
		if d.past {
			close(d.signal)
		}
	}
	return d.signal
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.serial++
	if d.past {
		d.past, d.signal = false, nil
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.pass()
		return
	}
	serial := d.serial
	d.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.serial == serial { // else it was replaced while it fired
			d.pass()
		}
	})
}

// pass lets the deadline pass; d.mu is held.
func (d *deadline) pass() {
	d.past = true
	if d.signal != nil {
		close(d.signal)
	}
}
