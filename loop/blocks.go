package loop

import (
	"io"
	"sync"
)

// Memory that content is copied through. It is used again at once, by whoever is next: made anew for each message it would be most
// of the garbage that there is.

const (
	// blockSize is three frames of HTTP/2 of the usual size, which leave in one write and, with their headers, in what the kernel
	// hands to the network in one piece (64 KiB less the headers of IP and TCP). With 32 KiB a download over HTTP/2 takes a tenth more CPU time; with
	// 64 KiB, of which a small rest is a piece of its own, a seventh.
	blockSize  = 48 << 10
	chunkMin   = 4 << 10  // up to which pieces of content grow that come drop by drop
	chunkLarge = 16 << 10 // a frame of HTTP/2
)

var (
	blocks      = sync.Pool{New: func() any { return new([blockSize]byte) }}
	largeChunks = sync.Pool{New: func() any { return new([chunkLarge]byte) }}
)

// CopyBlocks copies r to w by Read and Write, until the end or an error as io.Copy does.
func CopyBlocks(w io.Writer, r io.Reader) (written int64, err error) {
	block := blocks.Get().(*[blockSize]byte) // one that a panic leaves is not used again
	written, err = io.CopyBuffer(onlyWriter{w}, r, block[:])
	blocks.Put(block)
	return written, err
}

// onlyWriter hides ReadFrom, which would call its caller.
type onlyWriter struct{ io.Writer }
