package proxyproto

import (
	"context"
	"fmt"
	"io"

	"github.com/paf-go/paf/flow"
)

// Send writes a header, at once, as the first that is written to w; nil is one that is Local. It fails if h cannot be said in its version, or w
// fails.
func Send(w io.Writer, h *Header) error {
	if h == nil {
		h = &Header{Local: true}
	}
	head, err := h.bytes()
	if err != nil {
		return fmt.Errorf("proxyproto: a header that cannot be sent: %w", err)
	}
	_, err = w.Write(head)
	return err
}

// Connect returns connect with a header sent on each flow that it opens, before all else. header says which; it may ask the flow
// for its addresses. If it returns nil, the flow is nobody else's, and the header says that it is our own ([Header.Local]). A flow on which that fails, or takes longer than ctx, is closed. It is for mimic.Register:
//
//	behind := mimic.Register("tcp behind PROXY", 0, proxyproto.Connect(open, func(f net.Conn) *proxyproto.Header {
//		return &proxyproto.Header{Source: client, Destination: f.RemoteAddr()}
//	}))
func Connect[E any, F flow.Flow](connect func(context.Context, E) (F, error), header func(F) *Header) func(context.Context, E) (F, error) {
	return func(ctx context.Context, e E) (F, error) {
		f, err := connect(ctx, e)
		if err != nil {
			return f, err
		}
		release := context.AfterFunc(ctx, func() { _ = f.Close() })
		err = Send(f, header(f))
		if !release() {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = f.Close()
			var none F
			return none, err
		}
		return f, nil
	}
}
