// Package proxyproto puts the PROXY protocol, versions 1 and 2, in front of any flow: a balancer that forwards a connection says
// in a header before its first byte whose it is. It is a module of its own, on github.com/pires/go-proxyproto.
//
// # Server
//
// A listener whose connections begin with a header:
//
//	ln, err := net.Listen("tcp", "10.0.0.2:80")
//	if err != nil {
//		return err
//	}
//	trusted := proxyproto.Trust(netip.MustParsePrefix("10.0.0.0/24"))
//	return server.Serve(ctx, proxyproto.NewListener(ln, proxyproto.Options{Policy: trusted}))
//
// Whoever can send a header can pose as anybody: where others than the balancer can connect, a [Policy] must say who is believed.
//
// What the header says, the flow says: its peer is the client, its own address what the client connected to, and the protocol that was
// negotiated that of the header's ALPN. So HTTP/2 works behind a balancer that has ended TLS. A connection that came to the balancer over TLS
// is a secured one: its requests may be for https, and are without a word from whoever forwards them. [Conn.Header] has the rest.
//
// The header is the flow's handshake (see flow.Handshaker): a paf.Server reads it on the connection's own goroutine, under its
// time-out for heads. Not a byte is read beyond it, and nothing stands between the server and the flow from then on: it keeps
// deadlines, writev and sendfile, and is parked while nothing happens. TLS goes over it as over any other listener:
//
//	tls.NewListener(proxyproto.NewListener(ln, options), config)
//
// [Server] does for one flow what NewListener does for all those of a listener.
//
// # Client
//
// [Send] writes a header; [Connect] makes of a function that opens flows one that also sends one on each, for mimic.Register.
//
// # What fails
//
// A header that is malformed, too long, late, missing or not wanted closes the connection with an [*Error].
package proxyproto
