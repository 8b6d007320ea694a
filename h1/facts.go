package h1

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// facts is what the fields of a head say about framing and the connection.
type facts struct {
	lengths int    // Content-Length lines
	length  string // the last one's value
	codings int    // Transfer-Encoding lines
	coding  string // the last one's value
	hosts   int    // Host lines
	host    string
	expect  bool // Expect lists 100-continue
	unknown bool // Expect lists something else
	close   bool // Connection lists close
	keep    bool // Connection lists keep-alive
	upgrade bool // Connection lists upgrade
	offers  bool // there is an Upgrade field
	alike   bool // there is a name that others may take for one of framing
	places  places
}

// see takes note of a field line. It looks at the length of the name first: most are none of these.
func (f *facts) see(l *semantics.Field) {
	switch len(l.Name) {
	case 4:
		if semantics.EqualFold(l.Name, "host") {
			f.hosts++
			f.host = l.Value
		}
	case 6:
		if semantics.EqualFold(l.Name, "expect") {
			f.expectation(l.Value)
		}
	case 7:
		if semantics.EqualFold(l.Name, "upgrade") {
			f.offers = true
		}
	case 10:
		if semantics.EqualFold(l.Name, "connection") {
			f.connection(l.Value)
		}
	case 14:
		if semantics.EqualFold(l.Name, "content-length") {
			f.lengths++
			f.length = l.Value
		}
		f.alike = f.alike || semantics.EqualFold(l.Name, "content_length")
	case 17:
		if semantics.EqualFold(l.Name, "transfer-encoding") {
			f.codings++
			f.coding = l.Value
		}
		f.alike = f.alike || semantics.EqualFold(l.Name, "transfer_encoding")
	}
}

// expectation reads an Expect field, whose "value is case-insensitive" (RFC 9110, Section 10.1.1).
func (f *facts) expectation(value string) {
	for member := range semantics.Members(value) {
		if semantics.EqualFold(member, "100-continue") {
			f.expect = true
		} else {
			f.unknown = true
		}
	}
}

// connection reads the options of a Connection field (RFC 9110, Section 7.6.1), which are case-insensitive.
func (f *facts) connection(value string) {
	for option := range semantics.Members(value) {
		switch {
		case semantics.EqualFold(option, "close"):
			f.close = true
		case semantics.EqualFold(option, "keep-alive"):
			f.keep = true
		case semantics.EqualFold(option, "upgrade"):
			f.upgrade = true
		}
	}
}

// persists says whether a message lets the connection live on: RFC 9112, Section 9.3.
// "If the close connection option is present, the connection will not persist […];
// if the received protocol is HTTP/1.1 (or later), the connection will persist […];
// if the received protocol is HTTP/1.0, the keep-alive connection option is present […],
// the connection will persist".
func (f *facts) persists(p semantics.Protocol) bool {
	return !f.close && (p >= semantics.HTTP11 || f.keep)
}

// A headCache keeps a connection's last head, so that the same bytes need not be parsed
// again. It keeps small ones only, for it lives as long as the connection.
type headCache struct {
	text     string
	facts    facts
	request  *semantics.Request
	response *semantics.Response
}

const cacheMax = 4 << 10

// begins returns the size of the head that is kept if the input begins with it: what was found whole and right before need not
// be looked through again, nor be parsed.
func (h *headCache) begins(in []byte) int {
	if n := len(h.text); n > 0 && n <= len(in) && string(in[:n]) == h.text {
		return n
	}
	return 0
}

// keep keeps a head that was parsed well.
func (h *headCache) keep(text string, f facts, request *semantics.Request, response *semantics.Response) {
	if request != nil {
		request.Fields.Share() // from now on several exchanges may share them at once
	}
	if response != nil {
		response.Fields.Share()
	}
	if len(text) <= cacheMax {
		*h = headCache{text, f, request, response}
	}
}

var _ engine.Verbatim = (*conn)(nil)
