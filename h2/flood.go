package h2

import (
	"time"

	"github.com/paf-go/paf/engine"
)

// floods counts what costs us something and the peer nothing. Each kind has its limit in engine.Limits: so
// many within floodTime, and one more for each exchange that was completed meanwhile.
type floods struct {
	resets, settings, pings, priorities, empty, windows, unknown allowance

	credits int64 // frames that give back credit for what has been sent, and have not come yet
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

// sentData notes what has been sent, for which the peer will have to give credit: it does so when it has read that, which may be much later,
// and all at once.
func (f *floods) sentData(n int) { f.credits += 1 + int64(n>>10) }

// spendCredit counts a frame that gives credit.
func (c *conn) spendCredit(ev *engine.Event) {
	if c.flood.credits > 0 {
		c.flood.credits--
	} else {
		c.spend(ev, &c.flood.windows, c.limits.WindowUpdates, ruleFloodWindow)
	}
}

// earn is called when an exchange has been completed.
func (f *floods) earn() {
	for _, a := range [...]*allowance{&f.resets, &f.settings, &f.pings, &f.priorities, &f.empty, &f.windows, &f.unknown} {
		a.used = max(0, a.used-1)
	}
}
