package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/paftest"
	"github.com/paf-go/paf/semantics"
)

const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"

// What Hijack returns is, together, every byte that the peer has sent and nobody has consumed, at whatever moment, on whatever flow.
func TestHijackLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		before  func(w *paf.ResponseWriter, r *paf.Request)
		head    string // what the peer gets before the hijacker's own words
		early   string
	}{
		"nothing done":          {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", nil, "", ""},
		"pipelined":             {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n", nil, "", "GET /2 HTTP/1.1\r\n"},
		"content not read":      {post + "hello, more", nil, "", "hello, more"},
		"content read in part":  {post + "hello, more", readTwo, "", "llo, more"},
		"content all read":      {post + "hello, more", func(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.ReadAll(r.Body) }, "", ", more"},
		"a chunk read in part":  {strings.Replace(post, "Content-Length: 5", "Transfer-Encoding: chunked", 1) + "5\r\nhello\r\n0\r\n\r\nmore", readTwo, "", "llo\r\n0\r\n\r\nmore"},
		"waits for 100":         {strings.Replace(post, "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1), nil, "", ""},
		"the context was asked": {"GET / HTTP/1.1\r\nHost: x\r\n\r\nmore", askContext, "", "more"},
		"the context, content":  {post + "hello", askContext, "", "hello"},
		"101": {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\nmore", func(w *paf.ResponseWriter, r *paf.Request) {
			w.Header().Set("Upgrade", "a")
			w.WriteHeader(101)
		}, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: Upgrade\r\n\r\n", "more"},
		"a head and content": {"GET / HTTP/1.0\r\n\r\nmore", func(w *paf.ResponseWriter, r *paf.Request) {
			_, _ = io.WriteString(w, "begun, ")
			_ = w.Flush()
			_, _ = io.WriteString(w, "half, ")
		}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegun, half, ", "more"},
	} {
		for i, f := range []string{"pipe", "bare", "pipe", "bare"} {
			nap := []time.Duration{500 * time.Millisecond, 2 * time.Second}[i/2] // before or after more has come
			t.Run(fmt.Sprint(name, " ", f, " ", nap), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, end := flow.Pipe(0)
					far := flow.Flow(end)
					if f == "bare" { // what is being read cannot be interrupted
						far = flow.Bare(far)
					}
					s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
						w.Header().Set("Date", "")
						if c.before != nil {
							c.before(w, r)
						}
						taken, early, err := w.Hijack()
						if err != nil {
							t.Error(err)
							return
						}
						if string(early) != c.early {
							t.Errorf("read before: %q", early)
						}
						_ = r.Context().Done()
						time.Sleep(nap)
						buf := make([]byte, 100)
						n, err := taken.Read(buf)
						if string(buf[:n]) != "late" || err != nil {
							t.Errorf("read after: %q, %v", buf[:n], err)
						}
						if _, err := io.WriteString(taken, "own words"); err != nil {
							t.Error(err)
						}
						if _, err := w.Write([]byte("x")); err != paf.ErrTaken {
							t.Errorf("Write: %v", err)
						}
						if _, err := r.Body.Read(buf); err != paf.ErrTaken && err != io.EOF || r.Length != 0 && err == io.EOF {
							t.Errorf("Read: %v", err)
						}
						if _, _, err := w.Hijack(); err != paf.ErrTaken {
							t.Errorf("Hijack: %v", err)
						}
						_ = taken.Close()
					})
					done := make(chan error, 1)
					go func() { done <- s.ServeFlow(context.Background(), far) }()
					go func() {
						_, _ = io.WriteString(near, c.request)
						time.Sleep(time.Second)
						_, _ = io.WriteString(near, "late")
					}()
					got, err := io.ReadAll(near)
					if text := strings.Replace(string(got), "Date: \r\n", "", 1); text != c.head+"own words" || err != nil {
						t.Errorf("the peer reads %q, %v", got, err)
					}
					if err := <-done; err != nil {
						t.Error(err)
					}
					_ = near.Close()
				})
			})
		}
	}
}

// readTwo reads two bytes of the content.
func readTwo(w *paf.ResponseWriter, r *paf.Request) { _, _ = io.ReadFull(r.Body, make([]byte, 2)) }

// askContext makes paf look out for the peer's going, and lets it begin to.
func askContext(w *paf.ResponseWriter, r *paf.Request) {
	_ = r.Context().Done()
	time.Sleep(100 * time.Millisecond)
}

// A read that content is waited for with, or a look-out, is ended.
func TestHijackEndsReadsThatGoOn(t *testing.T) {
	read := make(chan error, 1)
	virtually(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		go func() {
			_, err := r.Body.Read(make([]byte, 64<<10))
			read <- err
		}()
		time.Sleep(time.Second)
		f, early, err := w.Hijack()
		if err != nil || len(early) > 0 {
			t.Errorf("%q, %v", early, err)
			return
		}
		got, err := io.ReadAll(f)
		if string(got) != "hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		_ = f.Close()
	}), func(t *testing.T, s *paftest.Server) {
		p := newPeer(t, s)
		_ = p.send(post)
		time.Sleep(2 * time.Second)
		if err := <-read; !errors.Is(err, paf.ErrTaken) {
			t.Errorf("the Read: %v", err)
		}
		_ = p.send("hello")
		_ = p.Flow.(interface{ CloseWrite() error }).CloseWrite()
		_ = p.all()
	})
}

