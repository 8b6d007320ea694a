package semantics

// AllowedInTrailer reports whether a field may stand in a trailer section: RFC 9110,
// Section 6.5.1, "a sender MUST NOT generate a trailer field unless the sender knows the
// corresponding header field name's definition permits use in trailers". Those that frame the
// message, route it, modify or authorize the request, or say how content is to be
// read, may not, for whoever merges trailers into the head would be fooled by them; of
// the others it is not known, and they are let through.
func AllowedInTrailer(name string) bool {
	for _, n := range notInTrailers {
		if EqualFold(name, n) {
			return false
		}
	}
	return true
}

var notInTrailers = [...]string{
	"transfer-encoding", "content-length", "connection", "keep-alive", "proxy-connection", "trailer", "te", "upgrade",
	"host", "max-forwards", "cache-control", "expect", "pragma", "range",
	"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
	"authorization", "proxy-authorization", "proxy-authenticate", "www-authenticate", "cookie", "set-cookie",
	"content-encoding", "content-type", "content-range",
}
