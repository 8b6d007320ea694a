package nethttp

import (
	"errors"
	"net"
	"net/http/httptrace"
	"net/textproto"
	"strings"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// This file is what httptrace is told.

// hostPort is what GetConn is called with.
func (x *roundTrip) hostPort() string {
	return addressOf(x.request.URL)
}

// pafTrace returns the hooks that paf calls, nil if none is set.
func (x *roundTrip) pafTrace() *paf.Trace {
	if x.trace == nil {
		return nil
	}
	t := x.trace
	p := &paf.Trace{WroteHead: t.WroteHeaders, WaitContinue: t.Wait100Continue, FirstByte: t.GotFirstResponseByte, Rested: t.PutIdleConn}
	if t.WroteRequest != nil {
		p.Wrote = func(err error) { t.WroteRequest(httptrace.WroteRequestInfo{Err: err}) }
	}
	return p
}

// traceConnected tells of the connection, and of the fields that are about to be sent.
func (x *roundTrip) traceConnected(c paf.Connection) {
	if x.trace.GotConn != nil {
		info := httptrace.GotConnInfo{Conn: dialledConn(c.Flow()), Reused: c.Used()}
		info.IdleTime, info.WasIdle = c.Idle()
		if d, is := flow.As[*dialled](c.Flow()); is {
			info.Reused = d.got.Swap(true)
		}
		x.trace.GotConn(info)
	}
	if x.trace.WroteHeaderField == nil {
		return
	}
	name := func(s string) string { return s }
	if c.Protocol() == paf.HTTP2 {
		name = strings.ToLower
		x.trace.WroteHeaderField(":authority", []string{x.sent.Authority})
		x.trace.WroteHeaderField(":method", []string{x.sent.Method})
		x.trace.WroteHeaderField(":path", []string{x.sent.Path})
		x.trace.WroteHeaderField(":scheme", []string{x.sent.Scheme})
	} else {
		x.trace.WroteHeaderField("Host", []string{x.sent.Authority})
	}
	for _, f := range x.sent.Header.List() {
		x.trace.WroteHeaderField(name(f.Name), []string{f.Value})
	}
}

// dialledConn returns the connection that a dialer gave, if it was one.
func dialledConn(f flow.Flow) net.Conn {
	if d, is := flow.As[*dialled](f); is {
		return d.Conn
	}
	return flow.NetConn(f)
}

// interim tells of a 1xx response, and bounds those that nobody is told of as net/http does.
func (x *roundTrip) interim(status int, f *paf.Fields) error {
	if x.trace != nil && status == 100 && x.trace.Got100Continue != nil {
		x.trace.Got100Continue()
	}
	if x.trace != nil && x.trace.Got1xxResponse != nil {
		return x.trace.Got1xxResponse(status, textproto.MIMEHeader(headerOf(f)))
	}
	for _, l := range f.List() {
		x.interims += len(l.Name) + len(l.Value) + len(": \r\n")
	}
	if x.interims > x.t.headMost() {
		return errors.New("net/http: too many 1xx informational responses")
	}
	return nil
}
