package proxy

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/semantics"
)

// An exchange is a request at a proxy, of either kind, and what has become of it.
type exchange struct {
	w      *paf.ResponseWriter
	in     *paf.Request
	begun  bool // the response may have been seen by the client
	report Report

	download download
}

// done tells of the request when it is over, in whatever way. Whoever is told may keep what he is given.
func (x *exchange) done(tell func(*paf.ResponseWriter, *paf.Request, *Report), begun time.Time) {
	report := x.report
	report.Took = time.Since(begun)
	tell(x.w, x.in, &report)
}

// fail answers for a request that was not passed on, or breaks off its response. It tells of that, or has it logged. Of the reason the client learns
// the status alone, and more, fields of the response: the rest is for the log.
func (x *exchange) fail(err error, tell func(*paf.Request, *Error), log *slog.Logger, more ...semantics.Field) {
	gone := context.Cause(x.in.Context())
	fault := faultOf(gone)
	if gone != nil && (fault == 0 || x.begun) {
		x.report.Err = gone
		panic(paf.ErrAbort) // nobody is there to be told
	}
	e := &Error{Status: cmp.Or(fault, statusOf(err)), Upstream: x.report.Upstream, Tries: x.report.Tries, Err: err}
	x.report.Err = e
	if x.begun {
		e.Status = 0
	}
	if tell != nil {
		tell(x.in, e)
	} else {
		cmp.Or(log, slog.Default()).Warn("request not passed on", "component", "paf-proxy",
			"method", x.in.Method, "host", x.in.Authority, "path", x.in.Path, "peer", x.in.Peer(), "error", e)
	}
	if x.begun {
		panic(paf.ErrAbort) // what the client has got must not look complete
	}
	*x.w.Header() = semantics.FieldsFrom(more)
	x.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	x.w.WriteHeader(e.Status)
	_, _ = x.w.WriteString(paf.StatusText(e.Status) + "\n")
}

// join joins the tunnel to the client with that to the other side, until both have ended.
func (x *exchange) join(near *paf.Tunnel, far net.Conn, limits TunnelLimits) {
	up, down, err := join(near, far, limits)
	x.report.Uploaded, x.report.Tunnelled, x.report.Err = up, up+down, stopping(near, err)
}

// unreadContent says why a request that asks for a tunnel is none.
func unreadContent(err error) error {
	return fmt.Errorf("%w: the request has content, which stands before a tunnel (RFC 9110, Section 7.8)", err)
}
