package h2

import (
	"encoding/binary"

	"github.com/paf-go/paf/engine"
)

// A setting is the identifier of one (RFC 9113, Section 6.5.2; RFC 8441, Section 3; RFC 9218, Section 2.1).
type setting uint16

const (
	settingTableSize       setting = 0x1
	settingEnablePush      setting = 0x2
	settingMaxStreams      setting = 0x3
	settingInitialWindow   setting = 0x4
	settingMaxFrameSize    setting = 0x5
	settingMaxListSize     setting = 0x6
	settingConnectProtocol setting = 0x8
	settingNoPriorities    setting = 0x9
)

// tableSize is the size of the dynamic table for what the peer sends: the initial value, so that nothing need be said.
const tableSize = 4096

// peerSettings is what the peer has said.
type peerSettings struct {
	maxStreams      uint32
	initialWindow   int
	maxFrameSize    int
	connectProtocol bool
}

// defaultSettings are the initial values. That of MAX_CONCURRENT_STREAMS is "no limit", but "it is recommended that
// this value be no smaller than 100": a client that has not heard from the server yet assumes that.
var defaultSettings = peerSettings{maxStreams: 100, initialWindow: initialWindow, maxFrameSize: minFrameSize}

const initialWindow = 65535

// begin puts what the engine has to say before what a command says: our preface comes first of all (Section 3.4), and
// the acknowledgment of settings before what obeys them (Section 6.5.3).
func (c *conn) begin(out *engine.Output) {
	if c.greeting {
		c.greeting = false
		c.greet(out)
	}
	if len(c.pending) > 0 {
		out.Buf = append(out.Buf, c.pending...)
		c.pending = c.pending[:0]
	}
}

// greet says our preface.
func (c *conn) greet(out *engine.Output) {
	b := out.Buf
	if c.role == client {
		b = append(b, clientPreface...)
	}
	start := len(b)
	b = appendFrameHeader(b, 0, frameSettings, 0, 0)
	if c.role == client {
		b = appendSetting(b, settingEnablePush, 0)
	} else {
		b = appendSetting(b, settingMaxStreams, uint32(min(c.limits.Streams, maxStream)))
		b = appendSetting(b, settingNoPriorities, 1)
		if c.limits.ExtendedConnect {
			b = appendSetting(b, settingConnectProtocol, 1)
		}
	}
	b = appendSetting(b, settingInitialWindow, uint32(c.credit.announced))
	b = appendSetting(b, settingMaxListSize, uint32(min(c.limits.HeadBytes, maxWindow)))
	length := len(b) - start - frameHeaderLen
	b[start+1], b[start+2] = byte(length>>8), byte(length)
	if more := c.credit.size - initialWindow; more > 0 {
		b = appendWindowUpdate(b, 0, more)
	}
	out.Buf = b
	c.unacked++
	c.settled = c.now
}

func appendSetting(b []byte, s setting, value uint32) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(s))
	return binary.BigEndian.AppendUint32(b, value)
}

// takeSettings deals with SETTINGS (Section 6.5).
func (c *conn) takeSettings(h *frameHeader, payload []byte, ev *engine.Event) {
	if h.flags.has(flagAck) {
		switch {
		case len(payload) > 0:
			c.fault(ev, ruleSettingsAck, "")
		case c.unacked == 0:
			c.fault(ev, ruleSettingsUnasked, "")
		default:
			c.unacked--
		}
		return
	}
	if len(payload)%6 != 0 {
		c.fault(ev, ruleFrameSize, "SETTINGS")
		return
	}
	if !c.spend(ev, &c.flood.settings, c.limits.Settings, ruleFloodSettings) {
		return
	}
	first := c.life == settings
	if first {
		c.peer.maxStreams = 1<<32 - 1 // until the server says otherwise
	}
	if broken := c.setAll(payload); broken != ok {
		c.fault(ev, broken, "")
		return
	}
	c.pending = appendFrameHeader(c.pending, 0, frameSettings, flagAck, 0)
	c.turn(settled)
	if first && c.leaving.asked && c.role == server {
		c.warn()
	}
}

// setAll takes the settings of a payload whose length is a multiple of 6, in order.
func (c *conn) setAll(payload []byte) rule {
	for p := payload; len(p) > 0; p = p[6:] {
		if broken := c.set(setting(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:])); broken != ok {
			return broken
		}
	}
	return ok
}

// set takes one setting. MAX_HEADER_LIST_SIZE is advisory: what is too long for the peer it refuses itself. "An endpoint that receives a SETTINGS frame with any unknown or unsupported identifier MUST
// ignore that setting."
func (c *conn) set(s setting, v uint32) rule {
	switch s {
	case settingTableSize:
		c.enc.SetMaxTableSize(v)
	case settingEnablePush:
		// "Any value other than 0 or 1 MUST be treated as a connection error", and a client must do
		// so with 1 from a server.
		if v > 1 || v == 1 && c.role == client {
			return ruleSettingValue
		}
	case settingMaxStreams:
		c.peer.maxStreams = v
	case settingInitialWindow:
		return c.setInitialWindow(v)
	case settingMaxFrameSize:
		if v < minFrameSize || v > maxFrameSize {
			return ruleSettingValue
		}
		c.peer.maxFrameSize = int(v)
	case settingConnectProtocol:
		// RFC 8441, Section 3: "MUST be 0 or 1", and no 0 after a 1.
		if v > 1 || v == 0 && c.peer.connectProtocol {
			return ruleSettingValue
		}
		c.peer.connectProtocol = v == 1
	case settingNoPriorities:
		if v > 1 { // RFC 9218, Section 2.1
			return ruleSettingValue
		}
	}
	return ok
}

// setInitialWindow changes the windows of all streams by the difference, which may make them negative (Section 6.9.2).
func (c *conn) setInitialWindow(v uint32) rule {
	if v > maxWindow {
		return ruleWindowSettings
	}
	change := int64(v) - int64(c.peer.initialWindow)
	c.peer.initialWindow = int(v)
	c.timers.due = 0 // whoever has waited for a turn may wait for the peer now
	for _, s := range c.streams {
		size := int64(s.window.size) + change
		if size > maxWindow {
			return ruleWindowOverflow
		}
		s.window.size = int32(size)
	}
	return ok
}