// A read of content that cannot be interrupted brings what it brings to whoever has taken the flow, though it was to go straight to its caller.
func TestHijackGetsWhatAReadBringsThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := flow.Pipe(0)
		read := make(chan error, 1)
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			go func() {
				_, err := r.Body.Read(make([]byte, 64<<10))
				read <- err
			}()
			time.Sleep(time.Second)
			f, _, err := w.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := io.ReadAll(f); string(got) != "hello" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			_ = f.Close()
		})
		// The context that ends does not reach it, nor does the end of its grace.
		ctx, stop := context.WithCancel(t.Context())
		s.GracePeriod = time.Second
		done := make(chan error, 1)
		go func() { done <- s.ServeFlow(ctx, flow.Bare(far)) }()
		_, _ = io.WriteString(near, post)
		time.Sleep(2 * time.Second)
		stop()
		time.Sleep(time.Minute)
		_, _ = io.WriteString(near, "hello")
		_ = near.CloseWrite()
		if err := errors.Join(<-done); err != nil || !errors.Is(<-read, paf.ErrTaken) {
			t.Error(err)
		}
		_ = near.Close()
	})
}

// What has been hijacked is not the server's any more: no time-out, no stop, no cut reaches it, and nobody waits for it.
func TestTheServerForgetsWhatIsHijacked(t *testing.T) {
	given := make(chan flow.Flow, 1)
	over := make(chan struct{})
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		f, _, err := w.Hijack()
		if err != nil {
			t.Error(err)
		}
		given <- f
		<-over // the handler goes on for as long as it likes
		if r.Context().Err() != nil {
			t.Errorf("the context has ended: %v", context.Cause(r.Context()))
		}
	})
	s.GracePeriod = time.Second
	run(t, s, func(t *testing.T, s *running) {
		given, over = make(chan flow.Flow, 1), make(chan struct{})
		p := newPeer(t, s)
		_ = p.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		f := <-given
		if st := s.Stats(); st.Conns != 0 || st.Tunnels != 0 || st.Closed[loop.Taken] != 1 {
			t.Errorf("stats %+v", st)
		}
		start := time.Now()
		s.stop()
		if err := errors.Join(s.Shutdown(context.Background()), <-s.done); err != nil || time.Since(start) != 0 {
			t.Errorf("the stop: %v after %v", err, time.Since(start))
		}
		time.Sleep(time.Hour)
		go func() { _, _ = io.WriteString(f, "still here") }()
		if _, err := io.ReadFull(p, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		close(over)
		synctest.Wait()
		go func() { _, _ = io.WriteString(f, "after all") }()
		if _, err := io.ReadFull(p, make([]byte, 9)); err != nil {
			t.Error(err)
		}
		_ = f.Close()
	})
}

// Not even a panic closes it, nor does the end of the handler's goroutine.
func TestAPanicLeavesWhatIsHijackedOpen(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("at the handler") }, "Goexit": runtime.Goexit} {
		given := make(chan flow.Flow, 1)
		s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
			f, _, _ := w.Hijack()
			given <- f
			end()
		})
		run(t, s, func(t *testing.T, s *running) {
			given = make(chan flow.Flow, 1)
			p := newPeer(t, s)
			_ = p.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			f := <-given
			synctest.Wait()
			go func() { _, _ = io.WriteString(f, "here") }()
			if _, err := io.ReadFull(p, make([]byte, 4)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := s.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			_ = f.Close()
		})
	}
}

func TestHTTP2CannotBeHijacked(t *testing.T) {
	ts := paftest.Start(t, &paf.Server{Log: slog.New(slog.DiscardHandler), Handler: paf.HandlerFunc(func(w *paf.ResponseWriter, r *paf.Request) {
		w.WriteHeader(202)
		_, _, err := w.Hijack()
		fmt.Fprint(w, err == paf.ErrNoHijack && errors.Is(err, errors.ErrUnsupported))
	})})
	ts.Client.Protocol = paf.HTTP2
	resp, err := ts.Client.Get(t.Context(), "http://paf.test/")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(resp.Body); string(got) != "true" || resp.Status != 202 || err != nil {
		t.Errorf("%d %q, %v", resp.Status, got, err)
	}
}

// On a kernel's connection the flow is the kernel's, also while its peer is looked out for by the poller (there was no room to read ahead).
func TestHijackOfAKernelsConnection(t *testing.T) {
	addr := serve(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
		_ = r.Context().Done()
		time.Sleep(20 * time.Millisecond)
		f, early, err := w.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c, is := flow.As[*net.TCPConn](f)
		if !is {
			t.Errorf("it is a %T", f)
			return
		}
		rest, err := io.ReadAll(c)
		fmt.Fprint(c, len(early)+len(rest), err)
		_ = f.Close()
	}))
	c := dial(t, addr)
	go func() {
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000))
		_ = c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); string(got) != "100000 <nil>" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// Of two who hijack at once one gets the flow.
func TestAFlowIsHijackedOnce(t *testing.T) {
	s := handle(func(w *paf.ResponseWriter, r *paf.Request) {
		x, _ := w.Take(r)
		_ = x.Respond(&semantics.Response{Status: 200}, 0) // which both wait for to be written
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, _, err := x.Hijack()
				results <- err
			}()
		}
		if a, b := <-results, <-results; a != nil == (b != nil) || errors.Join(a, b).Error() != loop.ErrTaken.Error() {
			t.Errorf("%v and %v", a, b)
		}
	})
	run(t, s, func(t *testing.T, s *running) {
		near, far := flow.Pipe(1)
		done := make(chan error, 1)
		go func() { done <- s.ServeFlow(t.Context(), far) }()
		_, _ = io.WriteString(near, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		<-done
		_, _ = near.Close(), far.Close()
	})
}
