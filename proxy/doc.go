// Package proxy has handlers that pass requests on to other servers: [Reverse] for a site whose servers are known, [Forward] for
// clients that name the server themselves.
//
//	r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "http://127.0.0.1:3000"}, {URL: "http://127.0.0.1:3001", Weight: 2}}}
//	defer r.Close()
//	s := &paf.Server{Handler: r, ExtendedConnect: true}
//
//	f := &proxy.Forward{Authenticate: users.Authenticate} // a function of your own; without it everybody is served
//	defer f.Close()
//	s := &paf.Server{Handler: f, TrustScheme: true}
//
// # One meaning
//
// What enters leaves with one meaning, or does not leave. The engines have read the request, strictly, into a method, a target, a field
// section and content of a framing that is theirs alone; what is sent on is written anew from these. No byte of a client's
// head is copied to an upstream as it was. Fields that are for one connection alone (RFC 9110, Section 7.6.1) stay behind, and so do
// those that Connection names.
//
// # The way of the bytes
//
// Content is copied as it comes, in both directions at once, and trailers follow it; 1xx responses are passed on. A tunnel (CONNECT,
// Upgrade, extended CONNECT) is granted when the other side has granted it, in the words of each side's version; then
// bytes are moved until both sides have ended, by splice where both are sockets of the kernel.
//
// # Errors
//
// What the client gets is RFC 9110's: 400 for a request that cannot be passed on, 403 for what is not allowed, 407 for want of
// credentials, 500 for a Client that does not fit, 501 for what a proxy of the kind does not do, 502 for an upstream that fails, 503 where there is none, 504 for one that takes too long. The content says no more than the status: what was the matter is an
// [*Error], for the log and for the hook OnError.
package proxy
