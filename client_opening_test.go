package paf_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// A request that got a connection which another has left may be used again while the one that was opened for it is still being opened.
func TestAnOpeningDoesNotNeedItsRequest(t *testing.T) {
	held, together, entered := make(chan struct{}), make(chan struct{}), make(chan struct{}, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/held":
			entered <- struct{}{}
			<-held
		case "/together":
			entered <- struct{}{}
			<-together
		}
	}))
	defer s.Close()
	c := &paf.Client{}
	defer c.Close()
	late, dialing := make(chan struct{}), make(chan struct{}, 9)
	way := func(wait chan struct{}) *paf.Route {
		return &paf.Route{Key: "here", Open: func(ctx context.Context) (flow.Flow, error) {
			dialing <- struct{}{}
			<-wait
			return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
		}}
	}
	ask := func(path string, route *paf.Route) (*paf.Request, chan error) {
		r, err := paf.NewRequest("GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Options = &paf.SendOptions{Route: route}
		done := make(chan error, 1)
		go func() {
			resp, err := c.Do(t.Context(), r)
			if err == nil {
				_ = resp.Body.Close()
			}
			done <- err
		}()
		return r, done
	}
	now := make(chan struct{})
	close(now)
	_, first := ask("/held", way(now))
	<-dialing
	<-entered
	r, second := ask("/", way(late))
	<-dialing
	close(held) // the first connection is free, and the second request gets it
	for _, done := range []chan error{first, second} {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	*r = paf.Request{Options: &paf.SendOptions{Route: &paf.Route{Key: "elsewhere", Protocol: paf.HTTP2}}}
	close(late)
	for c.Stats().Opened < 2 {
		if t.Context().Err() != nil {
			t.Fatal("no second connection")
		}
		time.Sleep(time.Millisecond)
	}
	_, third := ask("/together", way(now))
	_, fourth := ask("/together", way(now))
	<-entered
	<-entered
	close(together)
	for _, done := range []chan error{third, fourth} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := c.Stats().Opened; n != 2 {
		t.Errorf("%d connections were opened: the second was of no use", n)
	}
}
