package nethttp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/flow"
)

// This file is how a Transport opens a flow: by its dialers, and its own TLS.

// A dialled flow is a connection, and what is to be told of it.
type dialled struct {
	net.Conn
	tls        *tls.ConnectionState // nil if there is none, or none of crypto/tls
	negotiated func() string        // nil if nothing can have been
	got        atomic.Bool          // a request has got it
}

// Unwrap gives access to the powers of the connection.
func (d *dialled) Unwrap() flow.Flow { return d.Conn }

// A negotiating flow knows what was negotiated though it is none of crypto/tls's.
type negotiating struct{ *dialled }

// Unwrap: what is found here stands for what is inside.
func (n negotiating) Unwrap() flow.Flow { return n.dialled }

// NegotiatedProtocol implements flow.Negotiator.
func (n negotiating) NegotiatedProtocol() string { return n.negotiated() }

// open opens a flow for a route.
func (t *Transport) open(ctx context.Context, k routeKey) (flow.Flow, error) {
	if k.proxy != "" {
		return t.openByProxy(ctx, k)
	}
	if k.scheme != "https" {
		c, err := t.dial(ctx, k.addr())
		if err != nil {
			return nil, err
		}
		return &dialled{Conn: c}, nil
	}
	if t.DialTLSContext == nil && t.DialTLS == nil {
		c, err := t.dial(ctx, k.addr())
		if err != nil {
			return nil, err
		}
		return t.secure(ctx, c, hostOnly(k.addr()), k.http1)
	}
	c, err := t.dialTLS(ctx, k.addr())
	if err != nil {
		return nil, err
	}
	return t.settle(ctx, c)
}

func (t *Transport) dial(ctx context.Context, addr string) (net.Conn, error) {
	var c net.Conn
	var err error
	switch {
	case t.DialContext != nil:
		if c, err = t.DialContext(ctx, "tcp", addr); err == nil && c == nil {
			err = errors.New("net/http: Transport.DialContext hook returned (nil, nil)")
		}
	case t.Dial != nil:
		if c, err = t.Dial("tcp", addr); err == nil && c == nil {
			err = errors.New("net/http: Transport.Dial hook returned (nil, nil)")
		}
	default:
		c, err = new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	return c, err
}

func (t *Transport) dialTLS(ctx context.Context, addr string) (c net.Conn, err error) {
	if t.DialTLSContext != nil {
		c, err = t.DialTLSContext(ctx, "tcp", addr)
	} else {
		c, err = t.DialTLS("tcp", addr)
	}
	if err == nil && c == nil {
		err = errors.New("net/http: Transport.DialTLS or DialTLSContext returned (nil, nil)")
	}
	return c, err
}

// secure runs TLS over a connection.
func (t *Transport) secure(ctx context.Context, c net.Conn, host string, http1 bool) (flow.Flow, error) {
	config := t.TLSClientConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.NextProtos = t.offers(config.NextProtos, http1)
	return t.settle(ctx, tls.Client(c, config))
}

// offers returns what TLS is asked for: what the configuration has, as far as it is spoken here, and what is spoken besides.
func (t *Transport) offers(given []string, http1 bool) []string {
	if http1 {
		return nil
	}
	with1, with2, _ := t.protocols()
	all := slices.DeleteFunc(slices.Clone(given), func(name string) bool { return name == alpn.H2 && !with2 || name == alpn.HTTP11 && !with1 })
	if with2 && !slices.Contains(all, alpn.H2) {
		all = append(all, alpn.H2)
	}
	if with1 && (with2 || len(given) > 0) && !slices.Contains(all, alpn.HTTP11) {
		all = append(all, alpn.HTTP11)
	}
	return all
}

// settle runs the handshake of a connection that has one, and finds out what it has negotiated.
func (t *Transport) settle(ctx context.Context, c net.Conn) (flow.Flow, error) {
	trace := httptrace.ContextClientTrace(ctx)
	d := &dialled{Conn: c}
	if h, has := c.(flow.Handshaker); has {
		if trace != nil && trace.TLSHandshakeStart != nil {
			trace.TLSHandshakeStart()
		}
		err := t.handshake(ctx, h)
		var state tls.ConnectionState
		if s, is := c.(interface{ ConnectionState() tls.ConnectionState }); is && err == nil {
			state = s.ConnectionState()
		}
		if trace != nil && trace.TLSHandshakeDone != nil {
			trace.TLSHandshakeDone(state, err)
		}
		if err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	if s, is := c.(interface{ ConnectionState() tls.ConnectionState }); is {
		state := s.ConnectionState()
		d.tls = &state
		return d, nil
	}
	if flow.PowersOf(d).Negotiator == nil {
		if d.negotiated = negotiatedBy(c); d.negotiated != nil {
			return negotiating{d}, nil
		}
	}
	return d, nil
}

// handshake runs a handshake within TLSHandshakeTimeout.
func (t *Transport) handshake(ctx context.Context, h flow.Handshaker) error {
	if t.TLSHandshakeTimeout <= 0 {
		return h.HandshakeContext(ctx)
	}
	within, cancel := context.WithTimeoutCause(ctx, t.TLSHandshakeTimeout, errHandshakeTimeout)
	defer cancel()
	err := h.HandshakeContext(within)
	if err != nil && context.Cause(within) == errHandshakeTimeout {
		return errHandshakeTimeout
	}
	return err
}

// negotiatedBy looks for a method ConnectionState, whose result has a field or a method NegotiatedProtocol: so have the copies of crypto/tls,
// each with a type of its own. It returns nil if there is none.
func negotiatedBy(c net.Conn) func() string {
	state := reflect.ValueOf(c).MethodByName("ConnectionState")
	if !state.IsValid() || state.Type().NumIn() != 0 || state.Type().NumOut() == 0 {
		return nil
	}
	return func() string {
		v := state.Call(nil)[0]
		if n, is := v.Interface().(flow.Negotiator); is {
			return n.NegotiatedProtocol()
		}
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			if v.IsNil() {
				return ""
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return ""
		}
		if f := v.FieldByName("NegotiatedProtocol"); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
		return ""
	}
}

func hostOnly(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// proxyAddress returns the address of a proxy.
func proxyAddress(u *url.URL) string {
	if u.Port() == "" && defaultPorts[u.Scheme] == "" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return addressOf(u)
}
