package loop

import (
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/paf-go/paf/engine"
)

// Tidying up.
//
// Ten thousand connections that come, are answered once and are idle from then on leave tens of megabytes of garbage behind, and little
// that is alive. The runtime collects when the heap has doubled, or after two minutes: a server that has gone quiet would be as large as it was
// at its busiest until then. So when many connections have been parked, and none has been for a while, the group asks for a collection,
// unless what they can have left is little beside what the program holds. A collection looks at what the program holds: each parked connection so
// pays for looking at four times what it has left at the most, some microseconds, however large the program is.

const (
	litterOf    = 4 << 10 // bytes, at the least, that a connection leaves which is opened, serves a request and is parked
	litterMin   = 2 << 20 // less is not worth the while
	litterShare = 4       // the part of what a collection looks at that litter must be at the least: one fourth
	litterRest  = 2 * time.Second
)

// A litter is what parked connections have left since the group last tidied up. The group's lock guards it.
type litter struct {
	bytes int
	since engine.Instant // the last of them
}

func (l *litter) add(now engine.Instant) {
	l.bytes += litterOf
	l.since = now
}

// due reports whether it is time to tidy up; then there is no litter any more.
func (l *litter) due(now engine.Instant) bool {
	if l.bytes < litterMin || !past(l.since.After(litterRest), now) {
		return false
	}
	held := [3]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}} // these of the latest collection
	metrics.Read(held[:])
	looked := uint64(0)
	for i := range held {
		looked += held[i].Value.Uint64()
	}
	if uint64(l.bytes) < looked/litterShare {
		return false
	}
	l.bytes = 0
	return true
}

// tidy has the garbage collected: twice, for what lies in a sync.Pool outlives the first time. The runtime gives memory back to the
// system by and by.
func tidy() {
	runtime.GC()
	runtime.GC()
}
