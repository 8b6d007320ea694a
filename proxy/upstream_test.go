package proxy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/proxy"
)

// A greeted listener expects a greeting on each connection, before whatever is spoken there.
type greeted struct{ net.Listener }

const greeting = "greetings\n"

func (l greeted) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		b := make([]byte, len(greeting))
		if _, err := io.ReadFull(c, b); err == nil && string(b) == greeting {
			return c, nil
		}
		c.Close()
	}
}

// What an upstream is reached by is one thing, what is spoken there another: TLS is over the Preface, whatever it is sent on.
func TestAPrefaceComesBeforeTLS(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "dial"} {
		for _, scheme := range []string{"http", "https", "h2c"} {
			if network == "unix" && scheme == "h2c" {
				continue // no URL says so
			}
			t.Run(network+" "+scheme, func(t *testing.T) {
				at := "127.0.0.1:0"
				if network == "unix" {
					at = filepath.Join(t.TempDir(), "s")
				}
				ln, err := net.Listen(strings.Replace(network, "dial", "tcp", 1), at)
				if err != nil {
					t.Fatal(err)
				}
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, " ", r.URL.Path) }))
				s.Listener.Close()
				s.Listener, s.EnableHTTP2 = greeted{ln}, true
				s.Config.Protocols = &http.Protocols{}
				s.Config.Protocols.SetHTTP1(true)
				s.Config.Protocols.SetHTTP2(true)
				s.Config.Protocols.SetUnencryptedHTTP2(true)
				u := &proxy.Upstream{Preface: func(_, _ net.Addr) ([]byte, error) { return []byte(greeting), nil }}
				want := "HTTP/2.0 /x/"
				switch scheme {
				case "https":
					s.StartTLS()
					u.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
					u.TLS.NextProtos, u.TLS.ServerName = nil, "example.com"
				case "http":
					want = "HTTP/1.1 /x/"
					fallthrough
				default:
					s.Start()
				}
				t.Cleanup(s.Close)
				switch network {
				case "tcp":
					u.URL = scheme + "://" + ln.Addr().String() + "/x"
				case "unix":
					u.URL = scheme + "+unix://" + url.QueryEscape(at) + "/x"
				case "dial":
					u.URL = scheme + "://nowhere.test/x"
					u.Dial = func(ctx context.Context) (flow.Flow, error) {
						c, err := new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
						if err != nil {
							return nil, err
						}
						return flow.Conn(c), nil
					}
				}
				resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+before(t, &proxy.Reverse{Upstreams: []*proxy.Upstream{u}})+"/")
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, resp); got != want {
					t.Errorf("%d %q, not %q", resp.Status, got, want)
				}
			})
		}
	}
}

// Without roots that vouch for it an upstream of https is not to be trusted: that is 502, and none of the request has left.
func TestAnUpstreamsCertificateIsChecked(t *testing.T) {
	at, roots := secureStd(t, show)
	for _, config := range []*tls.Config{nil, {RootCAs: roots, ServerName: "other.test"}, {RootCAs: roots}} {
		want := http.StatusBadGateway
		if config != nil && config.ServerName == "" {
			want = http.StatusOK
		}
		r := &proxy.Reverse{Upstreams: []*proxy.Upstream{{URL: "https://" + at, TLS: config}}}
		resp, err := asker(t, paf.HTTP11).Get(t.Context(), "http://"+before(t, r)+"/")
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		if resp.Status != want {
			t.Errorf("%+v: %d", config, resp.Status)
		}
	}
}

func TestAnUpstreamsURLIsNoMoreThanAPlace(t *testing.T) {
	const scheme, more, secret = "its scheme is not http, https, h2c, http+unix or https+unix", "it has more than scheme, host and path", "secret"
	for wrong, want := range map[string]string{
		"": scheme, "host": scheme, "ftp://me:secret@host": scheme, "h2c+unix://s": scheme, "http://host?q": more, "http://host/#f": more, "http://me:secret@host": more,
		"h2c://me:secret@host": more, "http://": "no host", "http://:80": "no host", "http://host:99999": "port", "https://a b": "", "http+unix://": "socket", "http+unix:///run/s": "socket",
	} {
		err := new(proxy.Reverse).Use([]*proxy.Upstream{{URL: wrong}})
		if bad := new(paf.URLError); !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	for _, right := range []string{"http://host", "HTTP://host:80/", "H2C://host/a/", "https://[::1]:8443/a%2Fb", "http+unix://%2Frun%2Fs/a", "https+unix://%40name"} {
		if err := new(proxy.Reverse).Use([]*proxy.Upstream{{URL: right}}); err != nil {
			t.Errorf("%q: %v", right, err)
		}
	}
}
