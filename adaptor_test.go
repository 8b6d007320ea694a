package paf_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/semantics"
)

// An adaptor that takes the exchange sends a head as it is: with its phrase, its order, and no Date of ours. Nothing else is sent, and
// handlers in front are told.
func TestTakenExchangeIsTheAdaptors(t *testing.T) {
	answer, lines := records(t, "GET", func(w *paf.ResponseWriter, r *paf.Request) {
		w.Header().Set("X-Not", "sent")
		x, body := w.Take(r)
		if body != nil {
			t.Errorf("the content was said to be replaced by a %T", body)
		}
		check(t, x.Respond(&semantics.Response{Status: 103, Fields: semantics.FieldsOf("Link", "x")}, 0))
		check(t, x.HoldString("body"))
		if n, err := w.WriteString("!"); err == nil {
			t.Errorf("%d bytes were written past the adaptor", n)
		}
		check(t, x.Answer(&semantics.Response{Status: 200, Reason: "Fine", Fields: semantics.FieldsOf("B", "1", "Content-Length", "", "A", "2")}, 4, nil))
		w.Account(200, 4)
		if w.Status() != 200 || w.Written() != 4 {
			t.Errorf("status %d, %d bytes", w.Status(), w.Written())
		}
	})
	want := "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 Fine\r\nB: 1\r\nContent-Length: 4\r\nA: 2\r\nConnection: close\r\n\r\nbody"
	if answer != want || len(lines) > 0 {
		t.Errorf("%q, want %q; %v", answer, want, lines)
	}
}

// An adaptor that does not end what it has taken leaves a client with nothing that looks complete.
func TestTakenExchangeThatIsLeftIsCut(t *testing.T) {
	answer, _ := records(t, "GET", func(w *paf.ResponseWriter, r *paf.Request) {
		x, _ := w.Take(r)
		check(t, x.Respond(&semantics.Response{Status: 200}, -1))
		_, err := x.Write([]byte("a"))
		check(t, err)
	})
	if want := "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"; answer != want {
		t.Errorf("%q, want %q", answer, want)
	}
}

// What a handler in front has put in the place of the content is told.
func TestTakeTellsWhoseContentItIs(t *testing.T) {
	virtually(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		other := strings.NewReader("other")
		if r.Path == "/replaced" {
			r.Body = other
		}
		x, body := w.Take(r)
		if (body != nil) != (r.Path == "/replaced") {
			t.Errorf("%s: %v", r.Path, body)
		}
		check(t, x.Answer(&semantics.Response{Status: 204}, -1, nil))
	}), func(t *testing.T, s *paftest.Server) {
		for _, path := range []string{"/", "/replaced"} {
			r, err := paf.NewRequest("POST", "http://paf.test"+path, strings.NewReader("content"))
			check(t, err)
			resp, err := s.Client.Do(t.Context(), r)
			check(t, err)
			_ = resp.Body.Close()
		}
	})
}

// A request of HTTP/1.0 may be answered in its own version: then nothing is said about a connection that ends anyway.
func TestAnswerInHTTP10(t *testing.T) {
	for request, want := range map[string]string{
		"GET / HTTP/1.0\r\n\r\n":                                 "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n":       "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
	} {
		virtually(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
			x, _ := w.Take(r)
			check(t, x.HoldString("hi"))
			check(t, x.Answer(&semantics.Response{Status: 200, Protocol: paf.HTTP10}, 2, nil))
		}), func(t *testing.T, s *paftest.Server) {
			p := newPeer(t, s)
			_ = p.send(request)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(p.in, got); err != nil || string(got) != want {
				t.Errorf("%q, %v, want %q", got, err, want)
			}
			p.Close()
		})
	}
}

// A handler that gives up is not said to have written anything wrong.
func TestAbortIsNotLogged(t *testing.T) {
	answer, lines := records(t, "GET", func(*paf.ResponseWriter, *paf.Request) { panic(paf.ErrAbort) })
	if answer != "" || len(lines) > 0 {
		t.Errorf("%q, %v", answer, lines)
	}
}

// An ErrorHandler may leave a fault without an answer, and nobody says that it panicked.
func TestErrorHandlerMayAbort(t *testing.T) {
	log := &testkit.Record{}
	s := handle(func(*paf.ResponseWriter, *paf.Request) {})
	s.Log = slog.New(slog.NewTextHandler(log, nil))
	s.ErrorHandler = func(*paf.ResponseWriter, *paf.Request, error) { panic(paf.ErrAbort) }
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send("nonsense\r\n\r\n")
		if got, _ := io.ReadAll(p.in); len(got) > 0 || log.String() != "" {
			t.Errorf("%q, log %q", got, log.String())
		}
		p.Close()
	})
}

// told is what a server says of its connections.
type told struct {
	mu     sync.Mutex
	states []string
}

func (l *told) note(_ flow.Flow, s paf.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states = append(l.states, s.String())
}

func (l *told) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.states, " ")
}

