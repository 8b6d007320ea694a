package paf_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/mimic"
)

// A scripted server has one function for each connection, in the order they are opened.
type scripted struct {
	*paf.Client
	wrap   func(flow.Flow) flow.Flow // what the client's first flow is made into
	opened int

	mu    sync.Mutex
	asked []string // requests that were read whole
}

func (s *scripted) note(request string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request)
}

// script runs f in virtual time with a client whose nth connection is served by the nth function, or else by the last one.
func script(t *testing.T, f func(t *testing.T, s *scripted), serve ...func(s *scripted, c *rawPeer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{}
		p := mimic.Register("scripted", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) {
			here, there := flow.Pipe(0)
			n := min(s.opened, len(serve)-1)
			s.opened++
			go func() {
				defer there.Close()
				serve[n](s, &rawPeer{there, t, bufio.NewReader(there)})
			}()
			if s.wrap != nil && s.opened == 1 {
				return s.wrap(here), nil
			}
			return here, nil
		})
		s.Client = &paf.Client{Context: mimic.Add(mimic.Context{}, p, struct{}{})}
		defer func() { s.Close(); synctest.Wait() }()
		f(t, s)
	})
}

// answers answers n requests and then closes its connection as soon as the head of another one has come.
func answers(n int) func(s *scripted, c *rawPeer) {
	return func(s *scripted, c *rawPeer) {
		for i := 0; ; i++ {
			r, err := http.ReadRequest(c.in)
			if err != nil || i == n {
				s.note("lost")
				return
			}
			body, _ := io.ReadAll(r.Body)
			s.note(fmt.Sprintf("%s %d", r.Method, len(body)))
			_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}
}

func (s *scripted) do(t *testing.T, method string, body io.Reader) error {
	t.Helper()
	resp, err := s.Do(t.Context(), newRequest(t, method, "http://scripted.test/", body))
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	synctest.Wait()
	return err
}

// RFC 9110, Section 9.2.2: what may have been applied is sent again only if to apply it twice is to apply it once.
func TestRequestThatDiesWithAUsedConnectionIsSentAgainIfItIsIdempotent(t *testing.T) {
	for method, again := range map[string]bool{"GET": true, "HEAD": true, "PUT": true, "DELETE": true, "OPTIONS": true,
		"TRACE": true, "POST": false, "PATCH": false, "CUSTOM": false, "get": false} {
		script(t, func(t *testing.T, s *scripted) {
			if err := s.do(t, "GET", nil); err != nil {
				t.Fatal(err)
			}
			err := s.do(t, method, nil)
			var lost *paf.SendError
			switch {
			case again && (err != nil || s.opened != 2 || fmt.Sprint(s.asked) != "[GET 0 lost "+method+" 0]"):
				t.Errorf("%s was not sent again: %v, %d connections, %v", method, err, s.opened, s.asked)
			case !again && (!errors.As(err, &lost) || !lost.Sent || s.opened != 1):
				t.Errorf("%s was sent again: %v, %d connections, %v", method, err, s.opened, s.asked)
			}
		}, answers(1), answers(2))
	}
}

// Where the flow has taken nothing the server has nothing to apply: then any request may be sent again, if it can be.
func TestRequestOfWhichNothingWasSentIsSentAgainWhateverItIs(t *testing.T) {
	for _, test := range []struct {
		method string
		body   io.Reader
		again  bool
	}{
		{"GET", nil, true},
		{"POST", nil, true},
		{"POST", strings.NewReader("content"), true},
		{"POST", io.MultiReader(strings.NewReader("content")), false},
	} {
		script(t, func(t *testing.T, s *scripted) {
			first := int64(len("GET / HTTP/1.1\r\nHost: scripted.test\r\n\r\n"))
			s.wrap = func(f flow.Flow) flow.Flow {
				return flowtest.Faulty(f, flowtest.Faults{Write: []flowtest.Fault{{At: first, Err: syscall.EPIPE}}})
			}
			_ = s.do(t, "GET", nil)
			err := s.do(t, test.method, test.body)
			var lost *paf.SendError
			if test.again && (err != nil || s.opened != 2) || !test.again && (!errors.As(err, &lost) || s.opened != 1) {
				t.Errorf("%s: %v, %d connections, %v", test.method, err, s.opened, s.asked)
			}
		}, answers(2))
	}
}

// A connection that its server has closed meanwhile is not even tried.
func TestConnectionThatHasBeenClosedIsNotUsedAgain(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		_ = s.do(t, "GET", nil)
		if err := s.do(t, "POST", io.MultiReader(strings.NewReader("content"))); err != nil || s.opened != 2 {
			t.Errorf("%v, %d connections, %v", err, s.opened, s.asked)
		}
	}, func(s *scripted, c *rawPeer) {
		_, _ = http.ReadRequest(c.in)
		_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}, answers(1))
}

// Where it has taken a part, the server may have acted on that.
func TestRequestOfWhichAPartWasSentIsSentAgainIfItIsIdempotent(t *testing.T) {
	for method, opened := range map[string]int{"POST": 1, "PUT": 2} {
		script(t, func(t *testing.T, s *scripted) {
			first := int64(len("GET / HTTP/1.1\r\nHost: scripted.test\r\n\r\n"))
			s.wrap = func(f flow.Flow) flow.Flow {
				return flowtest.Faulty(f, flowtest.Faults{Write: []flowtest.Fault{{At: first + 1, Reset: true}}})
			}
			_ = s.do(t, "GET", nil)
			err := s.do(t, method, strings.NewReader("content"))
			var lost *paf.SendError
			if s.opened != opened || opened == 1 && (!errors.As(err, &lost) || !lost.Sent) || opened == 2 && err != nil {
				t.Errorf("%s: %v, %d connections, %v", method, err, s.opened, s.asked)
			}
		}, answers(1))
	}
}

