package engine

import "time"

// Limits bounds what a peer may make an engine do. A zero field means its
// default, so the zero Limits is safe; a negative one means no limit where the
// comment allows it. Sizes are in bytes.
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
	// twice the content, over one message. Default 16 KiB. Its breach is 400.
	// It stops content sent one byte a chunk with long extensions.
	ChunkOverhead int
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
	def(&l.HeadTimeout, 10*time.Second)
	def(&l.IdleTimeout, 75*time.Second)
	def(&l.ContentTimeout, 60*time.Second)
	def(&l.ContentProgress, 1)
	def(&l.ResponseTimeout, -1)
	return l
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
