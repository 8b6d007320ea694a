package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/cmd/paf/internal/said"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// A dialer opens connections to the server of a run.
type dialer struct {
	way        mimic.Context // leads to the transport
	secure     *tls.Config   // nil for none
	prior      bool          // HTTP/2 without having agreed on it
	timeout    time.Duration
	limits     engine.Limits
	target     string        // the URL, without a password
	tickets    bool          // a connection is not read from, so that tickets have to be waited for
	ticketless atomic.Bool   // the server gives none
	opening    chan struct{} // has room for those that may be opened at the same time
}

// A dialed is a connection that was opened, and how long that took, in nanoseconds.
type dialed struct {
	flow      flow.Flow
	eng       engine.Client
	protocol  string // as ALPN names it
	dial, tls int64
	session   *tls.Conn       // nil without TLS
	ticket    <-chan struct{} // gets something when a ticket has come that resumes the session; nil if nobody waits for one
}

// newDialer makes a dialer for a URL. What is in over leads to the server in place of the URL's host.
func newDialer(url string, over mimic.Context, config *tls.Config, protocol paf.Protocol, timeout time.Duration) (*dialer, error) {
	d := &dialer{timeout: timeout, prior: protocol == paf.HTTP2, opening: make(chan struct{}, mostAtOnce)}
	clear := url
	if rest, ok := cutFold(url, "https://"); ok {
		clear, d.secure = "http://"+withPort(rest, "443"), config
	} else if rest, ok := cutFold(url, "https+unix://"); ok {
		clear, d.secure = "http+unix://"+rest, config
	}
	made, err := paf.NewRequest("GET", url, nil)
	if err != nil {
		return nil, err
	}
	d.target = made.URL()
	if d.secure != nil && d.secure.ServerName == "" {
		d.secure.ServerName = "localhost"
		if !strings.HasSuffix(made.Target.Scheme, "+unix") {
			d.secure.ServerName = strings.Trim(made.Target.Host(), "[]")
		}
	}
	d.way, err = paf.WithURL(over, clear) // without TLS, whose time is measured apart
	return d, err
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// withPort gives the authority at the beginning of rest a port, if it has none.
func withPort(rest, port string) string {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if colon := strings.LastIndexByte(host, ':'); colon < 0 || strings.HasSuffix(host, "]") {
		return rest[:end] + ":" + port + rest[end:]
	}
	return rest
}

// open opens a connection. clock is that of the run; engines are told the time by instant.
func (d *dialer) open(ctx context.Context, clock func() int64) (dialed, error) {
	select {
	case d.opening <- struct{}{}:
		defer func() { <-d.opening }()
	case <-ctx.Done():
		return dialed{}, ctx.Err()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, errTimeout)
	defer cancel()
	began := clock()
	f, err := d.way.Resolve(ctx)
	if err != nil {
		return dialed{}, undialed(ctx, err)
	}
	c := dialed{flow: f, dial: clock() - began}
	if d.secure != nil {
		began = clock()
		if c.flow, c.ticket, err = d.handshake(ctx, f); err != nil {
			return dialed{}, d.unsecured(ctx, err)
		}
		c.tls = clock() - began
		c.session, _ = flow.As[*tls.Conn](c.flow)
	}
	if c.protocol, c.eng, err = d.engine(c.flow, clock); err != nil {
		_ = c.flow.Close()
		return dialed{}, &failure{kind: Protocol, err: err}
	}
	return c, nil
}

// engine makes the engine for a flow.
func (d *dialer) engine(f flow.Flow, clock func() int64) (string, engine.Client, error) {
	protocol := flow.PowersOf(f).NegotiatedProtocol()
	switch {
	case d.secure == nil && d.prior:
		protocol = alpn.H2
	case d.prior && protocol != alpn.H2:
		return "", nil, errors.New("the server does not agree on HTTP/2 (ALPN), which -m and --http2-prior-knowledge need")
	}
	eng, err := alpn.Client(protocol, d.limits, instant(clock()))
	return protocol, eng, err
}

// undialed is the failure to get a transport, in the words that paf get has for it.
func undialed(ctx context.Context, err error) error {
	if context.Cause(ctx) == errTimeout {
		return errUnopened
	}
	return &failure{kind: timeoutOr(ctx, err, Connect), err: said.InWords(err)}
}

// unsecured is the failure of a handshake: with what was asked for, where paf get has no words for it.
func (d *dialer) unsecured(ctx context.Context, err error) error {
	kind := timeoutOr(ctx, err, TLS)
	if untrusted := new(tls.CertificateVerificationError); errors.As(err, &untrusted) || errors.As(err, new(tls.RecordHeaderError)) {
		return &failure{kind, said.InWords(err)}
	}
	return &failure{kind, fmt.Errorf("the TLS handshake failed, with %s, offering %s: %w", d.secure.ServerName, strings.Join(d.secure.NextProtos, " and "), err)}
}

// timeoutOr is the kind of an error of what had to be done in time.
func timeoutOr(ctx context.Context, err error, kind string) string {
	var timeout net.Error
	if ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return Timeout
	}
	return kind
}
