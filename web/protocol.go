package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paf-go/paf/mimic"
)

// WebSocket opens a flow through a WebSocket (RFC 6455); its endpoint is a URL of the scheme ws or wss, at which a [Handler] answers, as
// "wss://example.org/flow". Its priority, 0, puts it before TLS and TCP. That is where the way is secured: by wss. The URLs of requests over the
// flow are of http; for one of https there would be TLS over the flow as well, which a Handler does not speak.
var WebSocket = mimic.Register("websocket", 0, DialWebSocket)

// DialWebSocket opens a flow to a [Handler], at a URL of the scheme ws or wss. In a browser that is the browser's WebSocket, which tells little
// of why it failed. The error is [ErrRefused] if the server is there and wants no such flow, as far as that can be known.
func DialWebSocket(ctx context.Context, url string) (*Conn, error) {
	c, err := dialWebSocket(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("web: no WebSocket to %s: %w", url, err)
	}
	c.peer = addr{"websocket", url}
	return c, nil
}

// ErrRefused is when who was asked for a flow wants none.
var ErrRefused = errors.New("web: the flow was refused")

// farewell bounds how long a Close waits for the peer's.
const farewell = 2 * time.Second
