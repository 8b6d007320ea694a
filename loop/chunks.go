package loop

// chunks is content that has come and not been read: a list of pieces, each filled up before another is made.
type chunks struct {
	list [][]byte
	r    int // what has been read of the first
}

func (q *chunks) empty() bool { return len(q.list) == 0 }

func (q *chunks) add(p []byte) {
	if n := len(q.list); n > 0 {
		last := q.list[n-1]
		room := min(cap(last)-len(last), len(p))
		q.list[n-1] = append(last, p[:room]...)
		p = p[room:]
	}
	if len(p) > 0 {
		q.list = append(q.list, append(newChunk(len(p)), p...))
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

// newChunk returns memory for n bytes at least. What frames of the usual size need comes of a pool.
func newChunk(n int) []byte {
	switch {
	case n <= chunkMin:
		return smallChunks.Get().(*[chunkMin]byte)[:0]
	case n <= chunkLarge:
		return largeChunks.Get().(*[chunkLarge]byte)[:0]
	}
	return make([]byte, 0, n)
}

// freeChunk gives back memory that nobody reads any more.
func freeChunk(p []byte) {
	switch cap(p) {
	case chunkMin:
		smallChunks.Put((*[chunkMin]byte)(p[:chunkMin]))
	case chunkLarge:
		largeChunks.Put((*[chunkLarge]byte)(p[:chunkLarge]))
	}
}
