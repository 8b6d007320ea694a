package h2_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// FuzzPair has a client and a server do what bytes spell: exchanges side by side, content in pieces, resets, shutdowns,
// time that passes, and transport that cuts anywhere. Whatever they are told to do, neither may find fault with the
// other's connection, what comes of a message is a beginning of what was sent, and nothing is left in the end.
func FuzzPair(f *testing.F) {
	f.Add([]byte("q0>R<d1>D2<e1>E2<"), uint16(7), uint32(0))
	f.Add([]byte("q1q2q3>>RRRD9D9<<c9c9D9D9<<E0x1X2>>"), uint16(1), uint32(10))
	f.Add([]byte("q5d9d9d9>d9>c9<>d9>s0><q1>R0<E0<S0<>t9t9>"), uint16(300), uint32(1<<20))
	f.Add([]byte("q7e0>i0R2E0<t5<q7>z0<>"), uint16(50), uint32(3))
	f.Add([]byte("q\x05>"+"\x00d\xff>\x00C\xffC\xffC\xffC\xff<\x00d\xff>\x00C\xffC\xffC\xffC\xff<\x00d\xff>\x00e\x00>\x00"), uint16(9999), uint32(0))
	f.Add([]byte("q\x01>\x00R\x00D\xff<\x00c\xffc\xffc\xffc\xff>\x00D\xff<\x00c\xffc\xffc\xffc\xff>\x00D\xffE\x01<\x00"), uint16(9999), uint32(0))
	f.Fuzz(func(t *testing.T, ops []byte, cut uint16, window uint32) {
		if len(ops) > 400 {
			return
		}
		p := newPair(t, int(cut)+1, int(window%(1<<24)))
		for i := 0; i+1 < len(ops); i += 2 {
			p.do(ops[i], int(ops[i+1]))
		}
		p.settle()
	})
}

// A side is one of the two, with what it has said and heard on each stream.
type side struct {
	eng   engine.Engine
	in    []byte
	out   engine.Output
	open  []engine.StreamID
	said  map[engine.StreamID][]byte
	heard map[engine.StreamID][]byte
	whole map[engine.StreamID]bool // the other side's message has ended
	ended map[engine.StreamID]bool // ours
}

type pair struct {
	t    *testing.T
	now  engine.Instant
	cut  int
	c, s *side
}

func newPair(t *testing.T, cut, window int) *pair {
	limits := engine.Limits{Window: window, WindowMax: 4 * window, Streams: 5, StallTimeout: -1, ContentTimeout: -1, HeadTimeout: -1, Resets: -1, WindowUpdates: -1, Pings: -1, Settings: -1}
	p := &pair{t: t, now: 1, cut: cut}
	for _, at := range []struct {
		side **side
		eng  engine.Engine
	}{{&p.c, h2.NewClient(limits, 1)}, {&p.s, h2.NewServer(limits, 1)}} {
		*at.side = &side{eng: at.eng, said: map[engine.StreamID][]byte{}, heard: map[engine.StreamID][]byte{}, whole: map[engine.StreamID]bool{}, ended: map[engine.StreamID]bool{}}
	}
	return p
}

// do does one thing: a capital letter is the server's, a small one the client's.
func (p *pair) do(op byte, arg int) {
	me := p.c
	if 'A' <= op && op <= 'Z' {
		me = p.s
	}
	var id engine.StreamID
	if len(me.open) > 0 {
		id = me.open[arg%len(me.open)]
	}
	switch op {
	case 'q':
		p.request(arg)
	case 'R':
		length := []int64{-1, 0, 5, 1 << 20}[arg>>2&3]
		_ = p.s.eng.(engine.Server).Respond(&p.s.out, id, &semantics.Response{Status: []int{200, 103, 204, 404}[arg&3], Fields: semantics.FieldsOf("X-Field", "value")}, length)
	case 'd', 'D':
		content := bytes.Repeat([]byte{byte(arg), byte(len(me.said[id]))}, 1+arg*arg)
		if n, err := me.eng.Data(&me.out, id, content); err == nil {
			me.said[id] = append(me.said[id], content[:n]...)
		}
	case 'e', 'E':
		var trailer *semantics.Fields
		if arg&1 != 0 {
			fields := semantics.FieldsOf("X-Sum", "1")
			trailer = &fields
		}
		if me.eng.End(&me.out, id, trailer) == nil {
			me.ended[id] = true
		}
	case 'x', 'X':
		me.eng.Reset(&me.out, id, engine.Code(arg%14))
	case 'c', 'C':
		me.eng.(engine.Multiplexed).Consumed(p.now, id, arg*64)
	case 's', 'S':
		me.eng.Shutdown(&me.out)
	case 't', 'T':
		p.now += engine.Instant(time.Duration(arg) * time.Second)
		me.eng.Deadline(p.now)
		me.eng.Tick(p.now)
		p.hear(me, p.other(me))
	case 'z', 'Z':
		me.eng.(engine.Multiplexed).Ready(&me.out)
	case '>', '}':
		p.move(p.c, p.s)
	case '<', '{':
		p.move(p.s, p.c)
	}
}

