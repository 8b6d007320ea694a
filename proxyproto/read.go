package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A header is read up to its end and not further, for what lies between the flow and its descriptor would not be seen by whoever waits
// for the descriptor. Each read asks for no more than is missing at least.

const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
	shortest   = len("PROXY UNKNOWN\r\n") // of all headers
	longest1   = 107                      // of version 1, with its line break (section 2.1)
	fixed2     = 16                       // of version 2: signature, version, family, length
)

// read returns the header at the beginning of r, or, if there is none, what has been read. The error is one of r, io.EOF if there
// was not a byte, or ErrMalformed or ErrTooLong.
func read(r io.Reader, limit int) (head, rest []byte, err error) {
	buf := make([]byte, 0, 64)
	for {
		more, is := missing(buf)
		switch {
		case !is:
			return nil, buf, nil
		case more == 0:
			return buf, nil, nil
		case more < 0 || bytes.HasPrefix(buf, []byte(signature2)) && len(buf)+more > limit:
			return nil, nil, ErrTooLong
		}
		buf = append(buf, make([]byte, more)...)
		n, err := r.Read(buf[len(buf)-more:])
		buf = buf[:len(buf)-more+n]
		if err == nil || n == more {
			continue
		}
		if errors.Is(err, io.EOF) && len(buf) > 0 {
			if _, is := missing(buf); !is {
				continue
			}
			err = fmt.Errorf("%w: %w", ErrMalformed, io.ErrUnexpectedEOF)
		}
		return nil, nil, err
	}
}

// missing reports whether buf may be the beginning of a header, and how many bytes that lacks at least: 0 if it is whole, -1 if it is
// too long.
func missing(buf []byte) (n int, is bool) {
	switch {
	case begins(buf, signature1):
		if len(buf) < shortest {
			return shortest - len(buf), true
		}
		return missing1(buf), true
	case begins(buf, signature2):
		return missing2(buf), true
	}
	return 0, false
}

// begins reports whether one of the two begins with the other.
func begins(buf []byte, signature string) bool {
	n := min(len(buf), len(signature))
	return string(buf[:n]) == signature[:n]
}

// missing1 is missing for a line of version 1. Its five spaces tell how far it has come; what follows "UNKNOWN" is anything.
func missing1(buf []byte) int {
	last := len(buf) - 1
	switch {
	case buf[last] == '\n' || bytes.IndexByte(buf, '\n') >= 0:
		return 0 // parse says whether all is well
	case len(buf) >= longest1:
		return -1
	case buf[last] == '\r':
		return 1
	}
	n := len("\r\n")
	if !bytes.HasPrefix(buf, []byte(signature1+"UNKNOWN")) {
		n += len(" 0") * max(0, 5-bytes.Count(buf, []byte(" ")))
	}
	return min(n, longest1-len(buf))
}

// missing2 is missing for version 2, which says how long it is.
func missing2(buf []byte) int {
	switch {
	case len(buf) < shortest:
		return shortest - len(buf) // it may be something else
	case len(buf) < fixed2:
		return fixed2 - len(buf)
	}
	return fixed2 + int(binary.BigEndian.Uint16(buf[fixed2-2:])) - len(buf)
}
