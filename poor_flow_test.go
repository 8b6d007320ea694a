package paf_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

// over makes a client whose connections open opens.
func over(protocol paf.Protocol, open func() flow.Flow) *paf.Client {
	own := mimic.Register("own", mimic.NoPriority, func(context.Context, struct{}) (flow.Flow, error) { return open(), nil })
	return &paf.Client{Protocol: protocol, Context: mimic.Add(mimic.Context{}, own, struct{}{})}
}

// few is a server of HTTP/2 that says it takes one exchange at a time, and answers each.
func few(f flow.Flow) {
	defer f.Close()
	_, _ = io.WriteString(f, "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x01") // SETTINGS_MAX_CONCURRENT_STREAMS
	_, _ = io.CopyN(io.Discard, f, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(f, head); err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, f, int64(binary.BigEndian.Uint32(append([]byte{0}, head[:3]...))))
		if kind, ended := head[3], head[4]&1 != 0; kind <= 1 && ended { // DATA or HEADERS: :status 200, and the end
			_, _ = f.Write(append([]byte("\x00\x00\x01\x01\x05"), append(head[5:9:9], 0x88)...))
		}
	}
}

// Exchanges that were let in before the server said how many it takes wait for a place, with content that can be sent once only.
func TestExchangesBeyondWhatTheServerTakesFindAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(paf.HTTP2, func() flow.Flow {
			here, there := flow.Pipe(0)
			go few(there)
			return here
		})
		defer c.Close()
		c.MaxConns, c.MaxRetries = 1, -1
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				resp, err := c.Do(t.Context(), newRequest(t, "POST", "http://x/", &fragile{Reader: strings.NewReader("content")}))
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
			})
		}
		all.Wait()
	})
}

// A fragile is content that cannot be read, nor sent again, once it was closed.
type fragile struct {
	io.Reader
	closed atomic.Bool
}

func (c *fragile) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	return c.Reader.Read(p)
}

func (c *fragile) Close() error {
	c.closed.Store(true)
	return nil
}

// A dyingFlow takes no more than some bytes once it is told to die, and its reader is told nothing.
type dyingFlow struct {
	flow.Flow
	dead  atomic.Bool
	takes int
}

func (f *dyingFlow) Write(p []byte) (int, error) {
	if f.dead.Load() {
		return min(len(p), f.takes), syscall.EPIPE
	}
	return f.Flow.Write(p)
}

// What could not be written to a connection that was in use before is sent again on another: anything if none of it has left, and what
// is idempotent else.
func TestARequestIsSentAgainWhenTheConnectionTakesNoMore(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for _, x := range []struct {
			method string
			takes  int
			fails  bool
		}{{"GET", 0, false}, {"POST", 0, false}, {"GET", 5, protocol == paf.HTTP11}, {"POST", 5, true}} { // HTTP/1.1 waits for the end, which does not come here
			synctest.Test(t, func(t *testing.T) {
				s := paftest.Start(t, handle(hello))
				var latest *dyingFlow
				c := over(protocol, func() flow.Flow {
					f, err := s.Dial()
					if err != nil {
						t.Error(err)
					}
					latest = &dyingFlow{Flow: flow.Bare(f), takes: x.takes}
					return latest
				})
				defer c.Close()
				if _, err := fetch(t, c, "http://x/"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				latest.dead.Store(true)
				resp, err := c.Do(t.Context(), newRequest(t, x.method, "http://x/", nil))
				if err == nil {
					readAll(t, resp)
				}
				if (err != nil) != x.fails {
					t.Errorf("%v: %s of which %d bytes were taken: %v", protocol, x.method, x.takes, err)
				}
			})
		}
	}
}

