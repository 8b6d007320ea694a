package script

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// command does what a line says. The error is one of the script; those of the engine are outcomes.
func (r *run) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	stream := r.stream
	if name, after, _ := strings.Cut(rest, " "); strings.HasPrefix(name, "@") {
		n, err := strconv.Atoi(name[1:])
		if err != nil {
			return err
		}
		stream, rest = engine.StreamID(n), after
	}
	switch verb {
	case "respond", "request", "end":
		return r.withFields(verb, stream, rest)
	case "data":
		text, err := Unescape(rest)
		if err != nil {
			return err
		}
		r.content(stream, []byte(text))
	case "fill":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		r.content(stream, bytes.Repeat([]byte("x"), n))
	case "verbatim":
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return err
		}
		more := r.eng.(engine.Verbatim).Verbatim(stream, n)
		r.outcome = append(r.outcome, fmt.Sprintf("= may put %d", more))
	case "reset":
		code, _ := strconv.Atoi(rest) // none is 0
		r.eng.Reset(&r.out, stream, engine.Code(code))
	case "consumed":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		r.eng.(engine.Multiplexed).Consumed(r.now, stream, n)
	case "ready":
		for id := r.eng.(engine.Multiplexed).Ready(&r.out); id != 0; id = r.eng.(engine.Multiplexed).Ready(&r.out) {
			r.outcome = append(r.outcome, fmt.Sprintf("= ready %d", id))
		}
	case "capacity":
		r.outcome = append(r.outcome, fmt.Sprintf("= capacity %d", r.eng.(engine.Client).Capacity()))
	case "shutdown":
		r.eng.Shutdown(&r.out)
	case "flush": // each step ends with it
	case "eof":
		r.eng.EOF(r.now, rest != "broken")
	case "wait", "work":
		return r.pass(verb, rest)
	default:
		return fmt.Errorf("no command %q", verb)
	}
	r.pump()
	return nil
}

// content gives content, and notes how much was taken if that is not all.
func (r *run) content(stream engine.StreamID, p []byte) {
	n, err := r.eng.Data(&r.out, stream, p)
	if err == nil && n < len(p) {
		r.outcome = append(r.outcome, fmt.Sprintf("= took %d", n))
	}
	r.failed(err)
}

// pass lets time pass. A loop that waits asks for the deadline first, and says when it
// has come.
func (r *run) pass(verb, duration string) error {
	d, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	until := r.now + engine.Instant(d)
	if verb == "work" {
		r.now = until
		return nil
	}
	due := r.eng.Deadline(r.now)
	if due != 0 && due <= until {
		r.outcome = append(r.outcome, fmt.Sprintf("= deadline after %v", time.Duration(due-r.now)))
		r.now = max(due, r.now)
		r.eng.Tick(r.now)
		r.pump()
	}
	r.now = until
	r.pump() // a loop that has waited asks again
	return nil
}

// withFields gives a command that has fields.
func (r *run) withFields(verb string, stream engine.StreamID, rest string) error {
	parts := strings.Split(" "+rest, " | ")
	var fields semantics.Fields
	for _, p := range parts[1:] {
		text, err := Unescape(p)
		if err != nil {
			return err
		}
		name, value, _ := strings.Cut(text, ":")
		fields.Add(name, strings.TrimPrefix(value, " "))
	}
	args := strings.Fields(parts[0])
	switch verb {
	case "respond":
		return r.respond(stream, args, fields)
	case "request":
		return r.request(args, fields)
	}
	var trailer *semantics.Fields
	if len(parts) > 1 {
		trailer = &fields
	}
	r.failed(r.eng.End(&r.out, stream, trailer))
	r.pump()
	return nil
}

func (r *run) respond(stream engine.StreamID, args []string, fields semantics.Fields) error {
	if len(args) == 0 {
		return fmt.Errorf("respond STATUS [LENGTH] [REASON]")
	}
	status, err := strconv.Atoi(args[0])
	length := int64(0)
	if err == nil && len(args) > 1 {
		length, err = strconv.ParseInt(args[1], 10, 64)
	}
	if err != nil {
		return err
	}
	head := semantics.Response{Status: status, Fields: fields}
	if len(args) > 2 {
		if head.Reason, err = Unescape(strings.Join(args[2:], " ")); err != nil {
			return err
		}
	}
	r.failed(r.eng.(engine.Server).Respond(&r.out, stream, &head, length))
	r.pump()
	return nil
}

func (r *run) request(args []string, fields semantics.Fields) error {
	head := semantics.Request{Fields: fields, Protocol: semantics.HTTP11}
	if k := len(args) - 1; k >= 0 && strings.HasPrefix(args[k], "protocol=") {
		head.Upgrade, args = strings.TrimPrefix(args[k], "protocol="), args[:k]
	}
	if len(args) > 0 && args[len(args)-1] == "HTTP/1.0" {
		head.Protocol, args = semantics.HTTP10, args[:len(args)-1]
	}
	length := int64(0)
	var err error
	if len(args) == 3 {
		length, err = strconv.ParseInt(args[2], 10, 64)
	} else if len(args) != 2 {
		err = fmt.Errorf("request METHOD TARGET [LENGTH] [HTTP/1.0] [protocol=NAME]")
	}
	if err != nil {
		return err
	}
	if head.Method, err = Unescape(args[0]); err != nil {
		return err
	}
	if head.Target.Raw, err = Unescape(args[1]); err != nil {
		return err
	}
	method := head.Method
	if head.Upgrade != "" {
		method = semantics.MethodGet // RFC 8441, Section 4: the target is that of any other request
	}
	if t, terr := semantics.ParseTarget(method, head.Target.Raw); terr == nil {
		head.Target = t
	}
	id, rerr := r.eng.(engine.Client).Request(&r.out, &head, length)
	if rerr == nil {
		r.stream = id
	}
	r.failed(rerr)
	r.pump()
	return nil
}
