package loop

import (
	"runtime"
	"sync"
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

// A collection looks at stacks, too: where a program has many goroutines little litter is not worth it.
func TestStacksCountAsWhatAProgramHolds(t *testing.T) {
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for range 256 {
		ready.Add(1)
		done.Go(func() { deep(256, func() { ready.Done(); <-release }) })
	}
	ready.Wait()
	runtime.GC() // the first one that is asked for finds out
	var l litter
	for range litterMin / litterOf {
		l.add(1)
	}
	if l.due(engine.Instant(1).After(litterRest)) {
		t.Error("2 MiB of litter are due beside 64 MiB of stacks")
	}
	close(release)
	done.Wait()
}

// deep runs f with a KiB of stack for each level.
//
//go:noinline
func deep(levels int, f func()) byte {
	var room [1 << 10]byte
	if levels == 0 {
		f()
		return 0
	}
	return deep(levels-1, f) + room[levels%len(room)]
}
