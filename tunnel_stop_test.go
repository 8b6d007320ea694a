package paf_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/mimic"
)

// inBubble runs f with a server that grants tunnels, in virtual time. The client's connections are the server's, by ServeFlow or by Serve.
// handler, if there is one, answers in place of the one that grants.
func inBubble(t *testing.T, k kind, f func(t *testing.T, d *digger, s *running), handler ...paf.HandlerFunc) {
	t.Helper()
	d := &digger{given: make(chan *paf.Tunnel, 16)}
	d.server = handle(func(w *paf.ResponseWriter, r *paf.Request) {
		if tunnel, err := w.Tunnel(); err == nil {
			d.given <- tunnel
		}
	})
	for _, h := range handler {
		d.server.Handler = h
	}
	d.server.ExtendedConnect, d.server.GracePeriod = true, 5*time.Second
	run(t, d.server, func(t *testing.T, s *running) {
		d.given = make(chan *paf.Tunnel, 16) // of the bubble
		own := mimic.Register("own", mimic.NoPriority, func(ctx context.Context, _ struct{}) (flow.Flow, error) { return s.ln.Dial(ctx) })
		d.client = &paf.Client{Protocol: k.protocol, Context: mimic.Add(mimic.Context{}, own, struct{}{})}
		d.kind = k
		f(t, d, s)
		d.client.Close()
	})
}

// A stop tells the tunnels, and waits for them.
func TestStopTellsTunnelsAndWaitsForThem(t *testing.T) {
	for _, k := range kinds {
		for name, stop := range map[string]func(s *running) error{
			"Shutdown":             func(s *running) error { return s.Shutdown(context.Background()) },
			"the end of a context": func(s *running) error { s.stop(); return nil },
		} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				inBubble(t, k, func(t *testing.T, d *digger, s *running) {
					client, server := d.open(t)
					if server.Context().Err() != nil || s.Stats().Tunnels != 1 || s.Stats().Active != 1 {
						t.Errorf("before the stop: %v, %+v", server.Context().Err(), s.Stats())
					}
					stopped := make(chan error, 1)
					go func() { stopped <- stop(s) }()
					synctest.Wait()
					if err := context.Cause(server.Context()); err != paf.ErrStopped {
						t.Errorf("told %v", err)
					}
					time.Sleep(2 * time.Second)
					if len(s.done) > 0 {
						t.Error("Serve has not waited")
					}
					go func() { _, _ = io.WriteString(client, "still here") }()
					if _, err := io.ReadFull(server, make([]byte, 10)); err != nil {
						t.Error(err)
					}
					start := time.Now()
					_, _ = server.Close(), client.Close()
					if err := errors.Join(<-stopped, <-s.done); err != nil || time.Since(start) > 3*time.Second {
						t.Errorf("%v after %v", err, time.Since(start))
					}
				})
			})
		}
	}
}

// A tunnel that is granted while the server stops is told at once.
func TestATunnelOfAStoppingServerIsToldAtOnce(t *testing.T) {
	for _, k := range kinds {
		inBubble(t, k, func(t *testing.T, d *digger, s *running) {
			go func() {
				time.Sleep(time.Second)
				_ = s.Shutdown(context.Background())
			}()
			resp, err := k.ask(t.Context(), d.client)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			<-s.done
		}, func(w *paf.ResponseWriter, r *paf.Request) {
			time.Sleep(2 * time.Second)
			tunnel, err := w.Tunnel()
			if err != nil || context.Cause(tunnel.Context()) != paf.ErrStopped {
				t.Errorf("%s: %v", k.name, err)
			}
			_ = tunnel.Close()
		})
	}
}

// What does not end is cut when the grace period, or the context of Shutdown, has passed, whoever holds it.
func TestStopCutsTunnelsInTheEnd(t *testing.T) {
	for _, k := range kinds {
		for name, stop := range map[string]func(s *running){
			"Shutdown": func(s *running) {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				defer cancel()
				_ = s.Shutdown(ctx)
			},
			"the end of a context": func(s *running) { s.stop() },
		} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				inBubble(t, k, func(t *testing.T, d *digger, s *running) {
					client, server := d.open(t)
					read := make(chan error, 2)
					for _, end := range []*paf.Tunnel{client, server} {
						go func() {
							_, err := end.Read(make([]byte, 1))
							read <- err
						}()
					}
					synctest.Wait()
					start := time.Now()
					stop(s)
					if err := <-s.done; err != nil || time.Since(start) != 5*time.Second {
						t.Errorf("Serve: %v after %v", err, time.Since(start))
					}
					for range 2 {
						if err := <-read; err == nil || err == io.EOF { // nobody is to take it for an end that was meant
							t.Errorf("read %v", err)
						}
					}
					_, _ = server.Close(), client.Close()
					if s.Stats().Tunnels != 0 || s.Stats().Conns != 0 {
						t.Errorf("left %+v", s.Stats())
					}
				})
			})
		}
	}
}

