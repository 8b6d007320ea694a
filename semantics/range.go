package semantics

import (
	"strconv"
	"strings"
)

// A Range is a part of a representation (RFC 9110, Section 14).
type Range struct {
	Start  int64 // offset of the first byte
	Length int64 // in bytes, never 0
}

// MaxRanges is the most ranges that ParseRange reads in one field.
const MaxRanges = 16

// ParseRange reads the value of a Range field for a representation of size
// bytes (RFC 9110, Section 14.2). It returns the ranges that can be satisfied,
// cut to the size, in the order of the field. None, with ok, means that the
// answer is 416 with [UnsatisfiedRange].
//
// ok is false when the field is to be ignored and the whole representation
// sent: the unit is not bytes, the value is malformed, the representation is
// empty and the end of it asked for (which Content-Range cannot express), or
// the request is out of proportion: more than [MaxRanges], or together more
// than the representation has. ("A server that supports range requests MAY
// ignore or reject a Range header field that contains … more than two
// overlapping ranges, or a set of many small ranges", Section 14.2.)
func ParseRange(value string, size int64) (ranges []Range, ok bool) {
	unit, set, found := strings.Cut(value, "=")
	if !found || !EqualFold(unit, "bytes") {
		return nil, false
	}
	specs, total := 0, int64(0)
	for spec := range Members(set) {
		if specs++; specs > MaxRanges {
			return nil, false
		}
		r, valid := parseRangeSpec(spec, size)
		if !valid || r.Length > size-total {
			return nil, false
		}
		if r.Length > 0 {
			ranges = append(ranges, r)
			total += r.Length
		}
	}
	return ranges, specs > 0
}

// parseRangeSpec reads "first-last", "first-" or "-suffix" (RFC 9110, Section
// 14.1.1). A range that cannot be satisfied is valid and has no length.
func parseRangeSpec(spec string, size int64) (r Range, valid bool) {
	from, to, dash := strings.Cut(spec, "-")
	if !dash {
		return r, false
	}
	if from == "" {
		n, ok := parseOffset(to)
		n = min(n, size)
		return Range{size - n, n}, ok && (size > 0 || n == 0 && isZero(to))
	}
	first, ok := parseOffset(from)
	last := size - 1
	if ok && to != "" {
		var v int64
		if v, ok = parseOffset(to); v < first {
			// "An int-range is invalid if the last-pos value is present and
			// less than first-pos" (RFC 9110, Section 14.1.1).
			return r, false
		}
		last = min(last, v)
	}
	if !ok || first >= size {
		return r, ok
	}
	return Range{first, last - first + 1}, true
}

// parseOffset reads 1*DIGIT. One that is too large for an int64 is read as the
// largest: it lies beyond the end all the same.
func parseOffset(s string) (n int64, ok bool) {
	const most = 1<<63 - 1
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		if d := int64(s[i] - '0'); n > (most-d)/10 {
			n = most
		} else {
			n = n*10 + d
		}
	}
	return n, s != ""
}

func isZero(digits string) bool { return strings.Trim(digits, "0") == "" }

// ContentRange returns the value of the Content-Range field for this part of
// size bytes, as "bytes 0-4/10" (RFC 9110, Section 14.4).
func (r Range) ContentRange(size int64) string {
	return "bytes " + strconv.FormatInt(r.Start, 10) + "-" +
		strconv.FormatInt(r.Start+r.Length-1, 10) + "/" + strconv.FormatInt(size, 10)
}

// UnsatisfiedRange returns the value of the Content-Range field of a 416
// response, as "bytes */10" (RFC 9110, Section 15.5.17).
func UnsatisfiedRange(size int64) string {
	return "bytes */" + strconv.FormatInt(size, 10)
}
