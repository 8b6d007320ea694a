package proxy_test

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/proxy"
)

// Upstreams that are used again while requests are under way keep their connections; their weights may have changed.
func TestUpstreamsMayBeUsedAgain(t *testing.T) {
	var connections sync.Map // by the addresses at which they begin and end
	var asked [2]atomic.Int32
	u := make([]*proxy.Upstream, 2)
	for i := range u {
		at := serve(t, paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
			connections.Store(r.Peer().String()+" "+r.Local().String(), true)
			asked[i].Add(1)
		}))
		u[i] = &proxy.Upstream{URL: "http://" + at}
	}
	r := &proxy.Reverse{Upstreams: u}
	at := before(t, r)
	ask := func(n int) {
		c := asker(t, paf.HTTP11)
		for range n {
			resp, err := c.Get(t.Context(), "http://"+at+"/")
			if err != nil || resp.Status != http.StatusOK {
				t.Error(resp, err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { ask(200) })
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	for running := true; running; {
		if err := r.Use([]*proxy.Upstream{u[1], u[0]}); err != nil {
			t.Error(err)
		}
		select {
		case <-done:
			running = false
		default:
			time.Sleep(100 * time.Microsecond)
		}
	}
	opened := 0
	connections.Range(func(any, any) bool { opened++; return true })
	if opened > 16 {
		t.Errorf("%d connections were opened for 4 clients", opened)
	}
	u[0].Weight = 9
	if err := r.Use(u); err != nil {
		t.Fatal(err)
	}
	from := asked[0].Load()
	ask(50)
	if n := asked[0].Load() - from; n != 45 {
		t.Errorf("%d of 50 requests went to the upstream of weight 9", n)
	}
}
