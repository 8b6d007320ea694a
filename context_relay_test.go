package paf_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
)

// A handler that sends requests on with the context of its own: they end with it, for the same cause.
func TestRequestsEndWithTheContextOfTheExchangeTheyAreSentFor(t *testing.T) {
	up := relay(t, func(w *paf.ResponseWriter, r *paf.Request) {
		_, _ = w.WriteString("begun")
		_ = w.Flush()
		<-r.Context().Done()
	})
	for _, c := range []struct {
		name string
		end  func(peer net.Conn, handler func()) // of the exchange
		want error
	}{
		{"ThePeerGoes", func(peer net.Conn, _ func()) { peer.Close() }, paf.ErrPeerGone},
		{"TheHandlerReturns", func(_ net.Conn, leave func()) { leave() }, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			var client paf.Client
			defer client.Close()
			begun, leave, results := make(chan struct{}), make(chan struct{}), make(chan error, 4)
			front := relay(t, func(w *paf.ResponseWriter, r *paf.Request) {
				ctx := r.Context()
				var all sync.WaitGroup
				for range 4 { // one finds the place that the exchange has, the others make one
					all.Add(1)
					go func() {
						resp, err := client.Get(ctx, up)
						if err == nil {
							_, err = io.ReadFull(resp.Body, make([]byte, 5))
							all.Done()
							if err == nil {
								_, err = resp.Body.Read(make([]byte, 1))
							}
							_ = resp.Body.Close()
						} else {
							all.Done()
						}
						results <- err
					}()
				}
				all.Wait()
				close(begun)
				<-leave
			})
			peer, err := net.Dial("tcp", front[len("http://"):])
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			_, _ = io.WriteString(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			<-begun
			left := sync.OnceFunc(func() { close(leave) })
			defer left()
			c.end(peer, left)
			for range 4 {
				select {
				case err := <-results:
					if !errors.Is(err, c.want) {
						t.Errorf("%v, want %v", err, c.want)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("a request goes on")
				}
			}
		})
	}
}

// What a request has asked of the context is over with the request: the context's end is nothing to the connection then.
func TestTheContextOfAnExchangeDoesNotEndWhatIsOver(t *testing.T) {
	up := relay(t, func(w *paf.ResponseWriter, _ *paf.Request) { _, _ = w.WriteString("hello") })
	var client paf.Client
	defer client.Close()
	front := relay(t, func(w *paf.ResponseWriter, r *paf.Request) {
		ctx := r.Context()
		for range 3 {
			if ctx.Err() != nil {
				t.Error(ctx.Err())
			}
			resp, err := client.Get(ctx, up)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(w, resp.Body)
			_ = resp.Body.Close()
		}
	})
	var outer paf.Client
	defer outer.Close()
	for range 50 {
		resp, err := outer.Get(t.Context(), front)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "hellohellohello" {
			t.Fatalf("%q, %v", text, err)
		}
		_ = resp.Body.Close()
	}
	if s := client.Stats(); s.Opened != 1 {
		t.Errorf("%d connections for requests one after another", s.Opened)
	}
}

func relay(t *testing.T, h func(*paf.ResponseWriter, *paf.Request)) string {
	return "http://" + serve(t, &paf.Server{Handler: paf.HandlerFunc(h)})
}
