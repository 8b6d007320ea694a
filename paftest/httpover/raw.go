package httpover

import (
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/paf-go/paf/flow"
)

// A rawPeer speaks as it likes.
type rawPeer struct {
	p *place
	flow.Flow
}

// raw opens a flow to the server.
func (p *place) raw() *rawPeer {
	p.Helper()
	f, err := p.dial(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = f.Close() })
	return &rawPeer{p, f}
}

// send writes text, unless the other side has gone.
func (r *rawPeer) send(text string) { _, _ = io.WriteString(r, text) }

// rest returns what comes until the flow ends, by whatever. It closes the flow if that takes too long.
func (r *rawPeer) rest() string {
	r.p.Helper()
	late := time.AfterFunc(patience, func() { _ = r.Close() })
	all, err := io.ReadAll(r)
	if !late.Stop() {
		r.p.Errorf("the flow has not ended; last: %d bytes, %v", len(all), err)
	}
	return string(all)
}

// head reads to the end of a head of HTTP/1.
func (r *rawPeer) head() string {
	r.p.Helper()
	var text strings.Builder
	late := time.AfterFunc(patience, func() { _ = r.Close() })
	defer late.Stop()
	for one := make([]byte, 1); !strings.HasSuffix(text.String(), "\r\n\r\n"); {
		n, err := r.Read(one)
		text.Write(one[:n])
		if err != nil {
			r.p.Errorf("after %q: %v", text.String(), err)
			break
		}
	}
	return text.String()
}

// What a client of HTTP/2 begins with: the preface and an empty SETTINGS frame (RFC 9113, Section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// frames returns the types of the frames that a server of HTTP/2 has sent, by their numbers (RFC 9113, Section 6).
func frames(all string) (types []byte) {
	for len(all) >= 9 {
		length := int(binary.BigEndian.Uint32([]byte("\x00" + all[:3])))
		types = append(types, all[3])
		all = all[min(len(all), 9+length):]
	}
	return types
}

const frameGoaway = 7
