package script

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A Maker makes the engine that a case runs.
type Maker func(role string, limits engine.Limits, now engine.Instant) engine.Engine

// A run is one case with one engine.
type run struct {
	eng     engine.Engine
	way     Way
	now     engine.Instant
	pending []byte
	out     engine.Output
	wire    []byte // what has left out
	stream  engine.StreamID
	state   engine.State
	outcome []string        // of the step in progress
	data    []byte          // content that has come and is not told yet
	on      engine.StreamID // its stream
	writing Notation
	Rules   []engine.Rule
}

// A Result is what came of a case: the outcomes of each step, all output, and the rules that were broken.
type Result struct {
	Steps [][]string
	Wire  []byte
	Rules []engine.Rule
}

// Run runs the case in one way.
func (c *Case) Run(maker Maker, way Way) (Result, error) {
	limits, err := parseLimits(c.Setup)
	if err != nil {
		return Result{}, err
	}
	r := &run{way: way, now: 1, writing: c.notation()}
	r.eng = maker(c.Role, limits, r.now)
	r.out.SegmentMin = way.SegmentMin
	var res Result
	at := 0
	for i := range c.Steps {
		s := &c.Steps[i]
		r.outcome = nil
		if s.Input != nil {
			r.feed(s.Input, at)
			at += len(s.Input)
		} else if err := r.command(s.Command); err != nil {
			return res, fmt.Errorf("line %d: %w", s.Line, err)
		}
		r.told()
		r.sent()
		if state := r.eng.State(); state != r.state {
			r.state = state
			r.outcome = append(r.outcome, "= "+state.String())
		}
		res.Steps = append(res.Steps, r.outcome)
	}
	r.drain(-1)
	res.Wire, res.Rules = r.wire, r.Rules
	return res, nil
}

// feed shows input, cut as the way says; at is where in the case's input it begins.
func (r *run) feed(in []byte, at int) {
	for len(in) > 0 {
		n := r.way.piece(at, len(in))
		r.pending = append(r.pending, in[:n]...)
		in, at = in[n:], at+n
		r.pump()
	}
}

// pump asks for events until there is none.
func (r *run) pump() {
	for {
		var ev engine.Event
		shown := bytes.Clone(r.pending) // no spare capacity, and nobody else's
		shown = shown[:len(shown):len(shown)]
		n := r.eng.Next(r.now, shown, &ev)
		if n < 0 || n > len(shown) {
			panic(fmt.Sprintf("script: Next consumed %d of %d bytes", n, len(shown)))
		}
		r.pending = r.pending[n:]
		content := bytes.Clone(ev.Data)
		for i := range shown {
			shown[i] = 0xee // so that whatever is kept of it shows
		}
		ev.Data = content
		if ev.Kind == engine.NoEvent {
			return
		}
		r.tell(&ev)
	}
}

// tell notes an event. Content is told as a whole, for how it is cut is not laid down.
func (r *run) tell(ev *engine.Event) {
	if ev.Kind == engine.Data {
		if ev.Stream != r.on {
			r.told()
		}
		r.on, r.stream = ev.Stream, ev.Stream
		r.data = append(r.data, ev.Data...)
		return
	}
	r.told()
	if ev.Stream != 0 {
		r.stream = ev.Stream
	}
	line := "= " + ev.Kind.String()
	if ev.Stream != 0 {
		line += " " + strconv.Itoa(int(ev.Stream))
	}
	var fields *semantics.Fields
	switch {
	case ev.Kind == engine.Fault:
		r.Rules = append(r.Rules, ev.Err.Rule)
		line += fmt.Sprintf(" %d ", ev.Err.Status)
		if ev.Err.Code != 0 {
			line += fmt.Sprintf("code=%d ", ev.Err.Code)
		}
		line += string(ev.Err.Rule)
		if ev.Err.Blame != engine.Peer {
			line += " BLAME " + strconv.Itoa(int(ev.Err.Blame))
		}
		if ev.Request != nil {
			line += " of " + ev.Request.Method
		}
	case ev.Kind == engine.Request:
		t := ev.Request.Target
		line += " " + ev.Request.Method + " " + Escape([]byte(t.Raw)) + " " + ev.Request.Protocol.String() + r.message(ev)
		if ev.Request.Upgrade != "" {
			line += " protocol=" + ev.Request.Upgrade
		}
		if t.Form != semantics.OriginForm {
			line += " " + t.Form.String() + " authority=" + t.Authority + " path=" + t.Path
		}
		fields = &ev.Request.Fields
	case ev.Kind == engine.Response, ev.Kind == engine.Interim:
		line += fmt.Sprintf(" %s %d %s", ev.Response.Protocol, ev.Response.Status, Escape([]byte(ev.Response.Reason)))
		if ev.Kind == engine.Response {
			line += r.message(ev)
		}
		fields = &ev.Response.Fields
	case ev.Kind == engine.End:
		fields = ev.Trailer
	}
	r.outcome = append(r.outcome, line)
	if fields != nil {
		for name, value := range fields.All() {
			r.outcome = append(r.outcome, "=   "+Escape([]byte(name+": "+value)))
		}
	}
}

