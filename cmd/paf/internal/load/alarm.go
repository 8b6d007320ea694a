package load

import "time"

// An alarm wakes the goroutine that waits for the next request to be due.
type alarm interface {
	// sleep returns after ns nanoseconds, or when the alarm is closed.
	sleep(ns int64)
	// close wakes the sleeper, and is called once.
	close()
}

// timers are an alarm as precise as the runtime's timers.
type timers struct{ closed chan struct{} }

func newTimers() alarm { return timers{make(chan struct{})} }

func (a timers) sleep(ns int64) {
	if ns <= 0 {
		return
	}
	t := time.NewTimer(time.Duration(ns))
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.closed:
	}
}

func (a timers) close() { close(a.closed) }
