package h1

import (
	"strings"

	"github.com/paf-go/paf/semantics"
)

// A framing says how the end of content is found (RFC 9112, Section 6.3).
type framing uint8

const (
	sized   framing = iota // after a number of bytes, which may be 0
	chunked                // after the last chunk
	toEOF                  // with the connection; responses only
)

// requestFraming says how long the content of a request is.
func (f *facts) requestFraming(p semantics.Protocol) (framing, int64, rule) {
	switch {
	case f.alike:
		// Section 11.2: gateways of the CGI kind take "_" for "-", and what one recipient
		// takes for framing and another does not is how requests are smuggled.
		return sized, 0, ruleAlike
	case f.codings > 0:
		return chunked, -1, f.checkCoding(p)
	}
	n, broken := f.contentLength()
	return sized, n, broken
}

// responseFraming says how long the content of a response is, given the method of the request.
func (f *facts) responseFraming(p semantics.Protocol, method string, status int) (framing, int64, rule) {
	switch {
	case method == semantics.MethodHead || semantics.NoContent(status):
		// "Any response to a HEAD request and any response with a 1xx, 204, or 304 status
		// code is always terminated by the first empty line after the header fields".
		return sized, 0, ok
	case method == semantics.MethodConnect && semantics.Successful(status):
		// "A client MUST ignore any Content-Length or Transfer-Encoding header fields
		// received in such a message."
		return sized, 0, ok
	case f.alike:
		return sized, 0, ruleAlike
	case f.codings > 0:
		return chunked, -1, f.checkCoding(p)
	case f.lengths > 0:
		n, broken := f.contentLength()
		return sized, n, broken
	}
	return toEOF, -1, ok
}

// checkCoding accepts exactly one Transfer-Encoding, "chunked".
func (f *facts) checkCoding(p semantics.Protocol) rule {
	switch {
	case p < semantics.HTTP11:
		// Section 6.1: "A server or client that receives an HTTP/1.0 message containing a
		// Transfer-Encoding header field MUST treat the message as if the framing is faulty".
		return ruleCodingOld
	case f.lengths > 0:
		// Section 6.3: "Such a message might indicate an attempt to perform request
		// smuggling […] and ought to be handled as an error."
		return ruleLengthAndCoding
	case f.codings == 1 && semantics.EqualFold(f.coding, "chunked"):
		return ok
	case strings.HasPrefix(f.coding, `"`):
		return ruleCodingUnknown // what is quoted is the name of no coding, not of chunked either
	case f.codings > 1 || f.coding == "" || strings.Contains(strings.ToLower(f.coding), "chunked"):
		// Section 6.1: "A sender MUST NOT apply the chunked transfer coding more than once";
		// Section 6.3: if chunked "is not the final encoding […] the server MUST respond with
		// the 400 (Bad Request) status code and then close the connection."
		return ruleCodingLast
	}
	// Section 6.1: "A server that receives a request message with a transfer coding it
	// does not understand SHOULD respond with 501 (Not Implemented)."
	return ruleCodingUnknown
}

// contentLength reads Content-Length = 1*DIGIT; 0 if there is none.
//
// RFC 9110, Section 8.6: "a recipient […] MUST anticipate potentially large decimal
// numerals and prevent parsing errors due to integer conversion overflows".
func (f *facts) contentLength() (int64, rule) {
	switch {
	case f.lengths == 0:
		return 0, ok
	case f.lengths > 1:
		// Section 6.3 allows to replace identical values by one; this recipient does not.
		return 0, ruleLengthTwice
	}
	n, valid := semantics.ParseLength(f.length)
	if !valid {
		return 0, ruleLength
	}
	return n, ok
}
