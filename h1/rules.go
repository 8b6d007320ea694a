package h1

import (
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/semantics"
)

// A rule is something that a peer can break. Parsers return rules; conn.fault
// turns one into an event.
type rule uint8

// Rules that callers may want to tell from others, as targets of errors.Is with an [engine.Error].
const (
	// RuleHeadBytes: the head of a message is longer than the limit.
	RuleHeadBytes engine.Rule = "RFC 9110, Section 5.4: the head is longer than the limit HeadBytes"
	// RuleContentLength: the value of Content-Length, which is the Detail in a response, is no number.
	RuleContentLength engine.Rule = "RFC 9112, Section 6.3: Content-Length is a decimal number"
)

const (
	ok rule = iota
	ruleStartLine
	ruleMethod
	ruleMethodLong
	ruleTarget
	ruleTargetLong
	ruleVersion
	ruleVersionUnknown
	ruleStatusLine
	ruleBareLF
	ruleBareCR
	ruleEmptyLine
	ruleFold
	ruleSpaceBeforeColon
	ruleFieldName
	ruleFieldValue
	ruleHeadLong
	ruleFieldCount
	ruleHostMissing
	ruleHostTwice
	ruleHost
	ruleLength
	ruleLengthTwice
	ruleLengthAndCoding
	ruleCodingOld
	ruleCodingLast
	ruleCodingUnknown
	ruleAlike
	ruleContentLong
	ruleTraceContent
	ruleConnectContent
	ruleOptionsContent
	ruleExpect
	ruleChunkSize
	ruleChunkExtension
	ruleChunkEnd
	ruleChunkWaste
	ruleTrailerField
	ruleTrailerLong
	ruleTruncated
	ruleNoResponse
	ruleTimeout
	ruleUnasked
	ruleInterim
	numRules
)

