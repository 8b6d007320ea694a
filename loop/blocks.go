package loop

import (
	"io"
	"sync"
)

// Memory that content is copied through. It is used again at once, by whoever is next: made anew for each message it would be most
// of the garbage that there is.

const (
	blockSmall = 32 << 10
	blockLarge = 64 << 10 // flushAt: where content is copied it is written at once; beyond that nothing is saved
	chunkMin   = 4 << 10  // up to which pieces of content grow that come drop by drop
	chunkLarge = 16 << 10 // a frame of HTTP/2
)

var (
	smallBlocks = sync.Pool{New: func() any { return new([blockSmall]byte) }}
	largeBlocks = sync.Pool{New: func() any { return new([blockLarge]byte) }}
	largeChunks = sync.Pool{New: func() any { return new([chunkLarge]byte) }}
)

// CopyBlocks copies r to w by Read and Write, until the end or an error as io.Copy does. It takes a large
// block once r has filled a small one: a reader that gives little at a time, or waits, shall not hold much.
func CopyBlocks(w io.Writer, r io.Reader) (written int64, err error) {
	small := smallBlocks.Get().(*[blockSmall]byte)
	written, more, err := copyThrough(w, r, small[:], true)
	smallBlocks.Put(small)
	if !more {
		return written, err
	}
	large := largeBlocks.Get().(*[blockLarge]byte)
	n, _, err := copyThrough(w, r, large[:], false)
	largeBlocks.Put(large)
	return written + n, err
}

// copyThrough copies through one block; if it is to stop when that is full, more says that it has. A block that a panic has left
// is not used again.
func copyThrough(w io.Writer, r io.Reader, block []byte, stop bool) (written int64, more bool, err error) {
	for {
		n, readErr := r.Read(block)
		if n > 0 {
			m, err := w.Write(block[:n])
			written += int64(m)
			if err == nil && m < n {
				err = io.ErrShortWrite
			}
			if err != nil {
				return written, false, err
			}
		}
		switch {
		case readErr == io.EOF:
			return written, false, nil
		case readErr != nil:
			return written, false, readErr
		case stop && n == len(block):
			return written, true, nil
		}
	}
}
