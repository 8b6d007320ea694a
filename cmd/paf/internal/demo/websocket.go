package demo

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/paf-go/paf"
	"github.com/paf-go/paf/nethttp"
)

// What a WebSocket may take: messages of this length, and this long without one.
const (
	mostMessage = 64 << 10
	mostSilence = 5 * time.Minute
)

// newSocket returns the handler that opens WebSockets and sends messages back (RFC 6455). Who asks for none is told so with 426, and a page of another site
// may not open one.
func newSocket() paf.Handler {
	return nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer s.CloseNow()
		s.SetReadLimit(mostMessage)
		for back(r.Context(), s) == nil {
		}
	}))
}

// back sends one message back.
func back(ctx context.Context, s *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, mostSilence)
	defer cancel()
	kind, message, err := s.Read(ctx)
	if err != nil {
		return err
	}
	return s.Write(ctx, kind, message)
}