// rules says for each rule which sentence it is and which status a server answers.
var rules = [numRules]struct {
	text   engine.Rule
	status int
}{
	ruleStartLine:        {"RFC 9112, Section 3: method SP request-target SP HTTP-version", semantics.StatusBadRequest},
	ruleMethod:           {"RFC 9110, Section 9.1: a method is a token", semantics.StatusBadRequest},
	ruleMethodLong:       {"RFC 9112, Section 3: the method is longer than any that is known", semantics.StatusBadRequest},
	ruleTarget:           {"RFC 9112, Section 3.2: a request target has one of four forms", semantics.StatusBadRequest},
	ruleTargetLong:       {"RFC 9112, Section 3: the request target is longer than the limit TargetBytes", semantics.StatusURITooLong},
	ruleVersion:          {"RFC 9112, Section 2.3: HTTP-version is HTTP/DIGIT.DIGIT", semantics.StatusBadRequest},
	ruleVersionUnknown:   {"RFC 9110, Section 15.6.6: the major version is not supported", semantics.StatusHTTPVersionNotSupported},
	ruleStatusLine:       {"RFC 9112, Section 4: HTTP-version SP 3DIGIT SP [reason-phrase]", semantics.StatusBadGateway},
	ruleBareLF:           {"RFC 9112, Section 2.2: a line ends with CRLF, not with LF alone", semantics.StatusBadRequest},
	ruleBareCR:           {"RFC 9112, Section 2.2: CR stands only before LF", semantics.StatusBadRequest},
	ruleEmptyLine:        {"RFC 9112, Section 2.2: at most one empty line precedes a request line", semantics.StatusBadRequest},
	ruleFold:             {"RFC 9112, Section 5.2: obsolete line folding, or white space before the first field line", semantics.StatusBadRequest},
	ruleSpaceBeforeColon: {"RFC 9112, Section 5.1: no white space between field name and colon", semantics.StatusBadRequest},
	ruleFieldName:        {"RFC 9110, Section 5.1: a field line is a token, a colon and a value", semantics.StatusBadRequest},
	ruleFieldValue:       {"RFC 9110, Section 5.5: a field value has no control characters", semantics.StatusBadRequest},
	ruleHeadLong:         {RuleHeadBytes, semantics.StatusRequestHeaderFieldsTooLarge},
	ruleFieldCount:       {"RFC 9110, Section 5.4: there are more field lines than the limit Fields", semantics.StatusRequestHeaderFieldsTooLarge},
	ruleHostMissing:      {"RFC 9112, Section 3.2: a request of HTTP/1.1 has a Host field", semantics.StatusBadRequest},
	ruleHostTwice:        {"RFC 9112, Section 3.2: a request has no more than one Host field line", semantics.StatusBadRequest},
	ruleHost:             {"RFC 9112, Section 3.2: the value of Host is uri-host [ \":\" port ]", semantics.StatusBadRequest},
	ruleLength:           {RuleContentLength, semantics.StatusBadRequest},
	ruleLengthTwice:      {"RFC 9112, Section 6.3: there is one Content-Length", semantics.StatusBadRequest},
	ruleLengthAndCoding:  {"RFC 9112, Section 6.3: Content-Length beside Transfer-Encoding", semantics.StatusBadRequest},
	ruleCodingOld:        {"RFC 9112, Section 6.1: HTTP/1.0 has no Transfer-Encoding", semantics.StatusBadRequest},
	ruleCodingLast:       {"RFC 9112, Section 6.3: chunked is the last transfer coding, once", semantics.StatusBadRequest},
	ruleCodingUnknown:    {"RFC 9112, Section 6.1: the transfer coding is not chunked", semantics.StatusNotImplemented},
	ruleAlike:            {"RFC 9112, Section 11.2: no field name that others may take for one of framing", semantics.StatusBadRequest},
	ruleContentLong:      {"RFC 9110, Section 15.5.14: the content is longer than the limit ContentBytes", semantics.StatusContentTooLarge},
	ruleTraceContent:     {"RFC 9110, Section 9.3.8: a TRACE request has no content", semantics.StatusBadRequest},
	ruleConnectContent:   {"RFC 9110, Section 9.3.6: a CONNECT request has no content", semantics.StatusBadRequest},
	ruleOptionsContent:   {"RFC 9110, Section 9.3.7: content of an OPTIONS request has a Content-Type", semantics.StatusBadRequest},
	ruleExpect:           {"RFC 9110, Section 10.1.1: the expectation is not 100-continue", semantics.StatusExpectationFailed},
	ruleChunkSize:        {"RFC 9112, Section 7.1: chunk-size is a hexadecimal number", semantics.StatusBadRequest},
	ruleChunkExtension:   {"RFC 9112, Section 7.1.1: a chunk extension is malformed or too long", semantics.StatusBadRequest},
	ruleChunkEnd:         {"RFC 9112, Section 7.1: chunk-data ends with CRLF", semantics.StatusBadRequest},
	ruleChunkWaste:       {"RFC 9112, Section 7.1: the chunks have more framing than the limit ChunkOverhead", semantics.StatusBadRequest},
	ruleTrailerField:     {"RFC 9110, Section 6.5.1: the field must not be in a trailer section", semantics.StatusBadRequest},
	ruleTrailerLong:      {"RFC 9110, Section 6.5: the trailer section is longer than the limit TrailerBytes", semantics.StatusRequestHeaderFieldsTooLarge},
	ruleTruncated:        {engine.RuleTruncated, semantics.StatusBadRequest},
	ruleNoResponse:       {engine.RuleNoResponse, 0},
	ruleTimeout:          {engine.RuleTimeout, semantics.StatusRequestTimeout},
	ruleUnasked:          {"RFC 9110, Section 15.2.2: the server switches to a protocol that was not asked for", 0},
	ruleInterim:          {"RFC 9110, Section 15.2: there are more interim responses than the limit Interim", 0},
}