// ServeFlow returns when the tunnel is closed, and not with the handler.
func TestServeFlowWaitsForATunnel(t *testing.T) {
	for _, k := range kinds[:2] {
		inBubble(t, k, func(t *testing.T, d *digger, s *running) {
			near, far := flow.Pipe(0)
			done := make(chan error, 1)
			go func() { done <- s.ServeFlow(t.Context(), far) }()
			p := &rawPeer{Flow: near, t: t}
			_ = p.send("CONNECT far.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
			tunnel := <-d.given
			time.Sleep(time.Minute)
			if len(done) > 0 {
				t.Error("it has not waited")
			}
			_ = tunnel.Close()
			if err := <-done; err != nil || s.Stats().Closed[loop.Taken] != 1 {
				t.Errorf("%v, %+v", err, s.Stats())
			}
			_ = near.Close()
		})
	}
}

// A tunnel that is silent stays, whatever HTTP's time-outs are; its own deadlines are to the instant.
func TestATunnelKnowsNoTimeoutButItsOwn(t *testing.T) {
	for _, k := range kinds {
		inBubble(t, k, func(t *testing.T, d *digger, s *running) {
			client, server := d.open(t)
			time.Sleep(2 * time.Hour)
			for _, end := range []*paf.Tunnel{client, server} {
				start := time.Now()
				_ = end.SetReadDeadline(start.Add(1234 * time.Millisecond))
				_, err := end.Read(make([]byte, 1))
				if took := time.Since(start); took != 1234*time.Millisecond || !isTimeout(err) {
					t.Errorf("%s: %v after %v", k.name, err, took)
				}
				_ = end.SetReadDeadline(time.Time{})
			}
			go func() { _, _ = io.WriteString(client, "x") }()
			if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
				t.Errorf("%s: %v", k.name, err)
			}
			// The window is shut for hours, and then opened.
			wrote := make(chan error, 1)
			go func() {
				_, err := server.Write(make([]byte, 1<<20))
				wrote <- err
			}()
			time.Sleep(2 * time.Hour)
			if _, err := io.ReadFull(client, make([]byte, 1<<20)); err != nil || <-wrote != nil {
				t.Errorf("%s: %v", k.name, err)
			}
			_, _ = server.Close(), client.Close()
		})
	}
}

// Of what comes when the deadline does, nothing is lost.
func TestADeadlineLosesNothing(t *testing.T) {
	for _, k := range kinds {
		ln, dial := grounds["pipe"](t)
		d := dig(t, k, ln, dial)
		client, server := d.open(t)
		got := 0
		for i := range 2000 {
			read := make(chan int, 1)
			_ = server.SetReadDeadline(time.Time{})
			go func() {
				n, _ := server.Read(make([]byte, 10))
				read <- n
			}()
			runtime.Gosched()
			_, _ = client.Write([]byte("x"))
			for range i % 10 {
				runtime.Gosched()
			}
			_ = server.SetReadDeadline(time.Unix(1, 0))
			got += <-read
		}
		_ = client.CloseWrite()
		_ = server.SetReadDeadline(time.Time{})
		if n, err := io.Copy(io.Discard, server); got+int(n) != 2000 || err != nil {
			t.Errorf("%s: %d of 2000 bytes, %v", k.name, got+int(n), err)
		}
		_, _ = client.Close(), server.Close()
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// The connection that a tunnel's peer has left on HTTP/2 is told of, and the rest of it ends in time: a peer that never ends its side is reset.
func TestACloseThatIsNotAnsweredResets(t *testing.T) {
	for _, k := range kinds[2:] {
		inBubble(t, k, func(t *testing.T, d *digger, s *running) {
			client, server := d.open(t)
			_ = client.Close()
			if _, err := server.Read(make([]byte, 1)); err != io.EOF {
				t.Error(err)
			}
			time.Sleep(3 * time.Second) // longer than a client lingers
			if _, err := server.Write([]byte("x")); err == nil || !errors.Is(context.Cause(server.Context()), paf.ErrPeerGone) {
				t.Errorf("%s: %v, %v", k.name, err, context.Cause(server.Context()))
			}
			_ = server.Close()
			if s := d.client.Stats(); s.Tunnels != 0 || s.Conns != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// Closing the client ends its tunnels.
func TestClosingAClientEndsItsTunnels(t *testing.T) {
	for _, k := range kinds {
		inBubble(t, k, func(t *testing.T, d *digger, s *running) {
			client, server := d.open(t)
			if n := d.client.Stats().Tunnels; n != 1 {
				t.Errorf("%d tunnels", n)
			}
			d.client.Close()
			if err := context.Cause(client.Context()); err != paf.ErrStopped {
				t.Errorf("%s: told %v", k.name, err)
			}
			if _, err := client.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("%s: read %v", k.name, err)
			}
			_, _ = io.Copy(io.Discard, server)
			_, _ = client.Close(), server.Close()
		})
	}
}