// Those whose exchanges are cut off by Close are told that it was that.
func TestCloseOfTheClientIsWhatItsCallersAreTold(t *testing.T) {
	server := func() *paf.Server {
		return handle(func(w *paf.ResponseWriter, r *paf.Request) {
			if r.Path == "/content" {
				_ = w.Flush()
			}
			<-r.Context().Done()
		})
	}
	eachVersion(t, server, func(t *testing.T, s *paf.Server, c *paf.Client, stop func()) {
		var all sync.WaitGroup
		for _, path := range []string{"/head", "/content"} {
			all.Go(func() {
				resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://memory.test"+path, nil))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				if !errors.Is(err, paf.ErrStopped) {
					t.Errorf("%s: %v", path, err)
				}
			})
		}
		time.Sleep(time.Second)
		c.Close()
		all.Wait()
	})
}

// A time-out is one to whoever asks, also where the flow has no deadlines and had to be closed for it, and a server that takes no content is
// one, whatever the version.
func TestTimeoutsAreSaidToBeSuch(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		for name, wrap := range map[string]func(flow.Flow) flow.Flow{"pipe": func(f flow.Flow) flow.Flow { return f }, "bare": flow.Bare} {
			for _, what := range []string{"/silent", "/stalls", "/full"} {
				t.Run(protocol.String()+" "+name+what, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						release := make(chan struct{})
						s := paftest.Start(t, handle(func(w *paf.ResponseWriter, r *paf.Request) {
							if r.Path == "/stalls" {
								_ = w.Flush()
							}
							<-release
						}))
						c := over(protocol, func() flow.Flow {
							f, err := s.Dial()
							if err != nil {
								t.Error(err)
							}
							return wrap(f)
						})
						defer c.Close()
						defer close(release)
						c.MaxRetries, c.WriteTimeout = -1, 5*time.Second
						c.Limits.ResponseTimeout, c.Limits.ContentTimeout, c.Limits.StallTimeout = 3*time.Second, 4*time.Second, 5*time.Second
						r := newRequest(t, "POST", "http://x"+what, nil)
						if what == "/full" {
							r.Body, r.Length = zeros{}, 1<<40
						}
						resp, err := c.Do(t.Context(), r)
						if err == nil {
							_, err = io.Copy(io.Discard, resp.Body)
							_ = resp.Body.Close()
						}
						var late interface{ Timeout() bool }
						if !errors.As(err, &late) || !late.Timeout() {
							t.Errorf("%v is no time-out", err)
						}
					})
				})
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// The last response of a connection that is stopped arrives whole, also over a flow that can neither be half-closed nor interrupted.
func TestAStopOverABareFlowLosesNothing(t *testing.T) {
	for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			server := handle(func(w *paf.ResponseWriter, _ *paf.Request) {
				_ = w.Flush()
				<-release
				_, _ = io.Copy(w, io.LimitReader(zeros{}, 400_000))
			})
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan error, 1)
			c := over(protocol, func() flow.Flow {
				here, there := flow.Pipe(0)
				go func() { done <- server.ServeFlow(ctx, flow.Bare(there)) }()
				return flow.Bare(here)
			})
			defer c.Close()
			resp, err := c.Do(t.Context(), newRequest(t, "GET", "http://x/", nil))
			if err != nil {
				t.Fatal(err)
			}
			stop()
			close(release)
			if n, err := io.Copy(io.Discard, resp.Body); n != 400_000 || err != nil {
				t.Errorf("%v: %d bytes arrived, %v", protocol, n, err)
			}
			_ = resp.Body.Close()
			if err := <-done; err != nil {
				t.Errorf("ServeFlow: %v", err)
			}
		})
	}
}

// A politeFlow takes its time to close, as TLS does for its farewell, and its peer answers that.
type politeFlow struct {
	flow.Flow
	peer flow.Flow
}

func (f *politeFlow) Close() error {
	_, _ = io.WriteString(f.peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	time.Sleep(time.Second)
	return f.Flow.Close()
}

// A server whose handler is told that the client goes may answer to that: whoever cancelled the request is not told that it went well.
func TestWhatAnswersACancellationIsNoResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(paf.HTTP11, func() flow.Flow {
			here, there := flow.Pipe(0)
			return &politeFlow{here, there}
		})
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if resp, err := c.Do(ctx, newRequest(t, "POST", "http://x/", nil)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, %v", resp, err)
		}
	})
}
