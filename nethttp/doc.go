// Package nethttp is Go's dialect: it lets an http.Handler be served by paf, and an http.Client send with it.
//
// # Handlers
//
// [Handler] makes a paf.Handler of an http.Handler:
//
//	s := &paf.Server{Handler: nethttp.Handler(mux)}
//	err := s.ListenAndServe(ctx, ":8080")
//
// [Server] makes a paf.Server of the fields of an http.Server. A handler gets the *http.Request and the http.ResponseWriter that net/http's
// own server would give it: what goes over the wire is the same byte for byte on HTTP/1, and the same message on HTTP/2
// (sidebyside_server_test.go has the cases, and conformance runs Go's own tests). The request, its URL and its Header may be kept
// after the handler has returned; as with net/http, the response writer and the content may not be used any more.
//
// The response writer is an http.Flusher, an io.ReaderFrom, an io.StringWriter and an http.CloseNotifier, on HTTP/1 an http.Hijacker, and has
// all that http.ResponseController asks for. It is no http.Pusher. Fields that a handler of paf's in front has set are in its Header.
//
// These things differ from net/http, for every handler:
//
//   - Requests that leave room for two meanings are answered 400 before a handler sees them: an encoded NUL in a path, a target that
//     is none of RFC 9112's four forms (CONNECT with a path, as net/rpc sends it, and "*" without OPTIONS), an empty or malformed Host, several Content-Length
//     lines, Content-Length beside Transfer-Encoding, names that gateways take for one of framing. A TRACE or CONNECT with content, and an OPTIONS
//     with content and without Content-Type, are answered 400 too.
//   - The fields that frame a message or rule its connection are paf's. Of those that a handler sets, Connection: close and Transfer-Encoding: identity
//     are obeyed, and Content-Length is checked; other transfer codings and connection options, Keep-Alive and Upgrade are left out,
//     but for the head of a 101 (Switching Protocols). A value like "+3" goes out as 3.
//   - A status above 599 is answered as 500. 205 (Reset Content) has no content, nor has 2xx to CONNECT, which is for those who hijack: RFC
//     9110, Sections 15.3.6 and 9.3.6. 204 and 304 have no Content-Length on HTTP/2 either.
//   - Control characters in a field's value become spaces on HTTP/1, all of them. White space around a value is left out on HTTP/2, too.
//   - On HTTP/2 a response with trailers has no Content-Length: the frame that completes a length is the last one. What is written beyond a declared
//     length fails, and the response is complete all the same; nor is the connection closed for it on HTTP/1.
//   - 100 (Continue) is left out if the content has come already (RFC 9110, Section 10.1.1).
//   - After the handler has begun to write, content on HTTP/1 of which more than 256 KiB were left cannot be read any further, where
//     net/http goes on behind what it has thrown away. On HTTP/2 a WriteHeader that comes too late is logged there, too.
//   - http.MaxBytesReader cannot tell the server that it has been too much: the connection is closed if more than 256 KiB are left.
//   - A read deadline of http.ResponseController is for the content alone. A deadline is noticed within an eighth of the
//     shortest time-out, at least every 250 ms; one that is past when it is set, at once.
//   - Errors are paf's but for those that net/http exports and io's: use errors.Is and errors.As.
//   - A response of HTTP/1 to a request with content of a declared length above 256 KiB says close, if its head is sent before any of the content has
//     been read.
//   - A connection has limits that net/http has not, idle or not: see engine.Limits, and [Server] for time. Of a paf.Server that Server has not made, ContentTimeout is one
//     that streams of gRPC run into: -1 lifts it.
package nethttp