// A server that closes a connection it has never used does not do so because it has been idle: to ask again would be to insist.
func TestRequestThatDiesWithANewConnectionIsNotSentAgain(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		var lost *paf.SendError
		if err := s.do(t, "GET", nil); !errors.As(err, &lost) || !lost.Sent || s.opened != 1 {
			t.Errorf("%v, %d connections", err, s.opened)
		}
	}, answers(0), answers(2))
	// Nor after one that had been used: the second loss is the last.
	script(t, func(t *testing.T, s *scripted) {
		_ = s.do(t, "GET", nil)
		if err := s.do(t, "GET", nil); err == nil || s.opened != 2 {
			t.Errorf("%v, %d connections", err, s.opened)
		}
	}, answers(1), answers(0))
}

// A response that has begun is a sign of life: the request was taken.
func TestRequestWhoseAnswerBreaksOffIsNotSentAgain(t *testing.T) {
	for _, answer := range []string{"H", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		script(t, func(t *testing.T, s *scripted) {
			_ = s.do(t, "GET", nil)
			if err := s.do(t, "GET", nil); err == nil || s.opened != 1 {
				t.Errorf("%q: %v, %d connections", answer, err, s.opened)
			}
		}, func(s *scripted, c *rawPeer) {
			_, _ = http.ReadRequest(c.in)
			_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			_, _ = http.ReadRequest(c.in)
			_ = c.send(answer)
		}, answers(2))
	}
}

func TestMaxRetriesBelowZeroIsNever(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		s.MaxRetries = -1
		_ = s.do(t, "GET", nil)
		if err := s.do(t, "GET", nil); err == nil || s.opened != 1 {
			t.Errorf("%v, %d connections", err, s.opened)
		}
	}, answers(1), answers(2))
}

// A request whose context has ended is not wanted any more.
func TestRequestThatWasCancelledIsNotSentAgain(t *testing.T) {
	script(t, func(t *testing.T, s *scripted) {
		_ = s.do(t, "GET", nil)
		ctx, cancel := context.WithCancel(t.Context())
		r := newRequest(t, "GET", "http://scripted.test/", nil)
		go func() { synctest.Wait(); cancel() }()
		if _, err := s.Do(ctx, r); !errors.Is(err, context.Canceled) || s.opened != 1 {
			t.Errorf("%v, %d connections", err, s.opened)
		}
	}, func(s *scripted, c *rawPeer) {
		_, _ = http.ReadRequest(c.in)
		_ = c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = io.Copy(io.Discard, c.in)
	}, answers(2))
}

// Content is sent again from its beginning if it can be had again, and else not at all.
func TestContentIsSentAgainOnlyWhole(t *testing.T) {
	const size = 1 << 20 // more than is at hand at once: the first sending is under way when the connection dies
	whole := strings.Repeat("0123456789abcdef", size/16)
	for name, test := range map[string]struct {
		body  io.Reader
		again bool
	}{
		"in memory":           {strings.NewReader(whole), true},
		"seeker":              {struct{ io.ReadSeeker }{strings.NewReader(whole)}, true},
		"seeker with a Close": {&closable{Reader: strings.NewReader(whole)}, true},
		"reader":              {io.MultiReader(strings.NewReader(whole)), false},
	} {
		t.Run(name, func(t *testing.T) {
			script(t, func(t *testing.T, s *scripted) {
				_ = s.do(t, "GET", nil)
				err := s.do(t, "PUT", test.body)
				if test.again && (err != nil || fmt.Sprint(s.asked) != fmt.Sprintf("[GET 0 lost PUT %d]", size)) {
					t.Errorf("it was not sent again whole: %v, %v", err, s.asked)
				}
				if !test.again && (err == nil || s.opened != 1) {
					t.Errorf("it was sent again: %v, %v", err, s.asked)
				}
				if c, ok := test.body.(*closable); ok && c.closed.Load() != 1 {
					t.Errorf("it was closed %d times", c.closed.Load())
				}
			}, answers(1), answers(1))
		})
	}
}

// A server of HTTP/2 that refuses a stream says that nothing was done (RFC 9113, Section 8.7): any request may be sent
// again then, on the same connection too, but not for ever.
func TestRequestThatIsRefusedIsSentAgainMaxRetriesTimes(t *testing.T) {
	for _, test := range []struct {
		retries, refused int
		body             io.Reader
		asked            int
		fails            bool
	}{
		{0, 2, nil, 3, false},
		{0, 100, nil, 4, true},
		{1, 100, nil, 2, true},
		{-1, 100, nil, 1, true},
		{0, 2, strings.NewReader("content"), 3, false},
		{0, 2, io.MultiReader(strings.NewReader("content")), 1, true},
	} {
		asked := 0
		script(t, func(t *testing.T, s *scripted) {
			s.Protocol, s.MaxRetries = paf.HTTP2, test.retries
			err := s.do(t, "POST", test.body)
			var lost *paf.SendError
			if asked != test.asked || test.fails != errors.As(err, &lost) || test.fails && lost.Sent {
				t.Errorf("%+v: asked %d times, %v", test, asked, err)
			}
		}, func(s *scripted, c *rawPeer) {
			c.speakH2(func(stream string) string {
				if asked++; asked <= test.refused {
					return "\x00\x00\x04\x03\x00" + stream + "\x00\x00\x00\x07" // RST_STREAM, REFUSED_STREAM
				}
				return "\x00\x00\x01\x01\x05" + stream + "\x88" // HEADERS with END_STREAM, :status 200
			})
		})
	}
}
