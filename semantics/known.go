package semantics

import "strings"

// KnownName returns the field name that b spells, letter by letter, without
// allocation, if it is one that many messages have. The case is kept, so a name
// is known in its registered spelling, as "WWW-Authenticate", with capitals at
// the beginning of words only, as "Www-Authenticate", and in lower case.
func KnownName(b []byte) (name string, ok bool) {
	if len(b) == 0 {
		return "", false
	}
	name = known.names[known.slots[known.slot(b)]]
	return name, name != ""
}

// hashName tells the known names apart by their length and four of their bytes.
func hashName(b []byte) uint32 {
	n := len(b)
	h := uint32(n) + uint32(b[0])<<7 ^ uint32(b[n-1])<<13 ^ uint32(b[n/2])<<19 ^ uint32(b[n/3])<<25
	h *= 0x9e3779b1
	return h >> 16
}

// knownTable is a hash table with linear probing, less than half full.
type knownTable struct {
	slots [1024]uint16 // places in names; 0 is an empty slot
	names []string     // names[0] is ""
}

var known = func() *knownTable {
	t := &knownTable{names: []string{""}}
	for name := range strings.FieldsSeq(commonNames) {
		for _, s := range [...]string{name, strings.ToLower(name), titleName(name)} {
			if at := t.slot([]byte(s)); t.slots[at] == 0 {
				t.slots[at] = uint16(len(t.names))
				t.names = append(t.names, s)
			}
		}
	}
	return t
}()

// slot returns where b is, or the empty slot where it would be.
func (t *knownTable) slot(b []byte) uint32 {
	const mask = uint32(len(t.slots) - 1)
	for at := hashName(b) & mask; ; at = (at + 1) & mask {
		n := t.slots[at]
		if n == 0 || t.names[n] == string(b) {
			return at
		}
	}
}

// titleName capitalizes the first letter of each word and no other.
func titleName(s string) string {
	b := []byte(strings.ToLower(s))
	for i := range b {
		if (i == 0 || b[i-1] == '-') && isLetter(b[i]) {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// commonNames are the names of RFC 9110 to 9112, of HPACK's static table and
// what browsers, proxies and clouds usually send.
const commonNames = `
Accept Accept-Charset Accept-Encoding Accept-Language Accept-Patch Accept-Ranges
Access-Control-Allow-Credentials Access-Control-Allow-Headers
Access-Control-Allow-Methods Access-Control-Allow-Origin
Access-Control-Expose-Headers Access-Control-Max-Age
Access-Control-Request-Headers Access-Control-Request-Method
Age Allow Alt-Svc Authentication-Info Authorization
Cache-Control CDN-Loop CF-Connecting-IP CF-IPCountry CF-Ray CF-Visitor Clear-Site-Data
Connection Content-Digest Content-Disposition Content-Encoding Content-Language
Content-Length Content-Location Content-Range Content-Security-Policy Content-Type Cookie
Cross-Origin-Embedder-Policy Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy
Date DNT Early-Data ETag Expect Expires Forwarded From Host HTTP2-Settings
If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since
Keep-Alive Last-Event-ID Last-Modified Link Location Max-Forwards MIME-Version NEL Origin
Permissions-Policy Pragma Priority Proxy-Authenticate Proxy-Authentication-Info
Proxy-Authorization Proxy-Connection Proxy-Status Purpose
Range Referer Referrer-Policy Refresh Report-To Reporting-Endpoints Repr-Digest Retry-After
Save-Data Sec-CH-UA Sec-CH-UA-Arch Sec-CH-UA-Full-Version-List Sec-CH-UA-Mobile
Sec-CH-UA-Model Sec-CH-UA-Platform Sec-CH-UA-Platform-Version
Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC Sec-Purpose
Sec-WebSocket-Accept Sec-WebSocket-Extensions Sec-WebSocket-Key Sec-WebSocket-Protocol
Sec-WebSocket-Version Server Server-Timing Service-Worker Set-Cookie SOAPAction
Strict-Transport-Security TE Timing-Allow-Origin Traceparent Tracestate Trailer
Transfer-Encoding True-Client-IP Upgrade Upgrade-Insecure-Requests User-Agent Vary Via
Want-Content-Digest Want-Repr-Digest WWW-Authenticate
X-Amz-Cf-Id X-Amzn-Trace-Id X-API-Key X-Cache X-Content-Type-Options X-Correlation-ID
X-CSRF-Token X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto
X-Forwarded-Server X-Frame-Options X-Powered-By X-Real-IP X-Request-ID X-Requested-With
X-Robots-Tag X-Runtime X-UA-Compatible X-XSS-Protection
`
