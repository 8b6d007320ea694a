package paf_test

import (
	"io"
	"testing"
	"testing/synctest"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
)

// What was waited for in vain is the server's affair: a handler that goes on with the flow keeps its context, as code that was written for net/http relies on.
func TestAContextOutlivesTheTakingOfTheFlow(t *testing.T) {
	takes := map[string]func(w *paf.ResponseWriter) (io.ReadWriteCloser, error){
		"Hijack": func(w *paf.ResponseWriter) (io.ReadWriteCloser, error) {
			f, _, err := w.Hijack()
			return f, err
		},
		"Tunnel": func(w *paf.ResponseWriter) (io.ReadWriteCloser, error) { return w.Tunnel() },
	}
	for name, take := range takes {
		for _, bare := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, far := flow.Pipe(0)
					end := flow.Flow(far)
					if bare { // a read that goes on cannot be ended
						end = flow.Bare(far)
					}
					s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
						_ = r.Context().Done()
						synctest.Wait() // the server watches for the peer to go
						f, err := take(w)
						if err != nil {
							t.Error(err)
							return
						}
						synctest.Wait()
						if r.Context().Err() != nil {
							t.Errorf("the flow was taken, and the context ended: %v", r.Context().Err())
						}
						_, _ = io.WriteString(near, "late")
						if _, err := io.ReadFull(f, make([]byte, 4)); err != nil || r.Context().Err() != nil {
							t.Errorf("%v, and the context ended: %v", err, r.Context().Err())
						}
						f.Close()
					})
					go func() { _ = s.ServeFlow(t.Context(), end) }()
					_, _ = io.WriteString(near, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n")
					_, _ = io.Copy(io.Discard, near)
					near.Close()
				})
			})
		}
	}
}
