package h2

import "github.com/paf-go/paf/engine"

// RuleContentLength is a rule that callers may want to tell from others, as a target of errors.Is with an [engine.Error].
const RuleContentLength engine.Rule = "RFC 9113, Section 8.1.1: the DATA frames hold as much as Content-Length and the kind of message say"

// The error codes (RFC 9113, Section 7).
const (
	NoError            engine.Code = 0x0
	ProtocolError      engine.Code = 0x1
	InternalError      engine.Code = 0x2
	FlowControlError   engine.Code = 0x3
	SettingsTimeout    engine.Code = 0x4
	StreamClosed       engine.Code = 0x5
	FrameSizeError     engine.Code = 0x6
	RefusedStream      engine.Code = 0x7
	Cancel             engine.Code = 0x8
	CompressionError   engine.Code = 0x9
	ConnectError       engine.Code = 0xa
	EnhanceYourCalm    engine.Code = 0xb
	InadequateSecurity engine.Code = 0xc
	HTTP11Required     engine.Code = 0xd
)

// A rule is a rule that the peer can break.
type rule uint8

const (
	ok rule = iota
	rulePreface
	ruleFirstSettings
	ruleFrameSize
	rulePadding
	ruleStreamZero
	ruleStreamNotZero
	ruleStreamIdle
	ruleStreamIDOld
	ruleStreamIDParity
	ruleStreamClosed
	ruleBlockOpen
	ruleNoBlock
	ruleCompression
	ruleSettingsAck
	ruleSettingsUnasked
	ruleSettingValue
	ruleWindowZero
	ruleWindowOverflow
	ruleFlowControl
	ruleWindowSettings
	rulePush
	ruleSelfDependent
	rulePriorityUpdate
	ruleGoAwayGrows
	ruleMalformedName
	ruleMalformedValue
	rulePseudo
	rulePseudoLate
	rulePseudoMissing
	ruleConnectionField
	ruleTarget
	ruleAuthority
	ruleLengthField
	ruleLengthSum
	ruleTrailerEnd
	ruleInterimEnd
	ruleHeadFirst
	ruleStatus
	ruleInterim
	ruleHeadLong
	ruleTrailerLong
	ruleFieldCount
	ruleTargetLong
	ruleContentLong
	ruleTraceContent
	ruleConnectContent
	ruleTunnelFrame
	ruleExpect
	ruleTrailerField
	ruleReset
	ruleRefused
	ruleTruncated
	ruleNoResponse
	ruleTimeout
	ruleConnTimeout
	ruleSettingsTimeout
	ruleStall
	ruleFloodReset
	ruleFloodSettings
	ruleFloodPing
	ruleFloodPriority
	ruleFloodEmpty
	ruleFloodWindow
	ruleFloodUnknown
	ruleFloodContinuation
	numRules
)

