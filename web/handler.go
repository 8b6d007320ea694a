//go:build !js

package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/loop"
)

// A Handler serves the flows that clients open through a WebSocket: each is one connection of its Server. It is for one path of another
// server, or of the same. Both HTTP/1.1 and, where [paf.Server.ExtendedConnect] is set, HTTP/2 (RFC 8441) carry it.
//
// The flow is counted as a tunnel by the server that it came through. When that begins to stop, the exchanges of the flow may finish
// within Server.GracePeriod.
type Handler struct {
	// Server serves the flows.
	Server *paf.Server

	// Origins are the hosts whose pages may open flows, beside the host that the request is for, as "example.org" or "*.example.org"
	// (path.Match). A browser opens a WebSocket for any page of any site and tells its Origin (RFC 6455, Section 10.2); another is answered 403.
	Origins []string
}

// Serve implements paf.Handler. It returns when the flow is over. What asks for no flow is answered 426 or 400, and for one of another
// subprotocol 400.
func (h *Handler) Serve(w *paf.ResponseWriter, r *paf.Request) {
	if !strings.EqualFold(r.Upgrade(), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refuse(w, http.StatusUpgradeRequired, "This is the end of a WebSocket.")
		return
	}
	if !offers(r, protocol) {
		refuse(w, http.StatusBadRequest, "The subprotocol is "+protocol+".")
		return
	}
	a := &answer{to: w, header: http.Header{}, extended: r.Method == "CONNECT"}
	ws, err := websocket.Accept(a, a.request(r), &websocket.AcceptOptions{
		Subprotocols: []string{protocol}, OriginPatterns: h.Origins,
	})
	if err != nil {
		return // which Accept has told the client
	}
	ctx, cancel := context.WithCancel(a.tunnel.Context()) // which may end when the WebSocket does, before the flow has been read to its end
	defer cancel()
	c := connect(ws)
	c.local, c.peer = a.tunnel.LocalAddr(), a.tunnel.RemoteAddr()
	_ = h.Server.ServeFlow(ctx, c) // it has logged why it broke off
}

func refuse(w *paf.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.WriteString(why + "\n")
}

// offers reports whether a client offers a subprotocol.
func offers(r *paf.Request, protocol string) bool {
	for _, f := range r.Header.Values("Sec-WebSocket-Protocol") {
		if slices.Contains(strings.Split(strings.ReplaceAll(f, " ", ""), ","), protocol) {
			return true
		}
	}
	return false
}

// An answer is the response to a request for a WebSocket as the library wants it: with the tunnel in place of a hijacked connection.
type answer struct {
	to       *paf.ResponseWriter
	header   http.Header
	extended bool // by a CONNECT of HTTP/2, which has no key and no Connection
	tunnel   *loop.Tunnel
}

// request returns the request for the library, which knows HTTP/1.1 alone.
func (a *answer) request(r *paf.Request) *http.Request {
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	for name, value := range r.Header.All() {
		if name := http.CanonicalHeaderKey(name); strings.HasPrefix(name, "Sec-Websocket-") || name == "Origin" {
			header.Add(name, value)
		}
	}
	if a.extended {
		key := make([]byte, 16)
		_, _ = rand.Read(key)
		header.Set("Sec-Websocket-Key", base64.StdEncoding.EncodeToString(key))
	}
	return &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: r.Path}, Host: r.Authority, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader sends a refusal; what grants the request is sent by Hijack.
func (a *answer) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		return
	}
	for name, values := range a.header {
		for _, v := range values {
			a.to.Header().Add(name, v)
		}
	}
	a.to.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) { return a.to.Write(p) }

// Hijack implements http.Hijacker.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	for name, values := range a.header {
		switch {
		case !strings.HasPrefix(name, "Sec-Websocket-"): // the others are the tunnel's
		case a.extended && name == "Sec-Websocket-Accept":
		default:
			a.to.Header().Set(name, values[0])
		}
	}
	t, err := a.to.Tunnel()
	if err != nil {
		return nil, nil, err
	}
	a.tunnel = t
	return t, bufio.NewReadWriter(bufio.NewReader(t), bufio.NewWriter(t)), nil
}
