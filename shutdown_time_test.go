package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/paftest"
)

// slowly answers after three seconds, or half at once and half then.
func slowly(w *paf.ResponseWriter, r *paf.Request) {
	if r.Path == "/flushed" {
		_, _ = w.WriteString("begun, ")
		_ = w.Flush()
	}
	if strings.HasPrefix(r.Path, "/slow") || r.Path == "/flushed" {
		time.Sleep(3 * time.Second)
	}
	hello(w, r)
}

// A running server is stopped by the test, in virtual time.
type running struct {
	*paf.Server
	ln   *paftest.Listener
	stop func()     // ends the context of Serve
	done chan error // what Serve has returned
}

func (s *running) Dial() (flow.Flow, error) { return s.ln.Dial(context.Background()) }

func run(t *testing.T, s *paf.Server, f func(t *testing.T, s *running)) {
	t.Helper()
	s.Log = slog.New(slog.DiscardHandler)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		r := &running{s, paftest.Listen(), stop, make(chan error, 1)}
		go func() { r.done <- s.Serve(ctx, r.ln) }()
		f(t, r)
		stop()
	})
}

// busy opens connections in every state that a stop may find them in.
func (s *running) busy(t *testing.T) (idle, busy map[string]*rawPeer) {
	open := func(text string) *rawPeer {
		p := newPeer(t, s)
		_ = p.send(text)
		return p
	}
	idle = map[string]*rawPeer{"unused": open(""), "used": open("GET /used HTTP/1.1\r\nHost: x\r\n\r\n"), "blank": open("\r\n")}
	busy = map[string]*rawPeer{
		"waiting for its answer":       open("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"),
		"half answered":                open("GET /flushed HTTP/1.1\r\nHost: x\r\n\r\n"),
		"with another request behind":  open("GET /slow1 HTTP/1.1\r\nHost: x\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n"),
		"with content that nobody has": open("POST /slow2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
	}
	if got := idle["used"].answer(); got != "200 hello /used" {
		t.Errorf("got %s", got)
	}
	synctest.Wait()
	return idle, busy
}

var lastAnswers = map[string]string{
	"waiting for its answer":       "200 hello /slow close",
	"half answered":                "200 begun, hello /flushed",
	"with another request behind":  "200 hello /slow1 close",
	"with content that nobody has": "200 hello /slow2 close",
}

// A stop, be it by Shutdown or by the end of the context, closes what is idle at once and what is busy after its answer, which says so
// if it has not begun. It is over when the last one is.
func TestStopClosesTheIdleAtOnceAndTheBusyAfterTheirAnswer(t *testing.T) {
	for name, stop := range map[string]func(s *running) error{
		"Shutdown":             func(s *running) error { return s.Shutdown(context.Background()) },
		"the end of a context": func(s *running) error { s.stop(); return nil },
		"both":                 func(s *running) error { s.stop(); return s.Shutdown(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, handle(slowly), func(t *testing.T, s *running) {
				idle, busy := s.busy(t)
				start := time.Now()
				stopped := make(chan error, 1)
				go func() { stopped <- stop(s) }()
				for name, p := range idle {
					if d := p.ended(start); d != 0 {
						t.Errorf("%s: closed after %v", name, d)
					}
					p.Close()
				}
				synctest.Wait() // the listener is closed beside the connections
				if _, err := s.Dial(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("another connection was accepted: %v", err)
				}
				time.Sleep(time.Second)
				if len(s.done) > 0 || len(stopped) > 0 && name != "the end of a context" {
					t.Error("the stop was over before the last connection was")
				}
				for name, p := range busy {
					if got := p.answer(); got != lastAnswers[name] {
						t.Errorf("%s: got %s", name, got)
					}
					if d := p.ended(start); d != 3*time.Second {
						t.Errorf("%s: closed after %v", name, d)
					}
					p.Close()
				}
				if err := <-stopped; err != nil {
					t.Errorf("the stop returned %v", err)
				}
				if err := <-s.done; err != nil || time.Since(start) != 3*time.Second {
					t.Errorf("Serve returned %v after %v", err, time.Since(start))
				}
			})
		})
	}
}

// A head that has begun to come is a request on its way: it is answered, with a word that it is the last, or times out.
func TestStopAnswersARequestWhoseHeadHasBegun(t *testing.T) {
	run(t, handle(slowly), func(t *testing.T, s *running) {
		p, late := newPeer(t, s), newPeer(t, s)
		_, _ = p.send("GET /whole HT"), late.send("GET /late HT")
		synctest.Wait()
		start := time.Now()
		go func() { _ = s.Shutdown(context.Background()) }()
		time.Sleep(time.Second)
		_ = p.send("TP/1.1\r\nHost: x\r\n\r\n")
		if got := p.answer(); got != "200 hello /whole close" {
			t.Errorf("got %s", got)
		}
		p.Close()
		if got := late.answer(); got != "408 Request Timeout\n close" || !about(time.Since(start), 10*time.Second) {
			t.Errorf("got %s after %v", got, time.Since(start))
		}
		late.Close()
		if err := <-s.done; err != nil {
			t.Error(err)
		}
	})
}

