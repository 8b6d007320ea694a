package alpn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/alpn"
	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
	"github.com/paf-go/paf/mimic"
)

func TestEveryProtocolHasItsEngine(t *testing.T) {
	for protocol, want := range map[string]string{"": "h1", "http/1.0": "h1", "http/1.1": "h1", "h2": "h2", "foo": "", "h2c": "", "H2": "", "http/0.9": ""} {
		var got [2]string
		s, errS := alpn.Server(protocol, engine.Limits{}, 1)
		switch s.(type) {
		case *h1.ServerConn:
			got[0] = "h1"
		case *h2.ServerConn:
			got[0] = "h2"
		}
		c, errC := alpn.Client(protocol, engine.Limits{}, 1)
		switch c.(type) {
		case *h1.ClientConn:
			got[1] = "h1"
		case *h2.ClientConn:
			got[1] = "h2"
		}
		for _, err := range []error{errS, errC} {
			var e *alpn.ProtocolError
			if errors.As(err, &e) != (want == "") || e != nil && e.Protocol != protocol {
				t.Errorf("%q: %v", protocol, err)
			}
		}
		if got != [2]string{want, want} {
			t.Errorf("%q: %q", protocol, got)
		}
	}
}

func hello(w *paf.ResponseWriter, r *paf.Request) {
	_, _ = io.WriteString(w, r.Protocol.String()+" "+r.Scheme)
}

// scrambled is a home-made secure flow: it has Read, Write and Close, and what it does to the bytes nobody needs to know.
type scrambled struct {
	inner    flow.Flow
	protocol string
}

func (s *scrambled) Read(p []byte) (int, error) {
	n, err := s.inner.Read(p)
	for i := range p[:n] {
		p[i] ^= 0x55
	}
	return n, err
}

func (s *scrambled) Write(p []byte) (int, error) {
	q := bytes.Clone(p)
	for i := range q {
		q[i] ^= 0x55
	}
	return s.inner.Write(q)
}

func (s *scrambled) Close() error { return s.inner.Close() }

// asked is a scrambled flow that says itself what was negotiated.
type asked struct{ scrambled }

func (a *asked) NegotiatedProtocol() string { return a.protocol }

// A TLS of one's own works on both sides, whether it says itself what was negotiated or an Info does.
func TestHomeMadeTLSWorksOnBothSides(t *testing.T) {
	info := alpn.Info[*scrambled]{
		Protocol: func(s *scrambled) string { return s.protocol },
		Peer:     func(*scrambled) net.Addr { return &net.UnixAddr{Name: "peer", Net: "unix"} },
	}
	wraps := map[string]func(f flow.Flow, protocol string) flow.Flow{
		"by a method": func(f flow.Flow, p string) flow.Flow { return &asked{scrambled{f, p}} },
		"by an Info":  func(f flow.Flow, p string) flow.Flow { return info.Flow(&scrambled{f, p}) },
	}
	for name, wrap := range wraps {
		for protocol, want := range map[string]string{"h2": "HTTP/2.0 https", "http/1.1": "HTTP/1.1 https", "": "HTTP/1.1 https"} {
			s := &paf.Server{Handler: paf.HandlerFunc(hello)}
			own := mimic.Register("own", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
				near, far := flow.Pipe(0)
				go func() { _ = s.ServeFlow(context.Background(), wrap(far, protocol)) }()
				return wrap(near, protocol), nil
			})
			c := &paf.Client{Context: mimic.Add(mimic.Context{}, own, struct{}{})}
			resp, err := c.Get(t.Context(), "https://own.test/")
			if err != nil {
				t.Fatalf("%s, %q: %v", name, protocol, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != want {
				t.Errorf("%s, %q: %q, %v", name, protocol, body, err)
			}
			c.Close()
			_ = s.Shutdown(t.Context())
		}
	}
}

// counting counts its Close.
type counting struct {
	asked
	closed chan struct{}
}

func (c *counting) Close() error {
	close(c.closed) // panics if it is closed twice
	return c.asked.Close()
}

func TestUnknownProtocolIsAnErrorAndAClosedFlow(t *testing.T) {
	near, far := flow.Pipe(0)
	defer near.Close()
	var e *alpn.ProtocolError
	server := &counting{asked{scrambled{far, "foo"}}, make(chan struct{})}
	if err := new(paf.Server).ServeFlow(t.Context(), server); !errors.As(err, &e) || e.Protocol != "foo" {
		t.Errorf("the server: %v", err)
	}
	<-server.closed
	client := &counting{asked{scrambled{near, "foo"}}, make(chan struct{})}
	own := mimic.Register("own", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) { return client, nil })
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, own, struct{}{})}
	defer c.Close()
	if _, err := c.Get(t.Context(), "https://own.test/"); !errors.As(err, &e) || e.Protocol != "foo" {
		t.Errorf("the client: %v", err)
	}
	<-client.closed
}

// A few bytes of a first message hold no connection open for longer than HeadTimeout, where both versions share a port, nor
// do they when each comes just in time.
func TestFirstBytesAreUnderTheHeadTimeout(t *testing.T) {
	preface := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for name, first := range map[string]string{"nothing": "", "half of the preface": preface[:12], "one byte": "P", "the preface": preface, "half of a request": "GET / HT"} {
		for _, every := range []time.Duration{0, 900 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				s := &paf.Server{Handler: paf.HandlerFunc(hello)}
				near, far := flow.Pipe(0)
				done := make(chan error, 1)
				start := time.Now()
				go func() { done <- s.ServeFlow(context.Background(), far) }()
				go func() {
					for i := range len(first) {
						_, _ = near.Write([]byte{first[i]})
						time.Sleep(every)
					}
				}()
				_, _ = io.Copy(io.Discard, near)
				_ = near.Close()
				<-done
				if took := time.Since(start); took < 9*time.Second || took > 13*time.Second {
					t.Errorf("%s, a byte every %v: the connection was open for %v", name, every, took)
				}
				time.Sleep(time.Minute) // the writer
			})
		}
	}
}

func TestFirstBytesTellTheVersion(t *testing.T) {
	for in, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": "HTTP/1.1 200 OK\r\n",
		"PRI * HTTP/1.1\r\nHost: a\r\n\r\n":                      "HTTP/1.1 400 ",
		"P\r\n\r\n":                                              "HTTP/1.1 400 ",
		"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n":                       "HTTP/1.1 ",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": "\x00\x00\x18\x04",
	} {
		for _, cut := range []int{1, 3, len(in)} {
			s := &paf.Server{Handler: paf.HandlerFunc(hello)}
			near, far := flow.Pipe(0)
			done := make(chan error, 1)
			go func() { done <- s.ServeFlow(context.Background(), far) }()
			go func() {
				for rest := in; rest != ""; {
					n := min(cut, len(rest))
					_, _ = io.WriteString(near, rest[:n])
					rest = rest[n:]
				}
				_ = near.CloseWrite()
			}()
			got, _ := io.ReadAll(near)
			_ = near.Close()
			<-done
			if !strings.HasPrefix(string(got), want) {
				t.Errorf("%q by %d: %q", in, cut, got)
			}
			_ = s.Shutdown(t.Context())
		}
	}
}
