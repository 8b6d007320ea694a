package semantics

// The methods of IANA's HTTP Method Registry. Methods are case-sensitive
// (RFC 9110, Section 9.1). The registry's "*" is reserved and no method.
const (
	MethodACL               = "ACL"               // RFC 3744, Section 8.1
	MethodBaselineControl   = "BASELINE-CONTROL"  // RFC 3253, Section 12.6
	MethodBind              = "BIND"              // RFC 5842, Section 4
	MethodCheckin           = "CHECKIN"           // RFC 3253, Section 4.4
	MethodCheckout          = "CHECKOUT"          // RFC 3253, Section 4.3
	MethodConnect           = "CONNECT"           // RFC 9110, Section 9.3.6
	MethodCopy              = "COPY"              // RFC 4918, Section 9.8
	MethodDelete            = "DELETE"            // RFC 9110, Section 9.3.5
	MethodGet               = "GET"               // RFC 9110, Section 9.3.1
	MethodHead              = "HEAD"              // RFC 9110, Section 9.3.2
	MethodLabel             = "LABEL"             // RFC 3253, Section 8.2
	MethodLink              = "LINK"              // RFC 2068, Section 19.6.1.2
	MethodLock              = "LOCK"              // RFC 4918, Section 9.10
	MethodMerge             = "MERGE"             // RFC 3253, Section 11.2
	MethodMkactivity        = "MKACTIVITY"        // RFC 3253, Section 13.5
	MethodMkcalendar        = "MKCALENDAR"        // RFC 4791, Section 5.3.1
	MethodMkcol             = "MKCOL"             // RFC 4918, Section 9.3
	MethodMkredirectref     = "MKREDIRECTREF"     // RFC 4437, Section 6
	MethodMkworkspace       = "MKWORKSPACE"       // RFC 3253, Section 6.3
	MethodMove              = "MOVE"              // RFC 4918, Section 9.9
	MethodOptions           = "OPTIONS"           // RFC 9110, Section 9.3.7
	MethodOrderpatch        = "ORDERPATCH"        // RFC 3648, Section 7
	MethodPatch             = "PATCH"             // RFC 5789, Section 2
	MethodPost              = "POST"              // RFC 9110, Section 9.3.3
	MethodPRI               = "PRI"               // RFC 9113, Section 3.4: in the preface only
	MethodPropfind          = "PROPFIND"          // RFC 4918, Section 9.1
	MethodProppatch         = "PROPPATCH"         // RFC 4918, Section 9.2
	MethodPut               = "PUT"               // RFC 9110, Section 9.3.4
	MethodQuery             = "QUERY"             // RFC 10008, Section 2
	MethodRebind            = "REBIND"            // RFC 5842, Section 6
	MethodReport            = "REPORT"            // RFC 3253, Section 3.6
	MethodSearch            = "SEARCH"            // RFC 5323, Section 2
	MethodTrace             = "TRACE"             // RFC 9110, Section 9.3.8
	MethodUnbind            = "UNBIND"            // RFC 5842, Section 5
	MethodUncheckout        = "UNCHECKOUT"        // RFC 3253, Section 4.5
	MethodUnlink            = "UNLINK"            // RFC 2068, Section 19.6.1.3
	MethodUnlock            = "UNLOCK"            // RFC 4918, Section 9.11
	MethodUpdate            = "UPDATE"            // RFC 3253, Section 7.1
	MethodUpdateredirectref = "UPDATEREDIRECTREF" // RFC 4437, Section 7
	MethodVersionControl    = "VERSION-CONTROL"   // RFC 3253, Section 3.5
)

// Safe reports whether the method is registered as safe: its "defined semantics
// are essentially read-only" (RFC 9110, Section 9.2.1). An unknown method is not.
func Safe(method string) bool {
	switch method {
	case MethodGet, MethodHead, MethodOptions, MethodTrace,
		MethodPRI, MethodPropfind, MethodQuery, MethodReport, MethodSearch:
		return true
	}
	return false
}

// Idempotent reports whether the method is registered as idempotent: several
// identical requests are meant to have the effect of one, so that a client may
// send one again by itself (RFC 9110, Section 9.2.2). An unknown method is not.
func Idempotent(method string) bool {
	switch method {
	case MethodACL, MethodBaselineControl, MethodBind, MethodCheckin,
		MethodCheckout, MethodCopy, MethodDelete, MethodLabel, MethodLink,
		MethodMerge, MethodMkactivity, MethodMkcalendar, MethodMkcol,
		MethodMkredirectref, MethodMkworkspace, MethodMove, MethodOrderpatch,
		MethodProppatch, MethodPut, MethodRebind, MethodUnbind,
		MethodUncheckout, MethodUnlink, MethodUnlock, MethodUpdate,
		MethodUpdateredirectref, MethodVersionControl:
		return true
	}
	return Safe(method)
}

// Cacheable reports whether responses to the method may be stored for later
// requests: "This specification defines caching semantics for GET, HEAD, and
// POST" (RFC 9110, Section 9.2.3), to which RFC 10008, Section 2.7 adds QUERY;
// there the stored response belongs to the request's content, too.
func Cacheable(method string) bool {
	switch method {
	case MethodGet, MethodHead, MethodPost, MethodQuery:
		return true
	}
	return false
}

// KnownMethod returns the method that b spells, without allocation, if it is
// one of those that most requests have.
func KnownMethod(b []byte) (method string, ok bool) {
	switch string(b) { // compared in place
	case MethodGet:
		return MethodGet, true
	case MethodHead:
		return MethodHead, true
	case MethodPost:
		return MethodPost, true
	case MethodPut:
		return MethodPut, true
	case MethodDelete:
		return MethodDelete, true
	case MethodOptions:
		return MethodOptions, true
	case MethodPatch:
		return MethodPatch, true
	case MethodConnect:
		return MethodConnect, true
	case MethodTrace:
		return MethodTrace, true
	case MethodQuery:
		return MethodQuery, true
	case MethodPropfind:
		return MethodPropfind, true
	}
	return "", false
}
