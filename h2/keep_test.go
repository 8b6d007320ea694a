package h2_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// A connection that waits for its next exchange keeps nothing of heads that are too large to be told again, nor of what it took to read them.
func TestALargeHeadIsNotKept(t *testing.T) {
	const pairs = 64
	holds := func(fields, size int) int {
		var before, after runtime.MemStats
		var kept []any
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range pairs {
			kept = append(kept, exchanged(t, fields, size)...)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(kept)
		return int(after.HeapAlloc-before.HeapAlloc) / pairs
	}
	small := holds(1, 10) // that of reading is bounded by a few KiB
	for _, large := range []int{holds(50, 1<<10), holds(1000, 0)} {
		if large > small+24<<10 {
			t.Errorf("a client and a server keep %d bytes after large heads, and %d after small ones", large, small)
		}
	}
}

// exchanged returns the engines of a client and a server between which a request and a response with such fields have gone.
func exchanged(t *testing.T, fields, size int) []any {
	limits := engine.Limits{Fields: -1}
	c, s := h2.NewClient(limits, 1), h2.NewServer(limits, 1)
	ce, se := &end{eng: c}, &end{eng: s}
	r, answer := get("/"), &semantics.Response{Status: 200}
	for i := range fields {
		f := semantics.Field{Name: fmt.Sprint("x-", i), Value: strings.Repeat("x", size), Sensitive: true} // of which no table keeps anything
		r.Fields.AddField(f)
		answer.Fields.AddField(f)
	}
	id, err := c.Request(&ce.out, r, 0)
	if err == nil {
		err = c.End(&ce.out, id, nil)
	}
	ce.flush(se)
	ev := se.step(ce)
	for ; ev == nil; ev = se.step(ce) { // its settings
		for ce.step(se) != nil {
		}
	}
	if err == nil {
		err = s.Respond(&se.out, ev.Stream, answer, 0)
	}
	if err == nil {
		err = s.End(&se.out, ev.Stream, nil)
	}
	se.flush(ce)
	got := ce.step(se)
	for range 3 {
		if got == nil {
			got = ce.step(se)
		}
	}
	if err != nil || got == nil || got.Kind != engine.Response || got.Response.Fields.Len() < fields {
		t.Fatalf("%v: %+v", err, got)
	}
	return []any{c, s}
}
