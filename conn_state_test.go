package paf_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
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