// ConnState is told of each state once, ConnContext makes the context of all requests, and Remember finds out once.
func TestConnectionsAreToldOf(t *testing.T) {
	type key struct{}
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		t.Run(protocol.String(), func(t *testing.T) {
			var l told
			found := 0
			s := handle(func(_ *paf.ResponseWriter, r *paf.Request) {
				if r.Context().Value(key{}) != "made" {
					t.Error("the context is another one")
				}
				if v := r.Remember(func(flow.Flow) any { found++; return "kept" }); v != "kept" {
					t.Errorf("remembered %v", v)
				}
			})
			s.ConnState = l.note
			s.ConnContext = func(ctx context.Context, _ flow.Flow) context.Context { return context.WithValue(ctx, key{}, "made") }
			virtually(t, s, func(t *testing.T, s *paftest.Server) {
				s.Client.Protocol = protocol
				for range 2 {
					resp, err := s.Client.Get(t.Context(), "http://paf.test/")
					check(t, err)
					_ = resp.Body.Close()
					synctest.Wait()
				}
				s.Client.Close()
				synctest.Wait()
				if got, want := l.String(), "new active idle active idle closed"; got != want || found != 1 {
					t.Errorf("%s, want %s; found out %d times", got, want, found)
				}
			})
		})
	}
}

// A connection that a handler takes is told of as taken, and no more.
func TestTakenConnectionsAreToldOf(t *testing.T) {
	for name, take := range map[string]func(w *paf.ResponseWriter) io.Closer{
		"Hijack": func(w *paf.ResponseWriter) io.Closer { f, _, err := w.Hijack(); check(t, err); return f },
		"Tunnel": func(w *paf.ResponseWriter) io.Closer { f, err := w.Tunnel(); check(t, err); return f },
	} {
		t.Run(name, func(t *testing.T) {
			var l told
			s := handle(func(w *paf.ResponseWriter, _ *paf.Request) { _ = take(w).Close() })
			s.ConnState = l.note
			virtually(t, s, func(t *testing.T, s *paftest.Server) {
				p := newPeer(t, s)
				_ = p.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				_, _ = io.ReadAll(p.in)
				p.Close()
				synctest.Wait()
				if got, want := l.String(), "new active taken"; got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		})
	}
}

// NoPriorKnowledge takes the preface of HTTP/2 for what it is on HTTP/1: a version that is not supported.
func TestNoPriorKnowledge(t *testing.T) {
	s := handle(func(*paf.ResponseWriter, *paf.Request) { t.Error("called") })
	s.NoPriorKnowledge = true
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		if got, _ := io.ReadAll(p.in); !strings.HasPrefix(string(got), "HTTP/1.1 505 ") {
			t.Errorf("%q", got)
		}
		p.Close()
	})
}

// Who speaks HTTP in clear to a server of TLS is told so, and who speaks something else is not.
func TestPlainRequestToTLSIsAnswered(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s := handle(func(*paf.ResponseWriter, *paf.Request) { t.Error("called") })
	s.Log = slog.New(slog.DiscardHandler)
	go func() { _ = s.Serve(t.Context(), tls.NewListener(ln, &tls.Config{})) }()
	for sent, want := range map[string]string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n": "HTTP/1.0 400 Bad Request\r\n", "hello, world\r\n": ""} {
		c, err := net.Dial("tcp", ln.Addr().String())
		check(t, err)
		_, err = io.WriteString(c, sent)
		check(t, err)
		got, _ := io.ReadAll(c)
		if line, _, _ := strings.Cut(string(got), "Client"); want == "" != (line == "" || line[0] < ' ') || !strings.HasPrefix(string(got), want) {
			t.Errorf("%q: %q", sent, got)
		}
		_ = c.Close()
	}
}

// A listener is closed once, and may be of any type.
func TestListenersAreClosedOnce(t *testing.T) {
	closed := 0
	ln := odd{make([]int, 1), &closed, make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- handle(nil).Serve(ctx, ln) }()
	cancel()
	if err := <-done; err != nil || closed != 1 {
		t.Errorf("%v; closed %d times", err, closed)
	}
}

// odd is a listener that cannot be a key.
type odd struct {
	_      []int
	closed *int
	end    chan struct{}
}

func (l odd) Accept() (net.Conn, error) {
	<-l.end
	return nil, net.ErrClosed
}

func (l odd) Close() error {
	*l.closed++
	close(l.end)
	return nil
}

func (l odd) Addr() net.Addr { return nil }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// The first time-out of a server is as exact as any: its clock begins with the first connection.
func TestFirstTimeoutIsExact(t *testing.T) {
	s := handle(func(*paf.ResponseWriter, *paf.Request) {})
	s.Limits.HeadTimeout = time.Second
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		start := time.Now()
		p := newPeer(t, s)
		_, _ = io.ReadAll(p.in)
		if took := time.Since(start); took != time.Second {
			t.Errorf("a silent client was cut off after %v, not a second", took)
		}
		p.Close()
	})
}
