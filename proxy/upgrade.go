package proxy

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// This file is how a client gets to another protocol, as WebSocket, through a Reverse: its request is an Upgrade over HTTP/1.1 or an
// extended CONNECT over HTTP/2, and so is that to the upstream, whatever the first one was.

// sendUpgrade asks the upstream for the protocol.
func (p *passage) sendUpgrade(ctx context.Context) (*paf.Response, error) {
	p.options.Connected = p.connected
	defer func() { p.options.Connected = nil }()
	return p.proxy.client.Upgrade(ctx, &p.out, p.upgrade)
}

// connected makes the fields those of the version that is spoken. RFC 8441, Section 5: Sec-WebSocket-Key is not used over HTTP/2; over
// HTTP/1.1 there must be one (RFC 6455, Section 4.1).
func (p *passage) connected(c paf.Connection, out *paf.Request) {
	if !semantics.EqualFold(p.upgrade, "websocket") {
		return
	}
	h := &out.Header
	switch has := h.Has("Sec-WebSocket-Key"); {
	case c.Protocol() == paf.HTTP2:
		h.Del("Sec-WebSocket-Key")
		p.key = ""
	case !has:
		var nonce [16]byte // RFC 6455, Section 4.1: "a nonce consisting of a randomly selected 16-byte value"
		_, _ = rand.Read(nonce[:])
		p.key = base64.StdEncoding.EncodeToString(nonce[:])
		h.Add("Sec-WebSocket-Key", p.key)
	}
}

// granted reports whether the upstream goes on with the protocol.
func granted(resp *paf.Response) bool {
	if resp.Protocol == paf.HTTP2 {
		return semantics.Successful(resp.Status)
	}
	return resp.Status == semantics.StatusSwitchingProtocols
}

// tunnel grants the client what the upstream has granted, and moves bytes between them until both have ended.
func (p *passage) tunnel(resp *paf.Response) error {
	if err := p.accept(resp); err != nil {
		return err
	}
	up, err := resp.Tunnel()
	if err != nil {
		return err
	}
	down, err := p.w.Tunnel()
	if err != nil {
		_ = up.Reset()
		if errors.Is(err, paf.ErrNoTunnel) { // it has sent content with it
			return &paf.URLError{URL: p.in.URL(), Err: unreadContent(err)}
		}
		return nil // the client has gone
	}
	p.join(down, up, p.proxy.Tunnels)
	return nil
}

// accept makes the fields of the response to the client.
func (p *passage) accept(resp *paf.Response) error {
	list := append(passing(&resp.Header, 3), p.proxy.via.field(resp.Protocol))
	protocol := p.upgrade
	if chosen := resp.Header.Get("Upgrade"); chosen != "" {
		protocol = chosen
	}
	if semantics.EqualFold(protocol, "websocket") {
		var said string
		list, said = drawn(list, "Sec-WebSocket-Accept")
		if p.key != "" && said != acceptOf(p.key) {
			return errAccept
		}
		switch {
		case p.in.Protocol == paf.HTTP2:
		case resp.Protocol == paf.HTTP2 || p.key != "":
			list = append(list, semantics.Field{Name: "Sec-WebSocket-Accept", Value: acceptOf(p.in.Header.Get("Sec-WebSocket-Key"))})
		default: // the proof is between the two: it is not for us to say that the upstream has understood
			list = appendSaid(list, "Sec-WebSocket-Accept", said)
		}
	}
	if p.in.Protocol != paf.HTTP2 {
		list = append(list, semantics.Field{Name: "Upgrade", Value: protocol})
	}
	*p.w.Header() = semantics.FieldsFrom(list)
	return nil
}

var errAccept = errors.New("RFC 6455, Section 4.1: the Sec-WebSocket-Accept of the upstream does not fit the key that it got")

// acceptOf returns what proves that a server has understood a WebSocket handshake (RFC 6455, Section 1.3).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
