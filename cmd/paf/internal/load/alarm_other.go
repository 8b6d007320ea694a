//go:build !linux

package load

import "time"

// An alarm wakes its goroutine, as precisely as the system's timers do.
type alarm struct{ closed chan struct{} }

func newAlarm() (alarm, error) { return alarm{make(chan struct{})}, nil }

// sleep returns after ns nanoseconds, or when the alarm is closed.
func (a *alarm) sleep(ns int64) {
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

// close wakes the sleeper.
func (a *alarm) close() { close(a.closed) }
