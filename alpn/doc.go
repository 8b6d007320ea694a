// Package alpn chooses the engine that a flow gets: by the protocol that was negotiated when the flow was opened
// (RFC 7301), or by its first bytes. It knows no TLS; it asks the flow.
//
//	negotiated            engine
//	"http/1.0", "http/1.1"  h1
//	"h2"                  h2
//	"", with a handshake  h1
//	"", without           h2 if the first bytes are its preface, else h1 ([Sniff])
//	anything else         none: a [*ProtocolError], and whoever asked closes the flow
//
// A flow that has a method NegotiatedProtocol() string is asked by itself, and so is everything that looks like
// crypto/tls. For any other TLS an [Info] says how it is asked, and makes a flow of it:
//
//	info := alpn.Info[*utls.UConn]{
//		Protocol: func(c *utls.UConn) string { return c.ConnectionState().NegotiatedProtocol },
//	}
//	server.ServeFlow(ctx, info.Flow(conn))
package alpn
