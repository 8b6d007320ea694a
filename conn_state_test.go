package paf_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/paftest"
)

// While ConnState is being called the one who looks out for the peer may read the next request: it is answered all the same.
func TestARequestThatComesWhileIdleIsToldIsAnswered(t *testing.T) {
	const request = "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
	var p *rawPeer
	var once sync.Once
	s := &paf.Server{
		Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			_ = r.Context().Done() // from now on somebody looks out
			synctest.Wait()
			hello(w, r)
		}),
		ConnState: func(_ flow.Flow, state paf.ConnState) {
			if state == paf.ConnIdle {
				once.Do(func() {
					_ = p.send(fmt.Sprintf(request, 2))
					synctest.Wait() // it has been read
				})
			}
		},
	}
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		p = newPeer(t, s)
		_ = p.send(fmt.Sprintf(request, 1))
		for i := 1; i <= 2; i++ {
			resp, err := http.ReadResponse(p.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); string(body) != fmt.Sprintf("hello /%d", i) || err != nil {
				t.Errorf("%q, %v", body, err)
			}
		}
		p.Close()
	})
}

// What is told of a connection is told in order, though it is found by several goroutines, and nothing after the last.
func TestStatesAreToldInOrder(t *testing.T) {
	var l told
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		time.Sleep(time.Second) // somebody else reads meanwhile
		if r.Path == "/gone" {
			<-r.Context().Done()
		}
	})
	s.ConnState = func(f flow.Flow, state paf.ConnState) {
		if state == paf.ConnIdle {
			time.Sleep(2 * time.Second)
		}
		l.note(f, state)
	}
	virtually(t, s, func(t *testing.T, s *paftest.Server) {
		s.Client.Protocol = paf.HTTP2
		for range 2 { // the second request comes while it is told that the connection is idle
			resp, err := s.Client.Get(t.Context(), "http://paf.test/")
			check(t, err)
			_ = resp.Body.Close()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := s.Client.Get(ctx, "http://paf.test/gone"); err == nil {
			t.Error("it was answered")
		}
		s.Client.Close()
		time.Sleep(10 * time.Second)
		if got, want := l.String(), "new active idle active idle active idle closed"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// A hook that panics costs its connection, whatever it is told, and is logged.
func TestAConnStateThatPanicsCostsItsConnection(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, when := range []paf.ConnState{paf.ConnNew, paf.ConnActive, paf.ConnIdle, paf.ConnClosed} {
			t.Run(fmt.Sprint(protocol, " ", when), func(t *testing.T) {
				s := handle(hello)
				var log testkit.Record
				s.Log = log.Logger()
				s.ConnState = func(_ flow.Flow, state paf.ConnState) {
					if state == when {
						panic("a hook's")
					}
				}
				virtually(t, s, func(t *testing.T, s *paftest.Server) {
					s.Client.Protocol = protocol
					if resp, err := s.Client.Get(t.Context(), "http://paf.test/"); err == nil {
						_ = resp.Body.Close()
					}
					synctest.Wait()
					if n := s.Stats().Conns; n != 0 && when != paf.ConnClosed {
						t.Errorf("%d connections", n)
					}
					s.Client.Close()
					synctest.Wait()
					if got := log.String(); !strings.Contains(got, "ConnState panicked") || !strings.Contains(got, "state="+when.String()) {
						t.Error(got)
					}
				})
			})
		}
	}
}
