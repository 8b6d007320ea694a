package loop

import (
	"runtime"
	"testing"

	"github.com/paf-go/paf/engine"
)

func TestLitterIsDueWhenItIsMuchAndAWhileHasPassed(t *testing.T) {
	const start = engine.Instant(1)
	rested := start.After(litterRest)
	runtime.GC()
	held := make([]byte, 64<<20) // what a program holds besides, which a collection would have to look at
	for _, test := range []struct {
		name  string
		conns int
		now   engine.Instant
		due   bool
	}{
		{"nothing", 0, rested, false},
		{"little", litterMin/litterOf - 1, rested, false},
		{"much, beside a program that holds more", litterMin / litterOf, rested, false},
		{"much", 2 * len(held) / litterShare / litterOf, rested, true},
		{"much, of late", 2 * len(held) / litterShare / litterOf, rested - 1, false},
	} {
		var l litter
		for range test.conns {
			l.add(start)
		}
		if due := l.due(test.now); due != test.due {
			t.Errorf("%s: due is %t", test.name, due)
		} else if due && l.due(test.now) {
			t.Errorf("%s: due twice", test.name)
		}
	}
	runtime.KeepAlive(held)
}
