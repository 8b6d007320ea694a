package loop

// chunks is content that has come and not been read: a list of pieces, each filled up before another is made. The first one is
// as large as what it is made for, which often is all; later ones are larger than those before, for who comes drop by drop.
type chunks struct {
	list [][]byte
	r    int       // what has been read of the first
	one  [1][]byte // memory for a list of one
}

func (q *chunks) empty() bool { return len(q.list) == 0 }

func (q *chunks) add(p []byte) {
	size := len(p)
	if n := len(q.list); n > 0 {
		last := q.list[n-1]
		room := min(cap(last)-len(last), len(p))
		q.list[n-1] = append(last, p[:room]...)
		p = p[room:]
		size = max(len(p), min(chunkMin, 2*cap(last)))
	} else if q.list == nil {
		q.list = q.one[:0]
	}
	if len(p) > 0 {
		q.list = append(q.list, append(newChunk(size), p...))
	}
}

func (q *chunks) read(p []byte) (n int) {
	for len(p) > 0 && len(q.list) > 0 {
		m := copy(p, q.list[0][q.r:])
		n, p = n+m, p[m:]
		if q.r += m; q.r == len(q.list[0]) {
			freeChunk(q.list[0])
			q.list[0] = nil
			q.list, q.r = q.list[1:], 0
		}
	}
	if len(q.list) == 0 {
		q.list = nil
	}
	return n
}

// newChunk returns memory for n bytes at least. What large frames need comes of a pool.
func newChunk(n int) []byte {
	if chunkMin < n && n <= chunkLarge {
		return largeChunks.Get().(*[chunkLarge]byte)[:0]
	}
	return make([]byte, 0, n)
}

// freeChunk gives back memory that nobody reads any more.
func freeChunk(p []byte) {
	if cap(p) == chunkLarge {
		largeChunks.Put((*[chunkLarge]byte)(p[:chunkLarge]))
	}
}
