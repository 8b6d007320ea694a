package h2_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paf-go/paf/hpack"
	"github.com/paf-go/paf/internal/script"
)

// frames is how scripts write HTTP/2, a frame a line:
//
//	PREFACE
//	SETTINGS [ACK] INITIAL_WINDOW_SIZE=100 0x99=1
//	HEADERS 1 END_STREAM | :method: GET | :path: / | x: y
//	HEADERS 1 MORE RAW | \x82           the payload's bytes, of a block that goes on
//	CONTINUATION 1 | x: y
//	DATA 1 END_STREAM PAD=3 | hello
//	DATA 1 SIZE=16384                   that many letters x
//	RST_STREAM 1 CANCEL
//	GOAWAY 3 NO_ERROR
//	PING [ACK] | 8 bytes
//	WINDOW_UPDATE 0 100
//	PRIORITY 3 DEPENDS=1
//	PRIORITY_UPDATE 1 | u=0
//	FRAME 0x6 0x0 1 | bytes             type, flags, stream: any frame at all
//	CUT 3 HEADERS …                     the frame without its last three bytes
//	LENGTH 3 HEADERS …                  the frame with another length in its header
//	BYTES \x00                          what is no frame
//
// END_HEADERS is set unless MORE says otherwise. Input has its fields as literals without
// indexing (RFC 7541, Section 6.2.2); "!name: value" is one that is never indexed.
type frames struct {
	dec   *hpack.Decoder
	block []byte // a field block in output that goes on
	begun bool
}

func newFrames() script.Notation { return &frames{dec: hpack.NewDecoder(4096)} }

const prefaceText = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

var kinds = []string{"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION", 0x10: "PRIORITY_UPDATE"}

var settingNames = []string{1: "HEADER_TABLE_SIZE", "ENABLE_PUSH", "MAX_CONCURRENT_STREAMS", "INITIAL_WINDOW_SIZE", "MAX_FRAME_SIZE", "MAX_HEADER_LIST_SIZE", 8: "ENABLE_CONNECT_PROTOCOL", "NO_RFC7540_PRIORITIES"}

var codes = []string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}

// Read implements script.Notation.
func (n *frames) Read(line string) ([]byte, error) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "PREFACE":
		return []byte(prefaceText), nil
	case "BYTES":
		s, err := script.Unescape(rest)
		return []byte(s), err
	case "CUT", "LENGTH":
		number, inner, _ := strings.Cut(rest, " ")
		k, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		b, err := n.Read(inner)
		if verb == "CUT" || err != nil {
			return b[:max(0, len(b)-k)], err
		}
		b[0], b[1], b[2] = byte(k>>16), byte(k>>8), byte(k)
		return b, nil
	}
	parts := strings.Split(line, " | ")
	words := strings.Fields(parts[0])
	f, err := readFrame(words, parts[1:])
	if err != nil {
		return nil, fmt.Errorf("%q: %w", line, err)
	}
	return f.bytes(), nil
}

// A written is a frame while a line is read.
type written struct {
	kind, flags byte
	stream      uint32
	payload     []byte
	pad         int // -1: none
}

func (f *written) bytes() []byte {
	payload := f.payload
	if f.pad >= 0 {
		f.flags |= 0x8
		payload = slices.Concat([]byte{byte(f.pad)}, payload, make([]byte, f.pad))
	}
	return frame(nil, f.kind, f.flags, f.stream, payload...)
}

func readFrame(words, parts []string) (f written, err error) {
	f.pad = -1
	if words[0] == "FRAME" {
		var numbers [3]uint64
		for i := range numbers {
			if numbers[i], err = strconv.ParseUint(words[1+i], 0, 32); err != nil {
				return f, err
			}
		}
		f.kind, f.flags, f.stream = byte(numbers[0]), byte(numbers[1]), uint32(numbers[2])
		words = []string{"FRAME"}
	} else {
		k := slices.Index(kinds, words[0])
		if k < 0 {
			return f, fmt.Errorf("no type of frame")
		}
		f.kind = byte(k)
	}
	fields := (f.kind == 1 || f.kind == 9) && words[0] != "FRAME"
	if fields {
		f.flags = 0x4
	}
	var numbers []uint32
	var front []byte
	for _, w := range words[1:] {
		name, value, valued := strings.Cut(w, "=")
		number, nerr := strconv.ParseUint(value, 0, 32)
		switch {
		case valued && nerr != nil:
			return f, nerr
		case w == "RAW":
			fields = false
		case w == "MORE":
			f.flags &^= 0x4
		case w == "END_STREAM" || w == "ACK":
			f.flags |= 0x1
		case name == "PAD":
			f.pad = int(number)
		case name == "SIZE":
			f.payload = []byte(strings.Repeat("x", int(number)))
		case name == "DEPENDS":
			front = append(binary.BigEndian.AppendUint32(nil, uint32(number)), 15)
			if f.kind == 1 {
				f.flags |= 0x20
			}
		case valued:
			id := slices.Index(settingNames, name)
			if id < 0 {
				n, err := strconv.ParseUint(name, 0, 16)
				if err != nil {
					return f, err
				}
				id = int(n)
			}
			f.payload = binary.BigEndian.AppendUint16(f.payload, uint16(id))
			f.payload = binary.BigEndian.AppendUint32(f.payload, uint32(number))
		case slices.Contains(codes, w):
			numbers = append(numbers, uint32(slices.Index(codes, w)))
		default:
			n, err := strconv.ParseUint(w, 0, 32)
			if err != nil {
				return f, err
			}
			numbers = append(numbers, uint32(n))
		}
	}
	connection := f.kind == 4 || f.kind == 6 || f.kind == 7 || f.kind == 0x10
	for i, n := range numbers {
		if i == 0 && !connection {
			f.stream = n
			continue
		}
		f.payload = binary.BigEndian.AppendUint32(f.payload, n)
	}
	if fields {
		block, err := literals(parts)
		if err != nil {
			return f, err
		}
		f.payload = append(f.payload, block...)
	} else if len(parts) > 0 {
		text, err := script.Unescape(strings.Join(parts, " | "))
		if err != nil {
			return f, err
		}
		f.payload = append(f.payload, text...)
	}
	f.payload = append(front, f.payload...)
	return f, nil
}

