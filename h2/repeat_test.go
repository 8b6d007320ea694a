package h2_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// Heads that come again and again, with others between them that change the tables, are understood as what was said.
func TestRepeatedHeadsAreUnderstood(t *testing.T) {
	c, s := h2.NewClient(engine.Limits{}, 1), h2.NewServer(engine.Limits{}, 1)
	ce, se := &end{eng: c}, &end{eng: s}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		r, status, length := get(fmt.Sprint("/", random.IntN(2))), 200+random.IntN(2), int64(-1)
		switch random.IntN(8) {
		case 0:
			r.Method = "POST"
		case 1:
			r.Target.Query = "q"
		case 2:
			r.Fields.Add("x-once", fmt.Sprint(i, " is long enough to be worth an entry of the table, of which there is not much"))
		case 3:
			r.Fields.AddField(semantics.Field{Name: "authorization", Value: "secret", Sensitive: true})
		case 4:
			r.Fields.Set("Accept", "text/html")
		}
		id, err := c.Request(&ce.out, r, 0)
		if err == nil {
			err = c.End(&ce.out, id, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		ce.flush(se)
		ev := se.step(ce)
		for ; ev == nil; ev = se.step(ce) { // its settings
			for ce.step(se) != nil {
			}
		}
		want, got := r.Target, ev.Request.Target
		if ev.Kind != engine.Request || ev.Request.Method != r.Method || want.Path != got.Path || want.Query != got.Query || want.Authority != got.Authority {
			t.Fatalf("%d: %v is %+v, not %+v", i, ev.Kind, ev.Request, r)
		}
		if r.Method == "POST" {
			r.Fields.Add("content-length", "0")
		}
		if !ev.Request.Fields.Equal(&r.Fields) {
			t.Fatalf("%d: %v is not %v", i, ev.Request.Fields, r.Fields)
		}
		answer := &semantics.Response{Status: status, Fields: semantics.FieldsOf("date", fmt.Sprint("it is ", i/10), "server", "test")}
		if err := s.Respond(&se.out, ev.Stream, answer, length); err != nil {
			t.Fatal(err)
		}
		if err := s.End(&se.out, ev.Stream, nil); err != nil {
			t.Fatal(err)
		}
		se.flush(ce)
		if ev = ce.step(se); ev == nil || ev.Kind != engine.Response || ev.Stream != id || ev.Response.Status != status || !ev.Response.Fields.Equal(&answer.Fields) {
			t.Fatalf("%d: %+v is not %+v", i, ev, answer)
		}
		if ev = ce.step(se); ev == nil || ev.Kind != engine.End {
			t.Fatalf("%d: %+v is no end", i, ev)
		}
		if ce.step(se) != nil || se.step(ce) != nil {
			t.Fatal("there is more")
		}
	}
}

// A head that is sent again is not made anew, and one that comes again is told again.
func TestRepeatedHeadsCostNoMemory(t *testing.T) {
	c, s := h2.NewClient(engine.Limits{}, 1), h2.NewServer(engine.Limits{}, 1)
	ce, se := &end{eng: c}, &end{eng: s}
	r, answer := get("/"), &semantics.Response{Status: 200, Fields: semantics.FieldsOf("server", "test")}
	var ev engine.Event
	next := func(e *end) *engine.Event {
		ev = engine.Event{}
		e.in = e.in[e.eng.Next(1, e.in, &ev):]
		return &ev
	}
	memory := make([]byte, 0, 1<<10)
	say := func(from, to *end) {
		from.eng.Flush(&from.out)
		to.in = append(memory, from.out.Buf...) // the former has been read
		from.out.Reset()
	}
	exchange := func() {
		id, _ := c.Request(&ce.out, r, 0)
		_ = c.End(&ce.out, id, nil)
		say(ce, se)
		for next(se).Kind == engine.Request {
			_ = s.Respond(&se.out, ev.Stream, answer, 0)
			_ = s.End(&se.out, ev.Stream, nil)
		}
		say(se, ce)
		told := 0
		for next(ce).Kind == engine.Response {
			told++
		}
		if told != 1 {
			t.Errorf("%d responses", told)
		}
	}
	for range 4 {
		exchange()
	}
	if n := testing.AllocsPerRun(100, exchange); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

// What changes the table between two heads that are the same, as a trailer section does, changes how the second is said.
func TestRepeatedHeadsFollowTheTable(t *testing.T) {
	c, s := h2.NewClient(engine.Limits{}, 1), h2.NewServer(engine.Limits{}, 1)
	ce, se := &end{eng: c}, &end{eng: s}
	for i := range 50 {
		r := get("/")
		r.Fields.Add("x-kept", "a value that is long enough to be worth an entry of the table, and to be found there")
		id, err := c.Request(&ce.out, r, -1)
		var trailer *semantics.Fields
		if i > 5 {
			f := semantics.FieldsOf("x-sum", fmt.Sprint(i/2, " is as long as that, and another one every other time, so that it has an entry"))
			trailer = &f
		}
		if err == nil {
			err = c.End(&ce.out, id, trailer)
		}
		if err != nil {
			t.Fatal(err)
		}
		ce.flush(se)
		var got *semantics.Request
		for ev := se.step(ce); ev == nil || ev.Kind != engine.End; ev = se.step(ce) {
			switch {
			case ev == nil:
				for ce.step(se) != nil {
				}
			case ev.Kind == engine.Request:
				got = ev.Request
			default:
				t.Fatalf("%d: %v %v", i, ev.Kind, ev.Err)
			}
		}
		if !got.Fields.Equal(&r.Fields) || got.Target.Path != "/" {
			t.Fatalf("%d: %+v is not %+v", i, got, r)
		}
		s.Reset(&se.out, id, 0)
		c.Reset(&ce.out, id, 0)
		se.flush(ce)
		ce.flush(se)
	}
}
