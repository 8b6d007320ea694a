package nethttp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paf-go/paf/flow"
)

// This file is how a flow is opened by a proxy.

// openByProxy opens a flow through a proxy: to it, where it forwards requests, else through it to the server.
func (t *Transport) openByProxy(ctx context.Context, k routeKey) (flow.Flow, error) {
	proxy, err := url.Parse(k.proxy)
	if err != nil {
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err // without the URL, which may have a password
		}
		return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
	}
	var c net.Conn
	switch proxy.Scheme {
	case "https":
		var f flow.Flow
		if f, err = t.openTLS(ctx, proxyAddress(proxy), proxy.Hostname()); err == nil {
			c = flow.NetConn(f)
		}
	default:
		c, err = t.dial(ctx, proxyAddress(proxy))
	}
	if err != nil {
		return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
	}
	switch {
	case strings.HasPrefix(proxy.Scheme, "socks5"):
		err = within(ctx, c, func() error { return socks(c, proxy, k.addr()) })
	case k.scheme == "https":
		err = t.connect(ctx, c, proxy, k.addr())
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	if k.scheme == "https" {
		return t.secure(ctx, c, hostOnly(k.addr()), k.http1)
	}
	return &dialled{Conn: c}, nil
}

// openTLS opens a connection to a proxy that speaks TLS; to it, HTTP/1.1 is spoken.
func (t *Transport) openTLS(ctx context.Context, addr, host string) (flow.Flow, error) {
	if t.DialTLSContext != nil || t.DialTLS != nil {
		c, err := t.dialTLS(ctx, addr)
		if err != nil {
			return nil, err
		}
		return t.settle(ctx, c)
	}
	c, err := t.dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return t.secure(ctx, c, host, true)
}

// connect makes a proxy a tunnel to a server (RFC 9110, Section 9.3.6).
func (t *Transport) connect(ctx context.Context, c net.Conn, proxy *url.URL, addr string) error {
	header := t.ProxyConnectHeader.Clone()
	if t.GetProxyConnectHeader != nil {
		var err error
		if header, err = t.GetProxyConnectHeader(ctx, proxy, addr); err != nil {
			return err
		}
	}
	if header == nil {
		header = http.Header{}
	}
	if user := credentials(proxy); user != "" {
		header = header.Clone()
		header.Set("Proxy-Authorization", user)
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: header}
	var response *http.Response
	err := within(ctx, c, func() (err error) {
		if err = request.Write(c); err == nil {
			response, err = http.ReadResponse(bufio.NewReaderSize(&stingy{c, t.headMost()}, 16), request)
		}
		return err
	})
	if err != nil {
		return err
	}
	if t.OnProxyConnectResponse != nil {
		if err := t.OnProxyConnectResponse(ctx, proxy, request, response); err != nil {
			return err
		}
	}
	if response.StatusCode != http.StatusOK {
		_, text, ok := strings.Cut(response.Status, " ")
		if !ok {
			text = "unknown status code"
		}
		return errors.New(text)
	}
	return nil
}

// A stingy reader gives one byte at a time, so that nothing is taken which comes behind the head, and no more than so many.
type stingy struct {
	r    io.Reader
	left int
}

func (s *stingy) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errors.New("net/http: the proxy's response to CONNECT exceeds the Transport's MaxResponseHeaderBytes")
	}
	s.left--
	return s.r.Read(p[:min(1, len(p))])
}

// proxyTimeout bounds what is said to a proxy before it is a tunnel: ctx ends late, or never.
const proxyTimeout = time.Minute

// within runs an exchange of bytes that ends with ctx.
func within(ctx context.Context, c io.Closer, run func() error) error {
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	err := run()
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// socks asks a proxy for a connection (RFC 1928, RFC 1929).
func socks(c io.ReadWriter, proxy *url.URL, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return err
	}
	if err := socksLogin(c, proxy.User); err != nil {
		return err
	}
	ask := []byte{5, 1, 0}
	ip := net.ParseIP(host)
	switch {
	case ip.To4() != nil:
		ask = append(append(ask, 1), ip.To4()...)
	case ip != nil:
		ask = append(append(ask, 4), ip...)
	case len(host) > 255:
		return fmt.Errorf("socks: the host's name is longer than 255 bytes")
	default:
		ask = append(append(ask, 3, byte(len(host))), host...)
	}
	if _, err := c.Write(append(ask, byte(number>>8), byte(number))); err != nil {
		return err
	}
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	if head[1] != 0 {
		return fmt.Errorf("socks: the proxy could not connect to %s: reply %d", addr, head[1])
	}
	return skipAddress(c, head[3])
}

// skipAddress reads the address from which the proxy has connected.
func skipAddress(c io.Reader, kind byte) error {
	size := map[byte]int64{1: 4, 4: 16}[kind]
	if kind == 3 {
		var n [1]byte
		if _, err := io.ReadFull(c, n[:]); err != nil {
			return err
		}
		size = int64(n[0])
	}
	_, err := io.CopyN(io.Discard, c, size+2)
	return err
}

// socksLogin agrees on a method, and gives user and password if there are any.
func socksLogin(c io.ReadWriter, user *url.Userinfo) error {
	methods := []byte{5, 1, 0}
	if user != nil {
		methods = []byte{5, 2, 0, 2}
	}
	if _, err := c.Write(methods); err != nil {
		return err
	}
	var answer [2]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return err
	}
	switch {
	case answer[0] != 5:
		return fmt.Errorf("socks: the proxy speaks version %d", answer[0])
	case answer[1] == 0:
		return nil
	case answer[1] != 2 || user == nil:
		return errors.New("socks: no method of authentication is acceptable to the proxy")
	}
	name := user.Username()
	password, _ := user.Password()
	if len(name) == 0 || len(name) > 255 || len(password) > 255 {
		return errors.New("socks: the user name or the password has no valid length")
	}
	login := append([]byte{1, byte(len(name))}, name...)
	login = append(append(login, byte(len(password))), password...)
	if _, err := c.Write(login); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return err
	}
	if answer[1] != 0 {
		return errors.New("socks: the proxy does not accept the user name and the password")
	}
	return nil
}
