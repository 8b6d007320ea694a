package loop

import "sync"

// starts are the beginnings of inputs that nobody uses: a connection that is parked leaves its own there.
var starts = sync.Pool{New: func() any { return new([inputStart]byte) }}

const (
	inputStart = 4 << 10  // the memory that a connection begins with
	inputKeep  = 16 << 10 // what is larger is not kept between two exchanges
	inputMost  = 64 << 10 // it does not grow beyond that for the sake of fewer reads
)

// input holds what has been read from the flow and not been consumed.
//
// Bytes that were handed out stay where they are as long as they are in use:
// room never moves them, it makes a new array instead.
type input struct {
	buf  []byte
	r, w int
	full bool // the last read filled it: more may be at hand than it holds
}

func (in *input) bytes() []byte { return in.buf[in.r:in.w] }
func (in *input) len() int      { return in.w - in.r }

// discard drops n bytes from the front.
func (in *input) discard(n int) {
	in.r += n
}

// room returns memory to read into, behind what is pending. used says that
// somebody still reads bytes that were discarded. What is pending is bounded by the engine, which
// faults a peer whose head or trailer section is longer than its limits.
func (in *input) room(used bool) []byte {
	if in.r == in.w && !used {
		in.r, in.w = 0, 0
		if in.full && len(in.buf) < inputMost {
			in.buf = make([]byte, 2*len(in.buf))
		}
	}
	in.full = false
	if in.w < len(in.buf) {
		return in.buf[in.w:]
	}
	if in.buf == nil {
		in.begin()
		return in.buf
	}
	pending := in.len()
	if in.r > 0 && !used && pending <= len(in.buf)/2 {
		copy(in.buf, in.bytes())
		in.r, in.w = 0, pending
		return in.buf[in.w:]
	}
	bigger := make([]byte, max(inputStart, 2*pending))
	copy(bigger, in.bytes())
	in.buf, in.r, in.w = bigger, 0, pending
	return in.buf[in.w:]
}

// spare returns memory to read ahead into without moving or growing anything.
func (in *input) spare() []byte {
	if in.buf == nil {
		in.begin()
	}
	return in.buf[in.w:]
}

func (in *input) begin() { in.buf = starts.Get().(*[inputStart]byte)[:] }

// leave gives the memory to whoever needs some; nothing is pending and nobody reads what was handed out.
func (in *input) leave() {
	if len(in.buf) == inputStart {
		starts.Put((*[inputStart]byte)(in.buf))
	}
	*in = input{}
}

// shrink gives back memory that only an unusually long head needed.
func (in *input) shrink() {
	if in.len() == 0 && len(in.buf) > inputKeep {
		*in = input{}
	}
}

// append adds bytes that were read elsewhere, while nobody reads what was discarded.
func (in *input) append(p []byte) {
	for len(p) > 0 {
		room := in.room(false)
		n := copy(room, p)
		in.w += n
		p = p[n:]
	}
}
