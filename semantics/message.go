package semantics

// A Protocol is a protocol version (RFC 9110, Section 2.5).
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

// A Request is the head of a request: control data and fields (RFC 9110,
// Section 6). A head that an engine has read is never changed by it again, and
// its strings stay valid for as long as they are kept.
type Request struct {
	Method   string
	Target   Target
	Protocol Protocol
	Fields   Fields
}

// A Response is the head of a response, interim (1xx) or final.
type Response struct {
	Status   int
	Reason   string // HTTP/1 only; "" stands for the usual phrase
	Protocol Protocol
	Fields   Fields
}
