package alpn

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/semantics"
)

// A Sniffer is the engine of a server's side of a clear flow until its first bytes have told HTTP/2 from HTTP/1: "prior
// knowledge" (RFC 9113, Section 3.3). It consumes nothing and tells nothing; [Sniffer.Chosen] takes its place. The
// time that it takes counts for the engine that it chooses: bytes that come slowly win none.
type Sniffer struct {
	limits engine.Limits
	opened engine.Instant
	chosen engine.Server
}

var _ engine.Chooser = (*Sniffer)(nil)

// Sniff makes the engine of a connection that is opened now.
func Sniff(limits engine.Limits, now engine.Instant) *Sniffer {
	return &Sniffer{limits: limits.WithDefaults(), opened: now}
}

// Chosen implements engine.Chooser.
func (s *Sniffer) Chosen() engine.Server { return s.chosen }

// Next implements engine.Engine.
func (s *Sniffer) Next(_ engine.Instant, in []byte, _ *engine.Event) int {
	begins, whole := h2.IsPreface(in)
	switch {
	case whole && begins:
		s.chosen = h2.NewServer(s.limits, s.opened)
	case !begins:
		s.giveUp()
	}
	return 0
}

// giveUp chooses HTTP/1, which knows what to answer to whatever it is.
func (s *Sniffer) giveUp() {
	if s.chosen == nil {
		s.chosen = h1.NewServer(s.limits, s.opened)
	}
}

// EOF implements engine.Engine.
func (s *Sniffer) EOF(now engine.Instant) {
	s.giveUp()
	s.chosen.EOF(now)
}

// Tick implements engine.Engine.
func (s *Sniffer) Tick(now engine.Instant) {
	if d := s.Deadline(now); d != 0 && now >= d {
		s.giveUp()
		s.chosen.Deadline(now)
		s.chosen.Tick(now)
	}
}

// Deadline implements engine.Engine.
func (s *Sniffer) Deadline(engine.Instant) engine.Instant {
	if d := s.opened + engine.Instant(s.limits.HeadTimeout); d > s.opened {
		return d
	}
	return 0
}

// Flush implements engine.Engine.
func (s *Sniffer) Flush(*engine.Output) {}

// State implements engine.Engine.
func (s *Sniffer) State() engine.State { return engine.Open }

// Streams implements engine.Engine.
func (s *Sniffer) Streams() int { return 0 }

// Shutdown implements engine.Engine.
func (s *Sniffer) Shutdown(out *engine.Output) {
	s.giveUp()
	s.chosen.Shutdown(out)
}

// Reset implements engine.Engine.
func (s *Sniffer) Reset(*engine.Output, engine.StreamID, engine.Code) {}

var errUndecided = &engine.Error{Blame: engine.Caller, Scope: engine.Message, Rule: engine.RuleOrder, Detail: "no protocol has been chosen"}

// Data implements engine.Engine.
func (s *Sniffer) Data(*engine.Output, engine.StreamID, []byte) (int, error) { return 0, errUndecided }

// End implements engine.Engine.
func (s *Sniffer) End(*engine.Output, engine.StreamID, *semantics.Fields) error { return errUndecided }

// Respond implements engine.Server.
func (s *Sniffer) Respond(*engine.Output, engine.StreamID, *semantics.Response, int64) error {
	return errUndecided
}
