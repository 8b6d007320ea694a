package semantics

// A Protocol is a protocol version (RFC 9110, Section 2.5). Later versions are
// greater, so that p >= HTTP11 asks what it seems to.
type Protocol uint8

const (
	_      Protocol = iota
	HTTP10          // HTTP/1.0
	HTTP11          // HTTP/1.1 (RFC 9112)
	HTTP2           // HTTP/2 (RFC 9113)
)

// String returns the version as it stands in a start line, as "HTTP/1.1".
func (p Protocol) String() string {
	switch p {
	case HTTP10:
		return "HTTP/1.0"
	case HTTP11:
		return "HTTP/1.1"
	case HTTP2:
		return "HTTP/2.0"
	}
	return "HTTP/?"
}

// ParseProtocol reads a version as it stands in a start line: HTTP-name "/"
// DIGIT "." DIGIT, in which HTTP-name is case-sensitive (RFC 9112, Section
// 2.3). ok says that it has this form, and p is zero when the form is right but
// the version is none of ours, for which a server answers 505.
//
// A later minor version of HTTP/1 is read as HTTP/1.1: "A recipient … SHOULD
// process the message as if it was in the highest minor version … to which the
// recipient is conformant" (RFC 9110, Section 2.5).
func ParseProtocol(s string) (p Protocol, ok bool) {
	const name = "HTTP/"
	if len(s) != len("HTTP/1.1") || s[:len(name)] != name || !isDigit(s[5]) || s[6] != '.' || !isDigit(s[7]) {
		return 0, false
	}
	switch {
	case s[5] == '1' && s[7] == '0':
		return HTTP10, true
	case s[5] == '1':
		return HTTP11, true
	case s[5] == '2' && s[7] == '0':
		return HTTP2, true
	}
	return 0, true
}

// A Request is the head of a request: control data and fields (RFC 9110,
// Section 6). A head that an engine has read is never changed by it again, and
// its strings stay valid for as long as they are kept.
type Request struct {
	Method   string
	Target   Target
	Protocol Protocol

	// Upgrade is the protocol that the request asks to go on with, as "websocket", or a list of several: what HTTP/1.1 says in Upgrade
	// (RFC 9110, Section 7.8; received only if Connection names it), and HTTP/2 by an extended CONNECT (RFC 8441). "" for all
	// other requests. To be sent it needs no field; on HTTP/2 the method becomes CONNECT.
	Upgrade string

	Fields Fields
}

// A Response is the head of a response, interim (1xx) or final.
type Response struct {
	Status   int
	Reason   string // HTTP/1 only; "" stands for the usual phrase
	Protocol Protocol
	Fields   Fields
}
