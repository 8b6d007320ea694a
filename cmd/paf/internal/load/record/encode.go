package record

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// wordSize is what the cookies of HdrHistogram's V2 have beside their base.
const wordSize = 0x10

// compressors are used again. A new one takes half a millisecond, and a run has a histogram for each of its seconds.
var compressors = sync.Pool{New: func() any {
	w, _ := zlib.NewWriterLevel(io.Discard, zlib.BestCompression) // fails for levels that there are not
	return w
}}

// encode writes the counts in HdrHistogram's V2 compressed form, in base64: byte for byte what h.counts.Encode writes, which makes a compressor each time.
func (h *Histogram) encode() string {
	payload := h.payload()
	head := binary.BigEndian.AppendUint32(nil, uint32(hdrhistogram.V2EncodingCookieBase|wordSize))
	head = binary.BigEndian.AppendUint32(head, uint32(len(payload)))
	head = binary.BigEndian.AppendUint32(head, 0) // the counts are not rotated
	head = binary.BigEndian.AppendUint32(head, uint32(h.counts.SignificantFigures()))
	head = binary.BigEndian.AppendUint64(head, lowest)
	head = binary.BigEndian.AppendUint64(head, uint64(highest))
	head = binary.BigEndian.AppendUint64(head, math.Float64bits(1))

	var b bytes.Buffer // whose writes do not fail
	b.Write(make([]byte, 8))
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&b)
	w.Write(head)
	w.Write(payload)
	w.Close()
	out := b.Bytes()
	binary.BigEndian.PutUint32(out, uint32(hdrhistogram.V2CompressedEncodingCookieBase|wordSize))
	binary.BigEndian.PutUint32(out[4:], uint32(len(out)-8))
	return base64.StdEncoding.EncodeToString(out)
}

// payload returns the counts by index, as zigzag varints. One below zero stands for so many zeros. They are the same as Go's up to 2^55, and no count is
// more than maxCount.
func (h *Histogram) payload() (all []byte) {
	half := 7 // the logarithm of how many indices each power of two has: enough for the digits
	if h.counts.SignificantFigures() == digits {
		half = 10
	}
	next := 0
	for value, count := range h.Buckets() {
		shift := max(0, bits.Len64(uint64(value))-half-1)
		index := shift<<half + int(value>>shift)
		switch zeros := index - next; {
		case zeros == 1:
			all = binary.AppendVarint(all, 0)
		case zeros > 1:
			all = binary.AppendVarint(all, -int64(zeros))
		}
		all = binary.AppendVarint(all, count)
		next = index + 1
	}
	if all == nil {
		all = []byte{0}
	}
	return all
}
