package flow

import (
	"context"
	"io"
	"net"
	"syscall"
	"time"
)

// The powers a flow may have. The names of the methods are those of net.Conn and
// its kin, so that these have them as they are.
type (
	// A ReadDeadliner lets a Read be interrupted, the one that blocks included.
	// A Read past the deadline fails with an error for which errors.Is(err,
	// os.ErrDeadlineExceeded) holds, and loses nothing: the flow can be read
	// again under another deadline. Zero means none. The method may be called at any time
	// and from any goroutine. A flow that has the method but cannot do it returns
	// an error.
	ReadDeadliner interface {
		SetReadDeadline(t time.Time) error
	}

	// A WriteDeadliner does the same for Write. After a Write that ran into
	// its deadline the flow is good for Close alone.
	WriteDeadliner interface {
		SetWriteDeadline(t time.Time) error
	}

	// A CloseWriter can end its sending side: the peer reads io.EOF after
	// what had been written, and its answer can still be read. A later Write fails.
	CloseWriter interface {
		CloseWrite() error
	}

	// A CloseReader can end its receiving side: later Reads fail or return
	// io.EOF, and what the peer sends is thrown away or refused.
	CloseReader interface {
		CloseRead() error
	}

	// A Resetter can be closed so that the peer cannot take the end for one that was meant, as TCP's RST does it: the
	// peer's Reads fail, and what it has not read is lost. It stands for Close.
	Resetter interface {
		Reset() error
	}

	// A VecWriter can write several pieces of memory at once (writev). WriteVec is
	// Write for the pieces one after another, in one go where that is possible.
	// The elements of bufs (not the bytes) are its own to change.
	VecWriter interface {
		WriteVec(bufs [][]byte) (n int64, err error)
	}

	// A Peered flow knows its peer's address; nil if there is none.
	Peered interface {
		RemoteAddr() net.Addr
	}

	// A Localized flow knows its own address; nil if there is none.
	Localized interface {
		LocalAddr() net.Addr
	}

	// A Handshaker has something to settle with its peer before content flows, as every TLS has.
	// It is done once, before the flow is asked what was negotiated and what else it can do, which may be another thing
	// than before; a Read or a Write would do it too. An error ends the flow.
	Handshaker interface {
		HandshakeContext(ctx context.Context) error
	}

	// A Negotiator knows which protocol the two sides agreed on when the flow
	// was opened, by ALPN (RFC 7301) or otherwise: "h2", "http/1.1", or "" if none.
	// It is asked when the handshake is over.
	Negotiator interface {
		NegotiatedProtocol() string
	}
)

// Powers holds the powers of one flow; what is nil the flow cannot do.
type Powers struct {
	ReadDeadline  ReadDeadliner
	WriteDeadline WriteDeadliner
	CloseWriter   CloseWriter
	CloseReader   CloseReader
	Resetter      Resetter
	VecWriter     VecWriter

	// ReaderFrom moves bytes from a reader to the flow without bringing them
	// into this process, where it can (sendfile, splice). It stands for Write.
	ReaderFrom io.ReaderFrom

	// Pollable gives the descriptor that becomes readable when a Read that would
	// block would block no more. A flow that keeps bytes of its own above
	// its descriptor, as TLS does, is not pollable.
	Pollable syscall.Conn

	// Waits gives the descriptor at which a Read waits that has found nothing: until it becomes readable, or the
	// peer has gone, that Read would not return, and another would wait just the same. A pollable flow's is its own, that of TLS is its
	// connection's.
	Waits syscall.Conn

	Peer       Peered
	Local      Localized
	Negotiator Negotiator
	Handshaker Handshaker
}

// PowersOf returns the powers of f. If f has a method Powers, that is the
// answer. Else they are the powers which f itself has and, if f is a Wrapper, those it
// lacks and the flow inside has. It takes a dozen type assertions: ask once a connection.
func PowersOf(f Flow) (p Powers) {
	p.add(f)
	return p
}

// PeerAddr returns the address of the peer, or nil if the flow does not know.
func (p Powers) PeerAddr() net.Addr {
	if p.Peer == nil {
		return nil
	}
	return p.Peer.RemoteAddr()
}

// LocalAddr returns the flow's own address, or nil if the flow does not know.
func (p Powers) LocalAddr() net.Addr {
	if p.Local == nil {
		return nil
	}
	return p.Local.LocalAddr()
}

// NegotiatedProtocol returns the protocol that was agreed on, or "".
func (p Powers) NegotiatedProtocol() string {
	if p.Negotiator == nil {
		return ""
	}
	return p.Negotiator.NegotiatedProtocol()
}

// add takes the powers of f that p lacks. It works where p is: connections begin on small stacks, and Powers are large.
func (p *Powers) add(f Flow) {
	if own, ok := f.(interface{ Powers() Powers }); ok {
		q := own.Powers()
		p.fill(&q)
		return
	}
	add(&p.ReadDeadline, f)
	add(&p.WriteDeadline, f)
	add(&p.CloseWriter, f)
	add(&p.CloseReader, f)
	add(&p.Resetter, f)
	add(&p.VecWriter, f)
	add(&p.ReaderFrom, f)
	add(&p.Pollable, f)
	fill(&p.Waits, p.Pollable)
	add(&p.Peer, f)
	add(&p.Local, f)
	add(&p.Negotiator, f)
	add(&p.Handshaker, f)
	p.addNet(f)
	if w, ok := f.(Wrapper); ok {
		p.add(w.Unwrap())
	}
}

func add[T comparable](power *T, f Flow) {
	var none T
	if *power == none {
		*power, _ = f.(T)
	}
}

// fill takes the powers of q that p lacks.
func (p *Powers) fill(q *Powers) {
	fill(&p.ReadDeadline, q.ReadDeadline)
	fill(&p.WriteDeadline, q.WriteDeadline)
	fill(&p.CloseWriter, q.CloseWriter)
	fill(&p.CloseReader, q.CloseReader)
	fill(&p.Resetter, q.Resetter)
	fill(&p.VecWriter, q.VecWriter)
	fill(&p.ReaderFrom, q.ReaderFrom)
	fill(&p.Pollable, q.Pollable)
	fill(&p.Waits, q.Waits)
	fill(&p.Peer, q.Peer)
	fill(&p.Local, q.Local)
	fill(&p.Negotiator, q.Negotiator)
	fill(&p.Handshaker, q.Handshaker)
}

func fill[T comparable](power *T, other T) {
	var none T
	if *power == none {
		*power = other
	}
}