func (r *run) message(ev *engine.Event) string {
	s := " length=" + strconv.FormatInt(ev.Length, 10)
	if ev.End {
		s += " end"
	}
	if ev.Expect {
		s += expect
	}
	return s
}

// expect marks a request whose client waits. That depends on what has come with the
// head, hence on how the input was cut.
const expect = " expect"

// told notes the content that has come.
func (r *run) told() {
	if len(r.data) == 0 {
		return
	}
	line := "= data "
	if _, many := r.eng.(engine.Multiplexed); many {
		line += strconv.Itoa(int(r.on)) + " "
	}
	if len(r.data) > 100 {
		line += fmt.Sprintf("of %d bytes", len(r.data))
	} else {
		line += Escape(r.data)
	}
	r.outcome = append(r.outcome, line)
	r.data = nil
}

// sent notes the output, unless the way has it leave slowly.
func (r *run) sent() {
	r.eng.Flush(&r.out)
	if r.way.Drain > 0 {
		r.drain(r.way.Drain)
		return
	}
	from := len(r.wire)
	r.drain(-1)
	for _, line := range r.writing.Write(r.wire[from:]) {
		r.outcome = append(r.outcome, "< "+line)
	}
}

// drain takes up to n bytes off the output, all of it if n is negative.
func (r *run) drain(n int) {
	all := bytes.Join(r.out.AppendTo(nil), nil)
	if n < 0 || n > len(all) {
		n = len(all)
	}
	r.wire = append(r.wire, all[:n]...)
	r.out.Reset()
	r.out.Buf = append(r.out.Buf, all[n:]...)
}

// failed notes the error of a command.
func (r *run) failed(err error) {
	var e *engine.Error
	switch {
	case err == nil:
	case errors.As(err, &e):
		r.Rules = append(r.Rules, e.Rule)
		r.outcome = append(r.outcome, "= error "+[...]string{"", "peer", "caller", "self"}[e.Blame]+" "+string(e.Rule))
	default:
		r.outcome = append(r.outcome, "= error of another type: "+err.Error())
	}
}

// parseLimits reads Name=value pairs; a value is a number, a duration, or yes.
func parseLimits(setup string) (l engine.Limits, err error) {
	v := reflect.ValueOf(&l).Elem()
	for _, word := range strings.Fields(setup) {
		name, value, _ := strings.Cut(word, "=")
		f := v.FieldByName(name)
		if !f.IsValid() {
			return l, fmt.Errorf("no limit %q", name)
		}
		if f.Kind() == reflect.Bool {
			f.SetBool(value == "yes")
			continue
		}
		var n int64
		if d, derr := time.ParseDuration(value); derr == nil {
			n = int64(d)
		} else if n, err = strconv.ParseInt(value, 10, 64); err != nil {
			return l, err
		}
		f.SetInt(n)
	}
	return l, nil
}
