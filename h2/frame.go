package h2

import (
	"encoding/binary"

	"github.com/paf-go/paf/engine"
)

// A frameType is the type of a frame (RFC 9113, Section 6; RFC 9218, Section 7.1).
type frameType uint8

const (
	frameData           frameType = 0x0
	frameHeaders        frameType = 0x1
	framePriority       frameType = 0x2
	frameRSTStream      frameType = 0x3
	frameSettings       frameType = 0x4
	framePushPromise    frameType = 0x5
	framePing           frameType = 0x6
	frameGoAway         frameType = 0x7
	frameWindowUpdate   frameType = 0x8
	frameContinuation   frameType = 0x9
	framePriorityUpdate frameType = 0x10
)

// A flags byte of a frame.
type flags uint8

const (
	flagEndStream  flags = 0x1
	flagAck        flags = 0x1
	flagEndHeaders flags = 0x4
	flagPadded     flags = 0x8
	flagPriority   flags = 0x20
)

func (f flags) has(bit flags) bool { return f&bit != 0 }

const (
	frameHeaderLen = 9
	// minFrameSize is the least that a peer must take (Section 4.2), and the most that we do:
	// what is not DATA is read as a whole.
	minFrameSize = 16 << 10
	maxFrameSize = 1<<24 - 1
	maxWindow    = 1<<31 - 1
	maxStream    = 1<<31 - 1
)

// A frameHeader is the beginning of a frame (Section 4.1).
type frameHeader struct {
	length int
	kind   frameType
	flags  flags
	stream engine.StreamID
}

func readFrameHeader(b []byte) frameHeader {
	return frameHeader{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   frameType(b[3]),
		flags:  flags(b[4]),
		// "The reserved bit […] MUST be ignored when receiving."
		stream: engine.StreamID(binary.BigEndian.Uint32(b[5:]) & maxStream),
	}
}

func appendFrameHeader(dst []byte, length int, kind frameType, f flags, id engine.StreamID) []byte {
	return append(dst, byte(length>>16), byte(length>>8), byte(length), byte(kind), byte(f),
		byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
}

func appendRSTStream(dst []byte, id engine.StreamID, code engine.Code) []byte {
	dst = appendFrameHeader(dst, 4, frameRSTStream, 0, id)
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

func appendWindowUpdate(dst []byte, id engine.StreamID, n int) []byte {
	dst = appendFrameHeader(dst, 4, frameWindowUpdate, 0, id)
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

func appendPing(dst []byte, f flags, data [8]byte) []byte {
	return append(appendFrameHeader(dst, 8, framePing, f, 0), data[:]...)
}

func appendGoAway(dst []byte, last engine.StreamID, code engine.Code) []byte {
	dst = appendFrameHeader(dst, 8, frameGoAway, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(last))
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

// unpad takes the padding off a payload (Section 6.1).
func unpad(f flags, payload []byte) (rest []byte, broken rule) {
	if !f.has(flagPadded) {
		return payload, ok
	}
	if len(payload) == 0 {
		return nil, ruleFrameSize
	}
	pad := int(payload[0])
	payload = payload[1:]
	if pad > len(payload) {
		return nil, rulePadding
	}
	return payload[:len(payload)-pad], ok
}
