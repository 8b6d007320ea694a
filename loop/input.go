package loop

const (
	inputStart = 4 << 10
	inputMax   = 1 << 20 // beyond any head that the limits' defaults allow
)

// input holds what has been read from the flow and not been consumed.
//
// Bytes that were handed out stay where they are as long as they are in use:
// room never moves them, it makes a new array instead.
type input struct {
	buf  []byte
	r, w int
}

func (in *input) bytes() []byte { return in.buf[in.r:in.w] }
func (in *input) len() int      { return in.w - in.r }

// discard drops n bytes from the front.
func (in *input) discard(n int) {
	in.r += n
}

// room returns memory to read into, behind what is pending. used says that
// somebody still reads bytes that were discarded. It is empty when the input is
// as large as it may get.
func (in *input) room(used bool) []byte {
	if in.r == in.w && !used {
		in.r, in.w = 0, 0
	}
	if in.w < len(in.buf) {
		return in.buf[in.w:]
	}
	pending := in.len()
	if in.r > 0 && !used && pending <= len(in.buf)/2 {
		copy(in.buf, in.bytes())
		in.r, in.w = 0, pending
		return in.buf[in.w:]
	}
	if pending >= inputMax {
		return nil
	}
	bigger := make([]byte, max(inputStart, min(2*pending, inputMax)))
	copy(bigger, in.bytes())
	in.buf, in.r, in.w = bigger, 0, pending
	return in.buf[in.w:]
}

// spare returns memory to read ahead into without moving or growing anything.
func (in *input) spare() []byte {
	if in.buf == nil {
		in.buf = make([]byte, inputStart)
	}
	return in.buf[in.w:]
}

// append adds bytes that were read elsewhere.
func (in *input) append(p []byte) {
	for len(p) > 0 {
		room := in.room(true)
		if len(room) == 0 { // cannot happen: p is what one read gave
			bigger := append(append([]byte(nil), in.bytes()...), p...)
			in.buf, in.r, in.w = bigger, 0, len(bigger)
			return
		}
		n := copy(room, p)
		in.w += n
		p = p[n:]
	}
}
