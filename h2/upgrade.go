package h2

import (
	"encoding/base64"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// Upgrades reports whether a request over HTTP/1.1 asks for HTTP/2 on the same connection, as RFC 7540, Section 3.2 has it: with
// "h2c" in Upgrade and one HTTP2-Settings field, both named by Connection. RFC 9113, Section 3.1 has made that
// obsolete, for it was seldom used; prior knowledge does without.
func Upgrades(r *semantics.Request) bool {
	return r.Protocol == semantics.HTTP11 && semantics.HasToken(&r.Fields, "Upgrade", "h2c") &&
		semantics.HasToken(&r.Fields, "Connection", "HTTP2-Settings") && r.Fields.Count("HTTP2-Settings") == 1
}

// NewServerUpgraded makes the engine of a connection that a request without content has upgraded: the request is told
// first, as stream 1, and the client's preface follows. It returns nil if the HTTP2-Settings field cannot be read:
// then there is no upgrade.
func NewServerUpgraded(limits engine.Limits, now engine.Instant, r *semantics.Request) *ServerConn {
	payload, err := base64.RawURLEncoding.DecodeString(r.Fields.Get("HTTP2-Settings"))
	if err != nil || len(payload)%6 != 0 {
		return nil
	}
	c := NewServer(limits, now)
	if c.setAll(payload) != ok {
		return nil
	}
	head := *r
	head.Protocol, head.Upgrade, head.Fields = semantics.HTTP2, "", r.Fields.Clone()
	for _, name := range []string{"Connection", "Upgrade", "HTTP2-Settings", "Keep-Alive", "Proxy-Connection"} {
		head.Fields.Del(name)
	}
	c.lastPeer = 1
	s := c.open(1)
	s.step(recvEnd)
	s.headed, s.told, s.method = true, true, specialOf(r.Method)
	s.first = parsePriority(head.Fields.Get("Priority"))
	c.upgraded = &head
	return c
}

// tellUpgraded tells the request that has upgraded the connection.
func (c *conn) tellUpgraded(ev *engine.Event) {
	*ev = engine.Event{Kind: engine.Request, Stream: 1, Request: c.upgraded, End: true}
	c.upgraded = nil
}