// When the context of Shutdown ends the rest is cut: handlers are told so, clients see their answers cut off, and Shutdown
// says why.
func TestShutdownCutsWhatIsLeftWhenItsContextEnds(t *testing.T) {
	told := map[string]error{}
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("half")
		_ = w.Flush()
		<-r.Context().Done()
		told[r.Path] = context.Cause(r.Context())
	})
	run(t, s, func(t *testing.T, s *running) {
		p := newPeer(t, s)
		_ = p.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 4*time.Second, enough)
		defer cancel()
		start := time.Now()
		if err := s.Shutdown(ctx); err != enough || time.Since(start) != 4*time.Second {
			t.Errorf("Shutdown returned %v after %v", err, time.Since(start))
		}
		if err := <-s.done; err != nil {
			t.Errorf("Serve returned %v", err)
		}
		if got := p.answer(); got != "200 half: unexpected EOF" || !errors.Is(told["/held"], paf.ErrStopped) {
			t.Errorf("got %s; the handler was told %v", got, told["/held"])
		}
		// Again, it has nothing left to do.
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The end of Serve's context gives exchanges GracePeriod: by default 30 s, for ever if it is negative.
func TestGracePeriodIsWhatExchangesHaveAfterTheContext(t *testing.T) {
	for grace, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 2 * time.Second: 2 * time.Second, -1: time.Hour} {
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
				_, _ = io.WriteString(w, "whole")
			}
		})
		s.GracePeriod = grace
		run(t, s, func(t *testing.T, s *running) {
			p := newPeer(t, s)
			_ = p.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			synctest.Wait()
			start := time.Now()
			s.stop()
			answer := map[bool]string{true: "200 whole close", false: "unexpected EOF"}[grace < 0]
			if got := p.answer(); got != answer || time.Since(start) != want {
				t.Errorf("GracePeriod %v: got %s after %v", grace, got, time.Since(start))
			}
			p.Close()
			if err := <-s.done; err != nil || time.Since(start) != want {
				t.Errorf("GracePeriod %v: Serve returned %v after %v", grace, err, time.Since(start))
			}
		})
	}
}

// A flow that is served by itself keeps to its own context, and the others go on.
func TestServeFlowStopsWithItsOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := handle(slowly)
		serve := func() (p *rawPeer, stop func(), done chan error) {
			here, there := flow.Pipe(0)
			ctx, stop := context.WithCancel(context.Background())
			done = make(chan error, 1)
			go func() { done <- s.ServeFlow(ctx, there) }()
			p = newPeer(t, dialer{here})
			_ = p.send("GET /used HTTP/1.1\r\nHost: x\r\n\r\n")
			if got := p.answer(); got != "200 hello /used" {
				t.Errorf("got %s", got)
			}
			return p, stop, done
		}
		a, stopA, doneA := serve()
		b, stopB, doneB := serve()
		start := time.Now()
		stopA()
		if d := a.ended(start); d != 0 {
			t.Errorf("closed after %v", d)
		}
		a.Close()
		if err := <-doneA; err != nil {
			t.Errorf("ServeFlow returned %v", err)
		}
		_ = b.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		stopB()
		if got := b.answer(); got != "200 hello /slow close" {
			t.Errorf("the other got %s", got)
		}
		b.Close()
		if err := <-doneB; err != nil {
			t.Errorf("ServeFlow returned %v", err)
		}
	})
}

// A flow without deadlines can be interrupted by no other means than to close it: one that is busy, if only with half a
// head, is not, and one that is idle is.
func TestStopLeavesABusyFlowWithoutDeadlinesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			body, err := io.ReadAll(r.Body)
			fmt.Fprint(w, string(body), err)
		})
		peers := map[string]*rawPeer{"": nil, "POST / HTTP/1.1\r\nHost": nil, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe": nil}
		for text := range peers {
			here, there := flow.Pipe(0)
			go func() { _ = s.ServeFlow(context.Background(), flow.Bare(there)) }()
			peers[text] = newPeer(t, dialer{here})
			_ = peers[text].send(text)
		}
		synctest.Wait()
		start := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- s.Shutdown(context.Background()) }()
		time.Sleep(time.Second)
		whole := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
		for text, p := range peers {
			if text == "" {
				if d := p.ended(start); d != time.Second {
					t.Errorf("the idle one was closed after %v", d)
				}
				continue
			}
			_ = p.send(whole[len(text):])
			if got := p.answer(); got != "200 hello<nil> close" {
				t.Errorf("after %q: %s", text, got)
			}
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

type dialer struct{ flow.Flow }

func (d dialer) Dial() (flow.Flow, error) { return d.Flow, nil }
