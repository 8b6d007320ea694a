package flow

import (
	"log/slog"
	"sync/atomic"
)

// A Held is a flow that can be kept open beyond whoever would close it: a tunnel
// outlives the exchange that opened it, and its flow the loop that served it.
//
// While it is held, Close and half-closes do nothing, and return nil. That is a flag,
// not a counter: it does not matter how often Close was called or is called,
// and after Release the next Close closes. A Close that was ignored is not
// made up for. Since it was ignored it interrupts nobody, either; a deadline does.
//
// All of its methods may be called at any time from any goroutine. It has the powers of the flow
// inside.
type Held struct {
	Flow
	log    *slog.Logger
	free   atomic.Bool
	powers Powers
}

// Hold returns f, held. Each ignored Close is logged to log at debug level; nil
// means slog.Default.
func Hold(f Flow, log *slog.Logger) *Held {
	if log == nil {
		log = slog.Default()
	}
	return &Held{Flow: f, log: log, powers: PowersOf(f)}
}

// Hold makes Close do nothing, until Release.
func (h *Held) Hold() { h.free.Store(false) }

// Release makes Close close again. It does not close by itself.
func (h *Held) Release() { h.free.Store(true) }

// Close closes the flow, unless it is held.
func (h *Held) Close() error {
	if h.ignores("close") {
		return nil
	}
	return h.Flow.Close()
}

// Unwrap returns the flow inside. To close that is to close it, held or not.
func (h *Held) Unwrap() Flow { return h.Flow }

// Powers returns those of the flow inside; half-closes obey the hold, too.
func (h *Held) Powers() Powers {
	p := h.powers
	if p.CloseWriter != nil {
		p.CloseWriter = heldWrite{h}
	}
	if p.CloseReader != nil {
		p.CloseReader = heldRead{h}
	}
	return p
}

type heldWrite struct{ h *Held }

func (w heldWrite) CloseWrite() error {
	if w.h.ignores("close of the sending side") {
		return nil
	}
	return w.h.powers.CloseWriter.CloseWrite()
}

type heldRead struct{ h *Held }

func (r heldRead) CloseRead() error {
	if r.h.ignores("close of the receiving side") {
		return nil
	}
	return r.h.powers.CloseReader.CloseRead()
}

func (h *Held) ignores(what string) bool {
	if h.free.Load() {
		return false
	}
	h.log.Debug("flow: ignored on a held flow", "what", what, "peer", h.powers.PeerAddr())
	return true
}