func (p *pair) other(me *side) *side {
	if me == p.c {
		return p.s
	}
	return p.c
}

func (p *pair) request(arg int) {
	r := get("/")
	r.Method = []string{"GET", "POST", "HEAD", "PUT"}[arg&3]
	length := []int64{0, -1, 5, 1 << 20}[arg>>2&3]
	if id, err := p.c.eng.(engine.Client).Request(&p.c.out, r, length); err == nil {
		p.c.open = append(p.c.open, id)
	}
}

// move moves all output of one side to the other.
func (p *pair) move(from, to *side) {
	from.eng.Flush(&from.out)
	wire := bytes.Join(from.out.AppendTo(nil), nil)
	from.out.Reset()
	for len(wire) > 0 {
		n := min(len(wire), p.cut)
		to.in = append(to.in, wire[:n]...)
		wire = wire[n:]
		p.hear(to, from)
	}
}

// hear has a side read what has come.
func (p *pair) hear(me, from *side) {
	for {
		var ev engine.Event
		n := me.eng.Next(p.now, me.in, &ev)
		data := bytes.Clone(ev.Data)
		me.in = me.in[n:]
		id := ev.Stream
		switch ev.Kind {
		case engine.NoEvent:
			return
		case engine.Request:
			me.open = append(me.open, id)
		case engine.Data:
			me.heard[id] = append(me.heard[id], data...)
			if !bytes.HasPrefix(from.said[id], me.heard[id]) {
				p.t.Fatalf("stream %d: %d bytes were heard that were not said", id, len(me.heard[id]))
			}
		case engine.Fault:
			if ev.Err.Scope == engine.Connection || !excused[ev.Err.Rule] {
				p.t.Fatal(ev.Err)
			}
		}
		if ev.End || ev.Kind == engine.End {
			if me.whole[id] {
				p.t.Fatalf("stream %d has ended twice", id)
			}
			me.whole[id] = true
			if len(me.heard[id]) != len(from.said[id]) && !silent(from) {
				p.t.Fatalf("stream %d: %d bytes were heard of %d", id, len(me.heard[id]), len(from.said[id]))
			}
		}
	}
}

// excused are the faults of streams that an engine's user can bring about.
var excused = map[engine.Rule]bool{
	"RFC 9113, Section 6.4: the peer has reset the stream":                            true,
	"RFC 9110, Section 15.2: there are more interim responses than the limit Interim": true,
	engine.RuleRefused: true,
}

// silent reports whether a side's content may not be sent: a server's, to HEAD and with 204.
func silent(s *side) bool { _, is := s.eng.(engine.Server); return is }

// settle abandons all that is open, lets both hear of it, and looks whether anything is left.
func (p *pair) settle() {
	for range 3 {
		p.move(p.c, p.s)
		p.move(p.s, p.c)
	}
	for _, me := range []*side{p.c, p.s} {
		for _, id := range me.open {
			me.eng.Reset(&me.out, id, 0)
		}
	}
	for range 3 {
		p.move(p.c, p.s)
		p.move(p.s, p.c)
		for _, me := range []*side{p.c, p.s} {
			for _, id := range me.open {
				me.eng.Reset(&me.out, id, 0)
			}
		}
	}
	if n, m := p.c.eng.Streams(), p.s.eng.Streams(); n != 0 || m != 0 {
		p.t.Fatalf("%d and %d streams are left", n, m)
	}
}