// rules says for each rule which sentence it is, which code its breach has on the wire, and which status
// a server answers, if it may.
var rules = [numRules]struct {
	text   engine.Rule
	code   engine.Code
	status int
}{
	rulePreface:           {"RFC 9113, Section 3.4: a client begins with the connection preface", ProtocolError, 0},
	ruleFirstSettings:     {"RFC 9113, Section 3.4: the first frame is SETTINGS", ProtocolError, 0},
	ruleFrameSize:         {"RFC 9113, Section 4.2: the frame is too long or too short for its type", FrameSizeError, 0},
	rulePadding:           {"RFC 9113, Section 6.1: padding is shorter than the payload", ProtocolError, 0},
	ruleStreamZero:        {"RFC 9113, Section 6: the frame belongs to a stream, not to the connection", ProtocolError, 0},
	ruleStreamNotZero:     {"RFC 9113, Section 6: the frame belongs to the connection, not to a stream", ProtocolError, 0},
	ruleStreamIdle:        {"RFC 9113, Section 5.1: the frame must not come on an idle stream", ProtocolError, 0},
	ruleStreamIDOld:       {"RFC 9113, Section 5.1.1: the identifier of a new stream is greater than all before", ProtocolError, 0},
	ruleStreamIDParity:    {"RFC 9113, Section 5.1.1: a client's streams have odd identifiers", ProtocolError, 0},
	ruleStreamClosed:      {"RFC 9113, Section 5.1: the stream is closed for the peer", StreamClosed, 0},
	ruleBlockOpen:         {"RFC 9113, Section 6.10: CONTINUATION of the same stream follows an open field block, and nothing else", ProtocolError, 0},
	ruleNoBlock:           {"RFC 9113, Section 6.10: CONTINUATION follows only an open field block", ProtocolError, 0},
	ruleCompression:       {"RFC 9113, Section 4.3: the field block cannot be decompressed", CompressionError, 0},
	ruleSettingsAck:       {"RFC 9113, Section 6.5: an acknowledgment of settings is empty", FrameSizeError, 0},
	ruleSettingsUnasked:   {"RFC 9113, Section 6.5.3: settings are acknowledged once, after they have been sent", ProtocolError, 0},
	ruleSettingValue:      {"RFC 9113, Section 6.5.2: a setting has a value that it cannot have", ProtocolError, 0},
	ruleWindowZero:        {"RFC 9113, Section 6.9: a window grows by 1 or more", ProtocolError, 0},
	ruleWindowOverflow:    {"RFC 9113, Section 6.9.1: a window is 2^31-1 at the most", FlowControlError, 0},
	ruleFlowControl:       {"RFC 9113, Section 6.9.1: more content was sent than the window allows", FlowControlError, 0},
	ruleWindowSettings:    {"RFC 9113, Section 6.5.2: an initial window is 2^31-1 at the most", FlowControlError, 0},
	rulePush:              {"RFC 9113, Section 8.4: nothing may be pushed", ProtocolError, 0},
	ruleSelfDependent:     {"RFC 7540, Section 5.3.1: a stream cannot depend on itself", ProtocolError, 0},
	rulePriorityUpdate:    {"RFC 9218, Section 7.1: PRIORITY_UPDATE is sent by a client, about a request", ProtocolError, 0},
	ruleGoAwayGrows:       {"RFC 9113, Section 6.8: the last stream of a later GOAWAY is not greater", ProtocolError, 0},
	ruleMalformedName:     {"RFC 9113, Section 8.2.1: a field name is a token without capitals", ProtocolError, 0},
	ruleMalformedValue:    {"RFC 9113, Section 8.2.1: a field value has no control characters, nor white space around it", ProtocolError, 0},
	rulePseudo:            {"RFC 9113, Section 8.3: a pseudo-header field is unknown, repeated or not of this kind of message", ProtocolError, 0},
	rulePseudoLate:        {"RFC 9113, Section 8.3: pseudo-header fields come before all others", ProtocolError, 0},
	rulePseudoMissing:     {"RFC 9113, Section 8.3: a pseudo-header field is missing", ProtocolError, 0},
	ruleConnectionField:   {"RFC 9113, Section 8.2.2: a field that rules an HTTP/1 connection", ProtocolError, 0},
	ruleTarget:            {"RFC 9113, Section 8.3.1: :scheme, :authority and :path make a target", ProtocolError, 0},
	ruleAuthority:         {"RFC 9113, Section 8.3.1: Host is one, valid, and the same as :authority", ProtocolError, 0},
	ruleLengthField:       {"RFC 9110, Section 8.6: Content-Length is one decimal number", ProtocolError, 0},
	ruleLengthSum:         {RuleContentLength, ProtocolError, 0},
	ruleTrailerEnd:        {"RFC 9113, Section 8.1: the second field section ends the message", ProtocolError, 0},
	ruleInterimEnd:        {"RFC 9113, Section 8.1: an interim response does not end the stream", ProtocolError, 0},
	ruleHeadFirst:         {"RFC 9113, Section 8.1: a message begins with its head", ProtocolError, 0},
	ruleStatus:            {"RFC 9113, Section 8.3.2: :status is a status code, and not 101", ProtocolError, 0},
	ruleInterim:           {"RFC 9110, Section 15.2: there are more interim responses than the limit Interim", EnhanceYourCalm, 0},
	ruleHeadLong:          {"RFC 9113, Section 10.5.1: the field section is longer than the limit HeadBytes", EnhanceYourCalm, 431},
	ruleTrailerLong:       {"RFC 9113, Section 10.5.1: the trailer section is longer than the limit TrailerBytes", EnhanceYourCalm, 431},
	ruleFieldCount:        {"RFC 9110, Section 5.4: there are more field lines than the limit Fields", EnhanceYourCalm, 431},
	ruleTargetLong:        {"RFC 9110, Section 15.5.15: the target is longer than the limit TargetBytes", ProtocolError, 414},
	ruleContentLong:       {"RFC 9110, Section 15.5.14: the content is longer than the limit ContentBytes", Cancel, 413},
	ruleTraceContent:      {"RFC 9110, Section 9.3.8: a TRACE request has no content", ProtocolError, 400},
	ruleConnectContent:    {"RFC 9110, Section 9.3.6: a CONNECT request has no content", ProtocolError, 400},
	ruleTunnelFrame:       {"RFC 9113, Section 8.5: frames of a tunnel are DATA, or manage the stream", ProtocolError, 0},
	ruleExpect:            {"RFC 9110, Section 10.1.1: the expectation is not 100-continue", Cancel, 417},
	ruleTrailerField:      {"RFC 9110, Section 6.5.1: the field must not be in a trailer section", ProtocolError, 0},
	ruleReset:             {"RFC 9113, Section 6.4: the peer has reset the stream", Cancel, 0},
	ruleRefused:           {engine.RuleRefused, RefusedStream, 0},
	ruleTruncated:         {engine.RuleTruncated, NoError, 0},
	ruleNoResponse:        {engine.RuleNoResponse, NoError, 0},
	ruleTimeout:           {engine.RuleTimeout, Cancel, 408},
	ruleConnTimeout:       {engine.RuleTimeout, NoError, 0},
	ruleSettingsTimeout:   {"RFC 9113, Section 6.5.3: settings were not acknowledged in time", SettingsTimeout, 0},
	ruleStall:             {engine.RuleStall, EnhanceYourCalm, 0},
	ruleFloodReset:        {"RFC 9113, Section 10.5: more streams came to nothing than the limit Resets", EnhanceYourCalm, 0},
	ruleFloodSettings:     {"RFC 9113, Section 10.5: more SETTINGS frames than the limit Settings", EnhanceYourCalm, 0},
	ruleFloodPing:         {"RFC 9113, Section 10.5: more PING frames than the limit Pings", EnhanceYourCalm, 0},
	ruleFloodPriority:     {"RFC 9113, Section 10.5: more frames about priority than the limit Priorities", EnhanceYourCalm, 0},
	ruleFloodEmpty:        {"RFC 9113, Section 10.5: more DATA frames without content than the limit EmptyData", EnhanceYourCalm, 0},
	ruleFloodWindow:       {"RFC 9113, Section 10.5: more WINDOW_UPDATE frames than the limit WindowUpdates", EnhanceYourCalm, 0},
	ruleFloodUnknown:      {"RFC 9113, Section 10.5: more frames without meaning than the limit UnknownFrames", EnhanceYourCalm, 0},
	ruleFloodContinuation: {"RFC 9113, Section 10.5.1: more CONTINUATION frames than the limit Continuations", EnhanceYourCalm, 0},
}
