package alpn

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
)

// A Sniffer is the engine of a server's side of a clear flow until its first bytes have told HTTP/2 from HTTP/1: "prior
// knowledge" (RFC 9113, Section 3.3). It consumes nothing and tells nothing; [Sniffer.Chosen] takes its place. The
// time that it takes counts for the engine that it chooses: bytes that come slowly win none.
type Sniffer struct {
	engine.Server // of HTTP/1, which knows what to answer to whatever it is
	limits        engine.Limits
	opened        engine.Instant
	chosen        engine.Server
}

var _ engine.Chooser = (*Sniffer)(nil)

// Sniff makes the engine of a connection that is opened now.
func Sniff(limits engine.Limits, now engine.Instant) *Sniffer {
	return &Sniffer{Server: h1.NewServer(limits, now), limits: limits, opened: now}
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
		s.chosen = s.Server
	}
	return 0
}

// EOF implements engine.Engine.
func (s *Sniffer) EOF(now engine.Instant, whole bool) {
	s.Server.EOF(now, whole)
	s.chosen = s.Server
}

// Tick implements engine.Engine.
func (s *Sniffer) Tick(now engine.Instant) {
	if d := s.Deadline(now); d != 0 && d <= now {
		s.Server.Tick(now)
		s.chosen = s.Server
	}
}

// Shutdown implements engine.Engine.
func (s *Sniffer) Shutdown(out *engine.Output) {
	s.Server.Shutdown(out)
	s.chosen = s.Server
}
