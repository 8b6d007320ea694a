package httpover

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// stops are the cases of servers and clients that end.
var stops = []testCase{
	{claim: "AStopLetsExchangesFinish", run: stopFinishes},
	{claim: "AStopClosesIdleConnectionsAtOnce", run: stopClosesIdle},
	{claim: "TheGracePeriodCutsWhatIsLeft", run: graceCuts, waits: true},
	{claim: "AStopUnderLoadAnswersOrRefuses", run: stopUnderLoad},
	{claim: "ClosingTheClientEndsItsExchanges", run: closeEndsExchanges},
	{claim: "ServeFlowServesOneFlow", run: serveFlow},
}

func stopFinishes(p *place) {
	inside, release := make(chan struct{}), make(chan struct{})
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		_ = w.Flush()
		close(inside)
		p.held(release, "the stop")
		if err := same(io.MultiReader(content(1000, 1), r.Body), 1000, 1); err != nil {
			p.Error(err)
		}
		_, _ = io.Copy(w, content(400_000, 2))
	})
	c := p.client()
	resp := p.do(c, p.request("POST", "/", content(1000, 1)))
	<-inside
	s.cancel()
	select {
	case <-s.done:
		p.Error("the server has not waited")
	default:
	}
	close(release)
	if err := same(resp.Body, 400_000, 2); err != nil {
		p.Error(err)
	}
	_ = resp.Body.Close()
	p.wait(s.done, "the server to stop")
}

func stopClosesIdle(p *place) {
	s := p.serve(say("hello"))
	for range 3 {
		if got := p.get(p.client(), "/"); got != "hello" {
			p.Errorf("%q", got)
		}
	}
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		p.Errorf("Shutdown: %v", err)
	}
	p.wait(s.done, "the server to stop")
}

func graceCuts(p *place) {
	inside, told := make(chan struct{}), make(chan error, 1)
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("half")
		_ = w.Flush()
		close(inside)
		p.held(r.Context().Done(), "its context to end")
		told <- context.Cause(r.Context())
	}, func(s *paf.Server) { s.GracePeriod = short })
	c := p.client()
	resp := p.do(c, p.request("GET", "/", nil))
	<-inside
	p.lasts("the grace period", short, func() {
		s.cancel()
		p.wait(s.done, "the server to stop")
	})
	if err := <-told; !errors.Is(err, paf.ErrStopped) {
		p.Errorf("the handler was told %v", err)
	}
	if text, err := io.ReadAll(resp.Body); err == nil {
		p.Errorf("%q was taken for whole", text)
	}
	_ = resp.Body.Close()
}

// stopUnderLoad stops a server whose clients go on asking: each gets a whole answer or an error.
func stopUnderLoad(p *place) {
	s := p.serve(echo)
	var answered atomic.Int32
	load := make(chan struct{})
	var all sync.WaitGroup
	for i := range 4 {
		c := p.client(func(c *paf.Client) { c.MaxRetries = -1 })
		all.Go(func() {
			for j := 0; ; j++ {
				n := int64(j%7) * 10_000
				r, _ := paf.NewRequest("POST", p.url("/"), content(n, uint64(i)))
				resp, err := c.Do(p.Context(), r)
				if err != nil {
					return
				}
				if err := same(resp.Body, n, uint64(i)); err != nil {
					p.Errorf("an answer that had begun: %v", err)
				}
				_ = resp.Body.Close()
				if answered.Add(1) == 40 {
					close(load)
				}
			}
		})
	}
	p.wait(load, "the first answers")
	s.cancel()
	p.wait(s.done, "the server to stop")
	all.Wait()
}

func closeEndsExchanges(p *place) {
	inside := make(chan struct{}, 4)
	s := p.serve(func(w *paf.ResponseWriter, r *paf.Request) {
		if r.Path == "/content" {
			_ = w.Flush()
		}
		inside <- struct{}{}
		p.held(r.Context().Done(), "its context to end")
	})
	c := p.client()
	var all sync.WaitGroup
	for _, path := range []string{"/head", "/content"} {
		all.Go(func() {
			r, _ := paf.NewRequest("GET", p.url(path), nil)
			resp, err := c.Do(p.Context(), r)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			if !errors.Is(err, paf.ErrStopped) {
				p.Errorf("%s: the caller was told %v", path, err)
			}
		})
	}
	<-inside
	<-inside
	c.Close()
	all.Wait()
	p.emptied(s)
	r := p.request("GET", "/", nil)
	if _, err := c.Do(p.Context(), r); !errors.Is(err, paf.ErrStopped) {
		p.Errorf("afterwards: %v", err)
	}
}

// serveFlow serves what it has accepted by itself.
func serveFlow(p *place) {
	s := &paf.Server{Handler: paf.HandlerFunc(echo)}
	ended := make(chan error, 1)
	go func() {
		conn, err := p.ln.Accept()
		if err != nil {
			ended <- err
			return
		}
		var f flow.Flow = conn
		ended <- s.ServeFlow(context.Background(), f)
	}()
	c := p.client()
	for i := range 3 {
		if err := p.roundTrip(c, 100_000, uint64(i)); err != nil {
			p.Error(err)
		}
	}
	c.CloseIdle()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, paf.ErrPeerGone) { // it may have had credit to give on HTTP/2
			p.Errorf("ServeFlow: %v", err)
		}
	case <-p.late():
		p.Error("ServeFlow does not return although the client has closed")
	}
	if left := s.Stats(); left.Conns != 0 {
		p.Errorf("the server has left: %+v", left)
	}
}
