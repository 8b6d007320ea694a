// Package paf is HTTP for Go over any flow of bytes: kernel TCP, Unix sockets,
// TLS of any make, pipes in memory. One [Handler] and one [Client] serve every
// protocol version: HTTP/1.0, HTTP/1.1 and HTTP/2.
//
// A server:
//
//	s := &paf.Server{Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
//		w.Header().Set("Content-Type", "text/plain")
//		fmt.Fprintf(w, "You asked for %s.\n", r.Path)
//	})}
//	err := s.ListenAndServe(ctx, "127.0.0.1:8080") // nil when ctx has ended and all is finished
//
// A client:
//
//	var c paf.Client
//	defer c.Close()
//	resp, err := c.Get(ctx, "http://127.0.0.1:8080/")
//	…
//	defer resp.Body.Close()
//
// [Server.ServeFlow] serves a single flow, whatever it is made of; a [Client]
// reaches one through a mimic context (see [Client.Context] and package mimic): by [TCP], [Unix], or a protocol of one's own, with
// [TLS] over it where the URL says https. [WithURL] and [DialContext] use such a context without a Client. A URL may name a
// Unix socket: http+unix://%2Frun%2Fapp.sock/path.
//
// # Queries, forms, JSON
//
// A request's Path and Query are as they were sent: net/url's ParseQuery decodes the latter, and the content of a form, net/url's
// PathUnescape the former. A request with content is made by [NewRequest] and sent by [Client.Do], with the
// Content-Type that one sets:
//
//	r, err := paf.NewRequest("POST", "https://example.org/", strings.NewReader(values.Encode()))
//	…
//	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
//	resp, err := c.Do(ctx, r)
//
// # Tunnels
//
// After CONNECT and Upgrade a flow goes on without HTTP. A handler takes it with [ResponseWriter.Tunnel], a client with
// [Response.Tunnel], whatever the version: on HTTP/1 it is the connection, on HTTP/2 a stream. A [Tunnel] is a flow and a net.Conn, with
// half-close, deadlines and back-pressure, and outlives the handler.
//
//	func(w *paf.ResponseWriter, r *paf.Request) {
//		far, err := net.Dial("tcp", r.Authority) // a forward proxy; who may go where is its own affair
//		…
//		near, err := w.Tunnel() // paf.ErrNoTunnel if it was no CONNECT, and no Upgrade
//		…
//		go join(near, far) // and the handler returns
//	}
//
// [Request.Upgrade] says which protocol is wanted, as "websocket", be it by HTTP/1.1's Upgrade or by HTTP/2's extended CONNECT (RFC 8441), which a
// server takes if [Server.ExtendedConnect] is set. [Client.Upgrade] asks by the one or the other, and [Client.Connect] opens a tunnel
// through a proxy. [Tunnel.Context] tells when the server begins to stop, which waits for its tunnels and in
// the end closes them. [ResponseWriter.Hijack] is the rougher way, of HTTP/1 alone: the server forgets the connection.
//
// # What may be kept
//
// Strings and fields that a handler or a caller is given are ordinary Go strings: they
// stay valid for as long as anyone keeps them. A ResponseWriter and a
// Request's Body end with the handler.
//
// # Safety
//
// Every limit has a default (see [engine.Limits] and the fields of [Server]). A
// message has one meaning or is refused: where RFC 9112 leaves a choice
// between leniency and rejection, paf rejects. Framing is paf's own: a
// Content-Length or Transfer-Encoding in a Header declares at most an
// intention, and never reaches the wire as it is.
//
// # The rooms
//
// Package paf is the front door. Behind it: semantics (the words of RFC 9110),
// engine (the contract between a protocol and a loop), h1 (RFC 9112), h2 (RFC 9113) with hpack (RFC 7541), alpn (which
// of them a flow gets), flow (streams of bytes and what they can do), loop (clocks, goroutines, locks), mimic (from a
// URL to a flow). Each is public and can be used alone.
package paf
