package engine

// Output is what engines append to: bytes in Buf and, beside them, segments of
// large content that are referenced instead of copied. The zero value is ready.
// The loop that owns it writes it and then calls Reset.
type Output struct {
	// Buf holds the bytes to be written, but for the segments. Engines
	// append to it.
	Buf []byte

	// SegmentMin is the size in bytes from which Content references instead of
	// copying; 0 means always copy.
	SegmentMin int

	segments []segment
	size     int // of the segments
}

// A segment is content that belongs before Buf[at].
type segment struct {
	at   int
	data []byte
}

// Content appends content: copied if it is small, else referenced. The
// memory must stay unchanged until the output has been written.
func (o *Output) Content(p []byte) {
	if o.SegmentMin == 0 || len(p) < o.SegmentMin {
		o.Buf = append(o.Buf, p...)
		return
	}
	o.segments = append(o.segments, segment{len(o.Buf), p})
	o.size += len(p)
}

// Len returns the number of bytes to be written, segments included.
func (o *Output) Len() int { return len(o.Buf) + o.size }

// Segmented reports whether some content is referenced and not copied.
func (o *Output) Segmented() bool { return len(o.segments) > 0 }

// AppendTo appends the slices to be written to bufs, in order.
func (o *Output) AppendTo(bufs [][]byte) [][]byte {
	at := 0
	for _, s := range o.segments {
		if s.at > at {
			bufs = append(bufs, o.Buf[at:s.at])
			at = s.at
		}
		bufs = append(bufs, s.data)
	}
	if len(o.Buf) > at {
		bufs = append(bufs, o.Buf[at:])
	}
	return bufs
}

// Reset empties the output and keeps the memory of Buf.
func (o *Output) Reset() {
	o.Buf = o.Buf[:0]
	clear(o.segments)
	o.segments, o.size = o.segments[:0], 0
}
