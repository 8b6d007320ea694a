package hook

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/paf-go/paf/nethttp"
)

// hookClient sends the requests of every http.Transport by a nethttp.Transport of the same settings, or, if bad, answers 500 to all.
func hookClient(bad bool) {
	if bad {
		http.ExtRoundTrip = func(_ *http.Transport, r *http.Request) (bool, *http.Response, error) {
			count("R")
			w := httptest.NewRecorder()
			refuse(w, r)
			return true, w.Result(), nil
		}
		return
	}
	var mu sync.Mutex
	ours := map[*http.Transport]*nethttp.Transport{}
	find := func(t *http.Transport) *nethttp.Transport {
		mu.Lock()
		defer mu.Unlock()
		return ours[t]
	}
	var cancels sync.Map // of context.CancelCauseFunc, by the request
	http.ExtCancel = func(r *http.Request) {
		if cancel, is := cancels.Load(r); is {
			cancel.(context.CancelCauseFunc)(http.ExportErrRequestCanceled)
		}
	}
	http.ExtRoundTrip = func(t *http.Transport, r *http.Request) (bool, *http.Response, error) {
		if r.URL != nil && r.URL.Scheme != "http" && r.URL.Scheme != "https" {
			return false, nil, nil // what has been registered for it only net/http knows
		}
		count("R")
		t.Clone() // which makes up net/http's mind about HTTP/2
		mu.Lock()
		c := ours[t]
		if c == nil {
			c = &nethttp.Transport{}
			ours[t] = c
		}
		take(c, t)
		mu.Unlock()
		ctx, cancel := context.WithCancelCause(r.Context())
		cancels.Store(r, cancel)
		resp, err := c.RoundTrip(r.WithContext(ctx))
		over := func() {
			cancels.Delete(r)
			cancel(nil)
		}
		if resp != nil {
			resp.Request = r
		}
		if resp == nil || resp.Body == http.NoBody {
			over()
		} else if _, tunnel := resp.Body.(io.Writer); !tunnel {
			resp.Body = canceled{resp.Body, over}
		}
		return true, resp, named(err)
	}
	http.ExtCloseIdle = func(t *http.Transport) bool {
		if c := find(t); c != nil {
			c.CloseIdleConnections()
		}
		return false
	}
}

// take takes the settings of a transport, which tests change at any time.
func take(c *nethttp.Transport, t *http.Transport) {
	c.Proxy, c.OnProxyConnectResponse = t.Proxy, t.OnProxyConnectResponse
	c.ProxyConnectHeader, c.GetProxyConnectHeader = t.ProxyConnectHeader, t.GetProxyConnectHeader
	c.DialContext, c.Dial = t.DialContext, t.Dial
	c.DialTLSContext, c.DialTLS = t.DialTLSContext, t.DialTLS
	c.TLSClientConfig, c.TLSHandshakeTimeout = t.TLSClientConfig, t.TLSHandshakeTimeout
	c.DisableKeepAlives, c.DisableCompression = t.DisableKeepAlives, t.DisableCompression
	c.MaxIdleConns, c.MaxIdleConnsPerHost, c.MaxConnsPerHost = t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost
	c.IdleConnTimeout, c.ResponseHeaderTimeout = t.IdleConnTimeout, t.ResponseHeaderTimeout
	c.ExpectContinueTimeout, c.MaxResponseHeaderBytes = t.ExpectContinueTimeout, t.MaxResponseHeaderBytes
	c.Protocols, c.TLSNextProto = protocols(t), map[string]func(string, *tls.Conn) http.RoundTripper(t.TLSNextProto)
}

// protocols returns what net/http would speak: it leaves HTTP/2 out where a program has set a dialer or a configuration of TLS and
// nothing else, and where GODEBUG says so; a nethttp.Transport does neither.
func protocols(t *http.Transport) *http.Protocols {
	p := new(http.Protocols)
	if t.Protocols != nil {
		*p = *t.Protocols
	} else {
		p.SetHTTP1(true)
		p.SetHTTP2(t.TLSNextProto["h2"] != nil)
	}
	if strings.Contains(os.Getenv("GODEBUG"), "http2client=0") {
		p.SetHTTP2(false)
	}
	return p
}

// named returns net/http's own variable where paf has an error of the same words: no program can name it, but tests from within can.
func named(err error) error {
	if err != nil && err.Error() == http.ExportErrRequestCanceled.Error() {
		return http.ExportErrRequestCanceled
	}
	return err
}

// A canceled body does that for the errors of Read, and tells when it is over.
type canceled struct {
	io.ReadCloser
	over func()
}

func (b canceled) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.over()
	}
	return n, named(err)
}

func (b canceled) Close() error {
	defer b.over()
	return b.ReadCloser.Close()
}
