package paf_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
)

// closable is content that cannot be used after Close, as a file.
type closable struct {
	*strings.Reader
	closed atomic.Int32
}

func (c *closable) Read(p []byte) (int, error) {
	if c.closed.Load() > 0 {
		return 0, errors.New("closed")
	}
	return c.Reader.Read(p)
}

func (c *closable) Seek(offset int64, whence int) (int64, error) {
	if c.closed.Load() > 0 {
		return 0, errors.New("closed")
	}
	return c.Reader.Seek(offset, whence)
}

func (c *closable) Close() error { c.closed.Add(1); return nil }

// A server may redirect before it has the content, which is being sent then still. It is sent anew, whole, and what is left of
// the first sending reads none of it.
func TestRedirectThatComesEarlyGetsTheWholeContent(t *testing.T) {
	const size = 1 << 20
	whole := strings.Repeat("0123456789abcdef", size/16)
	for name, body := range map[string]io.Reader{
		"in memory":           strings.NewReader(whole),
		"seeker":              struct{ io.ReadSeeker }{strings.NewReader(whole)},
		"seeker with a Close": &closable{Reader: strings.NewReader(whole)},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			script(t, func(t *testing.T, s *scripted) {
				if err := s.do(t, "PUT", body); err != nil || got != whole {
					t.Errorf("%d bytes arrived, %v", len(got), err)
				}
				if c, ok := body.(*closable); ok && c.closed.Load() != 1 {
					t.Errorf("it was closed %d times", c.closed.Load())
				}
			}, func(s *scripted, c *rawPeer) {
				_, _ = http.ReadRequest(c.in)
				_ = c.send("HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
				_, _ = io.CopyN(io.Discard, c.in, size/2)
			}, func(s *scripted, c *rawPeer) {
				r, err := http.ReadRequest(c.in)
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(r.Body)
				got = string(body)
				_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			})
		})
	}
}

// A file may be left to the client: it is closed once, whatever becomes of the request, and not before it has been sent.
func TestBodyIsClosedOnceWhateverBecomesOfTheRequest(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx    context.Context
		status int
		spoil  func(r *paf.Request)
		script func(s *scripted, c *rawPeer)
	}{
		"answered":         {script: answers(2)},
		"lost":             {script: answers(0)},
		"redirected":       {script: redirecting("307")},
		"made a GET":       {script: redirecting("303")},
		"led nowhere":      {script: redirecting("307 Bad\r\nX:")},
		"cancelled":        {ctx: cancelled, script: answers(2)},
		"no such field":    {spoil: func(r *paf.Request) { r.Header.Add("no name", "") }, script: answers(2)},
		"no host":          {spoil: func(r *paf.Request) { r.Authority = "" }, script: answers(1)},
		"no such protocol": {spoil: func(r *paf.Request) { r.Scheme = "gopher" }, script: answers(1)},
		"waiting for 100":  {spoil: func(r *paf.Request) { r.Header.Add("Expect", "100-continue") }, script: answers(1)},
	} {
		for _, seeks := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " ", seeks), func(t *testing.T) {
				body := &closable{Reader: strings.NewReader("content")}
				script(t, func(t *testing.T, s *scripted) {
					r := newRequest(t, "PUT", "http://scripted.test/", body)
					if !seeks {
						r.Body = struct{ io.ReadCloser }{body}
					}
					if test.spoil != nil {
						test.spoil(r)
					}
					ctx := t.Context()
					if test.ctx != nil {
						ctx = test.ctx
					}
					if name != "lost" { // on a connection that was used, too
						_ = s.do(t, "GET", nil)
					}
					if resp, err := s.Do(ctx, r); err == nil {
						_ = readAll(t, resp)
					}
					synctest.Wait() // for whoever sends
					if body.closed.Load() != 1 {
						t.Errorf("it was closed %d times", body.closed.Load())
					}
				}, test.script)
			})
		}
	}
}

// redirecting redirects once and then answers.
func redirecting(status string) func(s *scripted, c *rawPeer) {
	return func(s *scripted, c *rawPeer) {
		_, _ = http.ReadRequest(c.in)
		_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		r, err := http.ReadRequest(c.in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = c.send("HTTP/1.1 " + status + " \r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
		answers(1)(s, c)
	}
}

// It is closed too if there is nowhere to send it to.
func TestBodyIsClosedIfNoConnectionIsOpened(t *testing.T) {
	p := mimic.Register("none", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) { return nil, errors.New("none") })
	c := &paf.Client{Context: mimic.Add(mimic.Context{}, p, struct{}{})}
	defer c.Close()
	body := &closable{Reader: strings.NewReader("content")}
	if _, err := c.Do(t.Context(), newRequest(t, "PUT", "http://none.test/", body)); err == nil || body.closed.Load() != 1 {
		t.Errorf("%v, it was closed %d times", err, body.closed.Load())
	}
}

// stuck is content whose Read blocks until it is freed, as a file's on a network.
type stuck struct {
	*strings.Reader
	began        func()
	free, closed chan struct{}
}

func (s *stuck) Read([]byte) (int, error) {
	s.began()
	<-s.free
	return 0, io.EOF
}

func (s *stuck) Close() error { close(s.closed); return nil }

// Content that is to be sent again is waited for while it is being read, but not beyond ctx. It is closed all the same.
func TestContentThatBlocksDoesNotKeepDoBeyondItsContext(t *testing.T) {
	for name, answer := range map[string]string{
		"redirected": "HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
		"lost":       "",
	} {
		t.Run(name, func(t *testing.T) {
			reading := make(chan struct{})
			addr := serverOf(t, func(c net.Conn) {
				in := bufio.NewReader(c)
				skipHead(in)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				skipHead(in)
				<-reading
				if _, _ = io.WriteString(c, answer); answer != "" {
					_, _ = in.ReadByte()
				}
			})
			c := newClient(t)
			resp, err := c.Get(t.Context(), "http://"+addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = readAll(t, resp)
			body := &stuck{Reader: strings.NewReader("content"), began: sync.OnceFunc(func() { close(reading) }), free: make(chan struct{}), closed: make(chan struct{})}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := c.Do(ctx, newRequest(t, "PUT", "http://"+addr, body))
				done <- err
			}()
			select {
			case err := <-done:
				if err == nil || answer != "" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Do: %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("Do waits for a Read that blocks")
			}
			close(body.free)
			<-body.closed
		})
	}
}

// A request may be used again: its content is what its Body gives then.
func TestRequestMayBeSentOnceMoreWithAnotherBody(t *testing.T) {
	s := newTrail(t)
	r := toward(t, "PUT", "http://a.test/307", "/end", strings.NewReader("first"))
	if _, seen := s.do(t, r); seen != `PUT a.test/307 "first", PUT a.test/end "first"` {
		t.Errorf("the server saw %s", seen)
	}
	second := strings.NewReader("skipped second")
	_, _ = second.Seek(8, io.SeekStart)
	r.Body = second
	if _, seen := s.do(t, r); seen != `PUT a.test/307 "second", PUT a.test/end "second"` {
		t.Errorf("the server saw %s", seen)
	}
}
