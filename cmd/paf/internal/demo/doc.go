// Package demo is the application that `paf serve` shows when it is given no
// directory: a handful of endpoints that exercise a server and its clients.
//
//	GET  /          a help page; it has an ETag and honours conditions
//	GET  /close     the same page, after which the connection ends
//	POST /          the content, once it has arrived whole (if it is not large)
//	GET  /random    x-length random bytes as MIME base64, of x-seed if given
//	GET  /hash      the SHA-256 of what /random would send for x-length, x-seed,
//	                of 1 GiB at most
//	POST /transmit  the content, piece by piece as it arrives
//	any  /echo      the request's fields, one a line
//	any  /cookie    the request's cookies, one a line
//	GET  /websocket a WebSocket that sends back what it is sent
//
// So that these three digests are equal, over any version of the protocol:
//
//	paf get -H 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' URL/random | sha256sum
//	paf get -H 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' URL/hash
//	paf get -H 'x-length: 1000000' -H 'x-seed: Zm9vYmFy' URL/random |
//		paf get -d @- URL/transmit | sha256sum
//
// # The bytes of /random
//
// x-length counts bytes before they are encoded. Every 57 of them make a line
// of 76 characters that ends in CRLF, and the last line ends so too (RFC 2045,
// Section 6.8). Responses are flushed every 16 KiB and wait for the client, so
// that any length takes the same memory.
//
// x-seed is base64, with its padding or without. The bytes it stands for, padded
// with a zero to whole pairs, are hashed with SHA-256 into the key of ChaCha8
// (math/rand/v2), whose output they are. A seed that is empty or not base64 is
// none: the bytes then differ from request to request, and /hash answers 400.
//
// # What differs from an ordinary site
//
// "/close" ends its connection, unless the client asks for "Connection: keep-alive".
// Fields named like those that frame a message but for an underscore in place of
// the hyphen (Content_Length, Transfer_Encoding) are refused with 400: gateways
// that hand fields to programs by CGI's rules cannot tell them apart, and there
// they have been used to smuggle requests. CONNECT is answered 501: this is no
// proxy.
package demo
