package engine

import "time"

// Limits bounds what a peer may make an engine do. A zero field means its
// default, so the zero Limits is safe; a negative one means no limit, as far as the protocol
// itself has none. Sizes are in bytes. Those from Resets to UnknownFrames bound what costs a
// peer of HTTP/2 nothing: how many such things it may do within 10 s, one more for each exchange
// that was completed meanwhile; their breach ends the connection with ENHANCE_YOUR_CALM.
type Limits struct {
	// HeadBytes bounds a whole message head (HTTP/1: start line and fields).
	// Default 64 KiB. Its breach is 431, or 414 while the target alone is too
	// long. It stops a head that never ends.
	HeadBytes int
	// TargetBytes bounds the request target. Default 16 KiB; RFC 9112,
	// Section 3 recommends at least 8000. Its breach is 414.
	TargetBytes int
	// Fields bounds the number of field lines in a section. Default 128. Its
	// breach is 431.
	Fields int
	// TrailerBytes bounds a trailer section. Default 8 KiB. Its breach is 431.
	TrailerBytes int
	// ContentBytes bounds the content of one message. Default no limit (0 or
	// negative). Its breach is 413.
	ContentBytes int64
	// ChunkLineBytes bounds the line that holds a chunk's size and its
	// extensions. Default 256. Its breach is 400.
	ChunkLineBytes int
	// ChunkOverhead bounds what chunks may waste: bytes of framing beyond
	// twice the content and 8 for each chunk, over one message. Default 16 KiB. Its breach is 400.
	// It stops content sent one byte a chunk with long extensions.
	ChunkOverhead int
	// Streams bounds the exchanges that a peer may have open at once (HTTP/2, SETTINGS_MAX_CONCURRENT_STREAMS);
	// on a client it bounds its own. Default 128. More are refused, which counts
	// as Resets do.
	Streams int
	// Window is how much content a peer may send, over all streams of a connection,
	// before some of it has been taken (HTTP/2). Default 1 MiB, at least 65,535 bytes; a
	// single stream has a quarter of it. It grows with what the path can hold, up to WindowMax. On a client
	// the content of a response that has come whole no longer counts: a program that leaves responses unread
	// has up to a stream's share of each in memory.
	Window int
	// WindowMax bounds the growth of Window. Default 16 MiB.
	WindowMax int
	// StallTimeout bounds the time in which a peer takes none of the content
	// that waits for its credit on a stream, or less than 16 KiB (HTTP/2). Default 60 s. The
	// stream is reset. It stops windows that stay shut.
	StallTimeout time.Duration

	// Resets bounds streams that came to nothing: that the peer reset, made us reset, or opened
	// beyond Streams or after our last GOAWAY (CVE-2023-44487, CVE-2025-8671); and frames on streams
	// that it has reset itself. Default 200.
	Resets int
	// Settings bounds SETTINGS frames. Default 50.
	Settings int
	// Pings bounds PING frames, one more for each DATA frame that was sent,
	// and answers to PINGs that nobody sent. Default 100.
	Pings int
	// Priorities bounds PRIORITY and PRIORITY_UPDATE frames. Default 500.
	Priorities int
	// EmptyData bounds DATA frames that have no content and end nothing. Default 100.
	EmptyData int
	// WindowUpdates bounds WINDOW_UPDATE frames, one more for each DATA frame that
	// was sent and one for each KiB in it. Default 500.
	WindowUpdates int
	// UnknownFrames bounds frames of types that nobody knows, and repeated GOAWAY. Default 100.
	UnknownFrames int
	// Continuations bounds the CONTINUATION frames of one field block (CVE-2024-27316).
	// Default 64.
	Continuations int

	// ExtendedConnect lets a server of HTTP/2 take the CONNECT of RFC 8441, and say so.
	ExtendedConnect bool

	// Interim bounds the 1xx responses before a final one (client). Default 16.
	Interim int

	// HeadTimeout bounds the time from the first byte of a head to its last,
	// and from the opening of a connection to its first head. Default 10 s.
	// Its breach is 408.
	HeadTimeout time.Duration
	// IdleTimeout bounds the time between two exchanges. Default 75 s. The
	// connection is closed without an answer.
	IdleTimeout time.Duration
	// ContentTimeout is the time in which at least ContentProgress bytes of
	// content must arrive while they are waited for. Default 60 s. Its breach
	// is 408.
	ContentTimeout time.Duration
	// ContentProgress: see ContentTimeout. Default 1.
	ContentProgress int64
	// ResponseTimeout bounds the time from the end of a request to the
	// response's head (client). Default no limit.
	ResponseTimeout time.Duration
}

// WithDefaults returns l with every zero field replaced by its default and
// every negative one by the largest value, for engines that compare with it.
func (l Limits) WithDefaults() Limits {
	def(&l.HeadBytes, 64<<10)
	def(&l.TargetBytes, 16<<10)
	def(&l.Fields, 128)
	def(&l.TrailerBytes, 8<<10)
	def(&l.ContentBytes, -1)
	def(&l.ChunkLineBytes, 256)
	def(&l.ChunkOverhead, 16<<10)
	def(&l.Interim, 16)
	def(&l.Streams, 128)
	def(&l.Window, 1<<20)
	def(&l.WindowMax, 16<<20)
	def(&l.StallTimeout, 60*time.Second)
	def(&l.Resets, 200)
	def(&l.Settings, 50)
	def(&l.Pings, 100)
	def(&l.Priorities, 500)
	def(&l.EmptyData, 100)
	def(&l.WindowUpdates, 500)
	def(&l.UnknownFrames, 100)
	def(&l.Continuations, 64)
	def(&l.HeadTimeout, 10*time.Second)
	def(&l.IdleTimeout, 75*time.Second)
	def(&l.ContentTimeout, 60*time.Second)
	def(&l.ContentProgress, 1)
	def(&l.ResponseTimeout, -1)
	return l
}

// Shortest returns the smallest of the time-outs: a loop's clock must be some times finer.
func (l Limits) Shortest() time.Duration {
	l = l.WithDefaults()
	return min(l.HeadTimeout, l.IdleTimeout, l.ContentTimeout, l.ResponseTimeout, l.StallTimeout)
}

// def gives a zero field its default, and a negative one the largest value of
// its type.
func def[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
	if *field < 0 {
		*field = T(maxOf[T]())
	}
}

func maxOf[T ~int | ~int64]() T {
	var top T = 1
	for top<<1 > 0 {
		top <<= 1
	}
	return top - 1 + top
}
