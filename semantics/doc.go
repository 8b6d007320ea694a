// Package semantics holds the words of RFC 9110 that every version of HTTP
// shares: fields in order, methods, status codes, request targets, dates and
// what makes a name or a value valid.
//
// It knows no wire format and does no I/O. [Fields] is a field section: an
// ordered list of [Field] lines, looked up without regard to case. [Request]
// and [Response] are message heads as an engine reads or writes them.
//
//	var f semantics.Fields
//	f.Add("Accept", "text/html")
//	f.Add("accept", "text/plain")
//	f.Get("ACCEPT")    // "text/html"
//	f.Values("Accept") // both, in order
//
// Nothing here is safe for concurrent mutation; reading is.
package semantics