// literals makes a field block of "name: value" lines (RFC 7541, Section 6.2.2).
func literals(lines []string) (b []byte, err error) {
	for _, line := range lines {
		first := byte(0x00)
		if strings.HasPrefix(line, "!") {
			first, line = 0x10, line[1:]
		}
		text, err := script.Unescape(line)
		if err != nil {
			return nil, err
		}
		name, value, found := strings.Cut(strings.TrimPrefix(text, ":"), ":")
		if !found {
			return nil, fmt.Errorf("%q has no colon", line)
		}
		name = text[:len(text)-len(strings.TrimPrefix(text, ":"))] + name
		b = literal(literal(append(b, first), name), strings.TrimPrefix(value, " "))
	}
	return b, nil
}

// literal appends a string literal without Huffman's code (Section 5.2).
func literal(b []byte, s string) []byte {
	if len(s) < 127 {
		return append(append(b, byte(len(s))), s...)
	}
	b = append(b, 127)
	n := len(s) - 127
	for ; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(append(b, byte(n)), s...)
}

// Write implements script.Notation.
func (n *frames) Write(wire []byte) (lines []string) {
	if !n.begun && strings.HasPrefix(string(wire), prefaceText) {
		wire = wire[len(prefaceText):]
		lines = append(lines, "PREFACE")
	}
	n.begun = n.begun || len(wire) > 0
	for len(wire) >= 9 {
		length := int(wire[0])<<16 | int(wire[1])<<8 | int(wire[2])
		if len(wire) < 9+length {
			break
		}
		lines = append(lines, n.write(wire[3], wire[4], binary.BigEndian.Uint32(wire[5:]), wire[9:9+length]))
		wire = wire[9+length:]
	}
	if len(wire) > 0 {
		lines = append(lines, "BYTES "+script.Escape(wire))
	}
	return lines
}

func (n *frames) write(kind, flags byte, stream uint32, payload []byte) string {
	line := fmt.Sprintf("FRAME 0x%x", kind)
	if int(kind) < len(kinds) && kinds[kind] != "" {
		line = kinds[kind]
	}
	if kind != 4 && kind != 6 && kind != 7 {
		line += fmt.Sprintf(" %d", stream)
	} else if stream != 0 {
		line += fmt.Sprintf(" ON %d", stream)
	}
	if flags&0x1 != 0 {
		line += map[bool]string{true: " END_STREAM", false: " ACK"}[kind < 2]
	}
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(payload[at:]) }
	switch kind {
	case 0:
		return line + content(payload)
	case 1, 9:
		return n.writeBlock(line, flags, payload)
	case 3:
		return line + " " + codes[u32(0)]
	case 4:
		for p := payload; len(p) >= 6; p = p[6:] {
			line += fmt.Sprintf(" %s=%d", settingNames[binary.BigEndian.Uint16(p)], binary.BigEndian.Uint32(p[2:]))
		}
		return line
	case 7:
		return line + fmt.Sprintf(" %d %s", u32(0), codes[u32(4)]) + content(payload[8:])
	case 8:
		return line + fmt.Sprintf(" %d", u32(0))
	}
	return line + content(payload)
}

func (n *frames) writeBlock(line string, flags byte, payload []byte) string {
	n.block = append(n.block, payload...)
	if flags&0x4 == 0 {
		return fmt.Sprintf("%s MORE SIZE=%d", line, len(payload))
	}
	if len(payload) < len(n.block) {
		line += fmt.Sprintf(" SIZE=%d", len(payload))
	}
	var f hpack.Field
	for n.dec.Begin(n.block); n.dec.Next(&f); {
		line += " | "
		if f.Sensitive {
			line += "!"
		}
		text := f.Name + ": " + f.Value
		if len(text) > 200 {
			text = fmt.Sprintf("%s (of %d bytes)", f.Name, len(f.Value))
		}
		line += script.Escape([]byte(text))
	}
	if err := n.dec.Err(); err != nil {
		line += " WRONG: " + err.Error()
	}
	n.block = n.block[:0]
	return line
}

func content(b []byte) string {
	switch {
	case len(b) == 0:
		return ""
	case len(b) > 100:
		return fmt.Sprintf(" SIZE=%d", len(b))
	}
	return " | " + script.Escape(b)
}
