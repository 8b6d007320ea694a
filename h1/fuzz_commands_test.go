package h1_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/semantics"
)

// tight limits make it likely that one is reached.
var tight = engine.Limits{
	HeadBytes: 120, TargetBytes: 40, Fields: 5, TrailerBytes: 30, ContentBytes: 12,
	ChunkLineBytes: 16, ChunkOverhead: 24, Interim: 2,
}

// FuzzCommands gives both sides commands that may be wrong, between bytes that may be too. No
// command may panic, what is refused must leave the output as it was, and all that is
// refused is an *engine.Error with blame Caller.
func FuzzCommands(f *testing.F) {
	f.Add([]byte("r\x00d\x01e\x00"), []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "X", "y", true)
	f.Add([]byte("q\x00d\x01e\x00n"), []byte("HTTP/1.1 200 OK\r\n\r\n"), "Connection", "close", false)
	f.Add([]byte("nr\x01nq\x03ze\x00d\x02"), []byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), "Content-Length", "1", true)
	f.Add([]byte("nr\x02zxt\xffwe\x01"), []byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), "Upgrade", "x\r\nA: b", true)
	f.Add([]byte("zr\x04e\x00"), []byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), "Upgrade", "x", true)
	f.Add([]byte("q\x0be\x00zfw\x00t\xff"), []byte("HTTP/1.1 101 \r\n\r\nx"), "Upgrade", "x", false)
	f.Fuzz(func(t *testing.T, ops, in []byte, name, value string, isServer bool) {
		var eng engine.Engine = h1.NewClient(tight, second)
		if isServer {
			eng = h1.NewServer(tight, second)
		}
		o := &operator{drive: drive{t: t, eng: eng, now: second}, in: in, id: 1, name: name, value: value, fields: semantics.FieldsOf(name, value)}
		o.onEvent = func(ev *engine.Event) { o.id = max(o.id, ev.Stream) }
		for i, op := range ops {
			arg := 0
			if i+1 < len(ops) {
				arg = int(ops[i+1])
			}
			before := o.out.Len()
			o.check(op, before, o.run(op, arg))
		}
		o.pump()
		if s := eng.Streams(); s != 0 && s != 1 {
			t.Fatalf("%d streams", s)
		}
		o.noInjection()
	})
}

// An operator gives an engine the commands that bytes spell.
type operator struct {
	drive
	in          []byte // what the peer has not sent yet
	id          engine.StreamID
	name, value string
	fields      semantics.Fields
}

func (o *operator) run(op byte, arg int) (err error) {
	switch op {
	case 'r':
		return o.respond(arg)
	case 'q':
		return o.request(arg)
	case 'd':
		_, err = o.eng.Data(&o.out, o.id, []byte("abc")[:arg%4])
	case 'e':
		var trailer *semantics.Fields
		if arg&1 != 0 {
			trailer = &o.fields
		}
		err = o.eng.End(&o.out, o.id, trailer)
	case 'v':
		v := o.eng.(engine.Verbatim)
		before := v.Verbatim(o.id, 0)
		after := v.Verbatim(o.id, int64(arg))
		if after < 0 || after > before || before < int64(arg) && after != 0 {
			o.t.Fatalf("%d bytes may follow %d of %d", after, arg, before)
		}
	case 'z', 'n': // all that is left, or three bytes
		n := len(o.in)
		if op == 'n' {
			n = min(n, 3)
		}
		o.feed(o.in[:n], bySize(arg+1))
		o.in = o.in[n:]
	case 'x':
		o.eng.Reset(&o.out, o.id, 0)
	case 's':
		o.eng.Shutdown(&o.out)
	case 'f':
		o.eng.EOF(o.now, true)
		o.pump()
	case 't':
		o.now += engine.Instant(time.Duration(arg) * time.Second)
		o.eng.Tick(o.now)
		o.pump()
	case 'w':
		if due := o.eng.Deadline(o.now); due < 0 {
			o.t.Fatalf("a deadline at %d", due)
		}
	}
	return err
}

func (o *operator) respond(arg int) error {
	s, ok := o.eng.(engine.Server)
	if !ok {
		return nil
	}
	status := []int{200, 204, 304, 100, 101, 205, 426, 99, 600, 103}[arg%10]
	reason := o.value[:min(len(o.value), arg&1)]
	return s.Respond(&o.out, o.id, &semantics.Response{Status: status, Fields: o.fields, Reason: reason}, lengthOf(arg))
}

func (o *operator) request(arg int) error {
	c, ok := o.eng.(engine.Client)
	if !ok {
		return nil
	}
	method := []string{"GET", "HEAD", "POST", "CONNECT", "TRACE", o.name}[arg%6]
	target := semantics.Target{Form: semantics.AbsoluteForm, Scheme: o.name, Path: o.value, Authority: "a"}
	if arg&8 != 0 {
		target = semantics.Target{Path: "/" + o.name, Query: o.value, Authority: "a", Form: semantics.Form(arg >> 6)}
	}
	id, err := c.Request(&o.out, &semantics.Request{Method: method, Target: target, Protocol: semantics.HTTP11, Fields: o.fields}, lengthOf(arg))
	if err == nil {
		o.id = id
	}
	return err
}

func lengthOf(arg int) int64 { return []int64{0, -1, 3, 1 << 40}[arg>>4&3] }

// check looks at what a command has come to.
func (o *operator) check(op byte, before int, err error) {
	if err == nil {
		return
	}
	e, ok := err.(*engine.Error)
	if !ok || e.Blame != engine.Caller || e.Rule == "" {
		o.t.Fatalf("%q is refused with %#v", op, err)
	}
	if o.out.Len() != before {
		o.t.Fatalf("%q put %q on the wire and was refused with %v", op, o.out.Buf[before:], err)
	}
}

// noInjection checks that no line end in what a caller gave has reached the wire: nothing
// else on it has one between two letters that are its own.
func (o *operator) noInjection() {
	for _, given := range []string{o.name, o.value} {
		if strings.ContainsAny(given, "\r\n\x00") && len(given) > 20 && bytes.Contains(o.out.Buf, []byte(given)) {
			o.t.Fatalf("%q is on the wire: %q", given, o.out.Buf)
		}
	}
	for line := range bytes.SplitSeq(o.out.Buf, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n\x00") {
			o.t.Fatalf("the line %q is on the wire", line)
		}
	}
}
