package h2

import (
	"time"

	"github.com/paf-go/paf/engine"
)

// floods counts what costs us something and the peer nothing. Each kind has its limit in engine.Limits: so
// many within floodTime, and one more for each exchange that was completed meanwhile.
type floods struct {
	resets, settings, pings, priorities, empty, windows, unknown allowance
}

const floodTime = 10 * time.Second

// An allowance counts one kind of thing.
type allowance struct {
	used  int
	since engine.Instant // of the first that is counted
}

// spend counts one, and reports whether that is within the limit.
func (a *allowance) spend(now engine.Instant, limit int) bool {
	if a.used <= 0 || now-a.since >= engine.Instant(floodTime) {
		a.used, a.since = 0, now
	}
	a.used++
	return a.used <= limit
}

// spend counts something that the peer has done, and faults the connection when it is too much.
func (c *conn) spend(ev *engine.Event, a *allowance, limit int, r rule) bool {
	if a.spend(c.now, limit) {
		return true
	}
	c.fault(ev, r, "")
	return false
}

// earn is called when an exchange has been completed.
func (f *floods) earn() {
	for _, a := range [...]*allowance{&f.resets, &f.settings, &f.pings, &f.priorities, &f.empty, &f.windows, &f.unknown} {
		a.used = max(0, a.used-1)
	}
}
