package h2_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// A server that is put to rest after every exchange is understood by a client that knows nothing of it, and understands the
// client: both tables of fields, windows and identifiers go on where they were.
func TestAServerThatRestsGoesOnWhereItWas(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	limits := engine.Limits{Window: 70_000}
	c := h2.NewClient(limits, 1)
	ce, se := &end{eng: c}, &end{eng: h2.NewServer(limits, 1)}
	content := bytes.Repeat([]byte("x"), 30_000) // a few of these shut a window that is not given back
	rests := 0
	for i := range 200 {
		s := se.eng.(*h2.ServerConn)
		r := get(fmt.Sprint("/", rnd.IntN(5)))
		r.Method = "POST"
		for range rnd.IntN(4) {
			r.Fields.Add(fmt.Sprint("request-", rnd.IntN(20)), fmt.Sprint(rnd.IntN(3)))
		}
		answer := &semantics.Response{Status: 200, Fields: semantics.FieldsOf(fmt.Sprint("response-", rnd.IntN(20)), fmt.Sprint(rnd.IntN(3)))}
		id, err := c.Request(&ce.out, r, int64(len(content)))
		for rest := content; len(rest) > 0 && err == nil; {
			var n int
			if n, err = c.Data(&ce.out, id, rest); n == 0 {
				t.Fatalf("the client is shut out in exchange %d", i)
			}
			rest = rest[n:]
		}
		if err == nil {
			err = c.End(&ce.out, id, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		ce.flush(se)
		for ev := se.step(ce); ev != nil; ev = se.step(ce) {
			switch ev.Kind {
			case engine.Request:
				if ev.Stream != id || ev.Request.Target.Path != r.Target.Path || ev.Request.Fields.Len() != r.Fields.Len()+1 { // Content-Length
					t.Fatalf("exchange %d: %+v", i, ev.Request)
				}
			case engine.Data:
				s.Consumed(1, ev.Stream, len(ev.Data))
			case engine.End:
				err := s.Respond(&se.out, id, answer, int64(len(content)))
				for rest := content; len(rest) > 0 && err == nil; {
					var n int
					if n, err = s.Data(&se.out, id, rest); n == 0 {
						t.Fatalf("the server is shut out in exchange %d", i)
					}
					rest = rest[n:]
				}
				if err == nil {
					err = s.End(&se.out, id, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
				s.Reset(&se.out, id, 0)
			case engine.Fault:
				t.Fatalf("exchange %d: %v", i, ev.Err)
			}
		}
		for ev := ce.step(se); ev != nil; ev = ce.step(se) {
			switch ev.Kind {
			case engine.Response:
				if name := answer.Fields.List()[0].Name; ev.Response.Fields.Get(name) != answer.Fields.Get(name) {
					t.Fatalf("exchange %d: %+v", i, ev.Response)
				}
			case engine.Data:
				c.Consumed(1, ev.Stream, len(ev.Data))
			case engine.Fault:
				t.Fatalf("exchange %d: %v", i, ev.Err)
			}
		}
		c.Reset(&ce.out, id, 0)
		for range 3 { // acknowledgments and credit
			ce.flush(se)
			se.step(ce)
			ce.step(se)
		}
		if rested := s.Rest(); rested != nil {
			rests++
			woken := rested.Wake(limits, 1).(*h2.ServerConn)
			if again := woken.Rest(); !reflect.DeepEqual(again, rested) {
				t.Fatalf("it remembers %+v of %+v", again, rested)
			}
			se.eng = woken
		}
	}
	if rests < 150 {
		t.Errorf("it has rested %d times", rests)
	}
}
