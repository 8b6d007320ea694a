// Package semantics holds the words of RFC 9110 that every version of HTTP
// shares: fields in order, methods, status codes, request targets, dates and
// what makes a name or a value valid.
//
// It knows no wire format, does no I/O and reads no clock: where a date needs
// the present it is an argument. Values are strings, which stay valid for as
// long as they are kept; parts cut from a string share its memory.
//
// # Messages
//
// [Request] and [Response] are message heads as an engine reads or writes them.
// [Fields] is a field section: an ordered list of [Field] lines, looked up
// without regard to case.
//
//	var f semantics.Fields
//	f.Add("Accept", "text/html")
//	f.Add("accept", "text/plain")
//	f.Get("ACCEPT")    // "text/html": the first
//	f.Values("Accept") // both, in order
//
// [ParseTarget] and [TargetOf] take a request target apart into a [Target],
// [ParseProtocol] reads a version. [ValidName], [ValidValue] and
// [ValidAuthority] say what may stand in a field or a Host.
//
// # Registries
//
// Method… and Status… name every entry of IANA's registries; a test compares
// them with the registries' files in testdata/iana. [Safe], [Idempotent] and
// [Cacheable] say what a method promises, [Informational] and its kin what a
// status code's class is. [KnownName] and [KnownMethod] give the string for
// bytes on the wire without making one.
//
// # Values of fields
//
// What several fields have in common is read by one function each: comma lists
// by [Members], [Fields.Members] and [HasToken], parameters by [CutParams] and
// [Params], weights by [Weighted] and [TokenWeight], dates by [ParseDate].
// [ParseRange], [ETags], [Precondition] and [RangeApplies] are what a server of
// files needs for ranges and conditional requests.
//
// # Strictness
//
// A message must have one meaning for all who read it. What can be read in two
// ways is refused, except where real clients send it and no harm is known; the
// function that accepts it says so. Functions named Valid… and Parse… judge;
// [Fields] itself does not, since engines check lines where they enter and
// where they leave.
//
// Nothing here is safe for concurrent mutation; reading is.
package semantics
