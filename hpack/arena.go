package hpack

import "strings"

const (
	// How much more than was asked for is taken at once for strings that may
	// follow. A string that somebody keeps keeps its chunk.
	arenaAhead = 1024

	// An encoder seldom has many entries to make.
	encoderAhead = 256

	// A name of the dynamic table that is longer is a string of its own, which all
	// entries of that name have in common; see makeEntry.
	nameCopied = 32

	// A value that is compared with the last one of its name is not longer: it
	// is kept as long as the decoder is.
	recentLongest = 256
)

// An arena makes strings, many to an allocation.
//
// A strings.Builder never changes what it has handed out: it only appends, so a
// part of its string may be given away before the next is written.
//
// A dynamic table must have an arena of its own, with nothing else in it. As
// entries go in the order in which they came, those that stay then keep alive no
// more than themselves, the gone ones of a single chunk and the unused ends of
// chunks, each of which was smaller than the string that came next. If entries
// shared chunks with what is in no table, or with older entries, one octet could
// keep alive kilobytes, once for each entry.
type arena struct{ chunk strings.Builder }

// reserve makes sure that size octets follow in one chunk. A new one has room
// for as many as more, which say what may be asked for soon.
func (a *arena) reserve(size, more int) {
	if a.chunk.Cap()-a.chunk.Len() < size {
		a.chunk.Reset()
		a.chunk.Grow(size + min(more, arenaAhead))
	}
}

// bytes returns b as a string. Its size has been reserved.
func (a *arena) bytes(b []byte) string {
	if len(b) == 0 {
		return "" // one that is in no chunk
	}
	start := a.chunk.Len()
	a.chunk.Write(b)
	return a.chunk.String()[start:]
}

// string returns a copy of s. Its size has been reserved.
func (a *arena) string(s string) string {
	if s == "" {
		return ""
	}
	start := a.chunk.Len()
	a.chunk.WriteString(s)
	return a.chunk.String()[start:]
}

// recent holds the last value of some names. Encoders keep out of the table
// what they take for changing, such as :path, yet the same often comes again:
// then there is no string to be made. Two names in one place only cost what is
// saved; 17 keeps apart those that encoders are known to leave out.
type recent [17]string

// find returns the last value of a name of the static table if it was b.
func (r *recent) find(name uint64, b []byte) (string, bool) {
	if r == nil {
		return "", false
	}
	s := r[name%uint64(len(r))]
	return s, s == string(b) && len(b) > 0
}

func (r *recent) keep(name uint64, value string) {
	if len(value) <= recentLongest {
		r[name%uint64(len(r))] = value
	}
}
