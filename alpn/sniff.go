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
	waited engine.Instant // since when the first bytes are waited for; 0: they are not
	own    *h1.ServerConn // knows what to answer to whatever it is; nil until it is asked
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
		s.chosen = s.http1()
	}
	return 0
}

// http1 returns the engine of HTTP/1, for which the time counts that has passed.
func (s *Sniffer) http1() *h1.ServerConn {
	if s.own == nil {
		s.own = h1.NewServer(s.limits, s.opened)
		if s.waited != 0 {
			s.own.Deadline(s.waited)
		}
	}
	return s.own
}

// EOF implements engine.Engine.
func (s *Sniffer) EOF(now engine.Instant, whole bool) {
	s.http1().EOF(now, whole)
	s.chosen = s.own
}

// Deadline implements engine.Engine: that for a first head.
func (s *Sniffer) Deadline(now engine.Instant) engine.Instant {
	if s.waited == 0 {
		s.waited = now
	}
	return s.waited.After(s.limits.HeadTimeout)
}

// Tick implements engine.Engine.
func (s *Sniffer) Tick(now engine.Instant) {
	if d := s.Deadline(now); d != 0 && d <= now {
		s.http1().Tick(now)
		s.chosen = s.own
	}
}

// Shutdown implements engine.Engine.
func (s *Sniffer) Shutdown(out *engine.Output) {
	s.http1().Shutdown(out)
	s.chosen = s.own
}

// State implements engine.Engine.
func (s *Sniffer) State() engine.State {
	if s.chosen != nil {
		return s.chosen.State()
	}
	return engine.Open
}

// Streams implements engine.Engine: there is none yet.
func (s *Sniffer) Streams() int { return 0 }

// Flush implements engine.Engine: there is nothing to say yet.
func (s *Sniffer) Flush(*engine.Output) {}

// Respond, Data, End and Reset are for exchanges, of which there is none.

// Respond implements engine.Server.
func (s *Sniffer) Respond(out *engine.Output, id engine.StreamID, r *semantics.Response, length int64) error {
	return s.http1().Respond(out, id, r, length)
}

// Data implements engine.Engine.
func (s *Sniffer) Data(out *engine.Output, id engine.StreamID, p []byte) (int, error) {
	return s.http1().Data(out, id, p)
}

// End implements engine.Engine.
func (s *Sniffer) End(out *engine.Output, id engine.StreamID, trailer *semantics.Fields) error {
	return s.http1().End(out, id, trailer)
}

// Reset implements engine.Engine.
func (s *Sniffer) Reset(out *engine.Output, id engine.StreamID, code engine.Code) {
	s.http1().Reset(out, id, code)
}
