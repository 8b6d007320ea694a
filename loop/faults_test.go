package loop_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/flow/flowtest"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a handler that sends a request's content back, in pieces.
type echo struct{ t *testing.T }

func (h echo) Serve(x loop.Exchange, head *semantics.Request, length int64) {
	if err := x.Respond(&semantics.Response{Status: 200}, -1); err != nil {
		return
	}
	buf := make([]byte, 100)
	for {
		n, err := x.Read(buf)
		if _, werr := x.Write(buf[:n]); werr != nil || err != nil && err != io.EOF {
			x.Abort()
			return
		}
		if err == io.EOF {
			break
		}
	}
	_ = x.End(nil)
}

func (h echo) Fault(x loop.Exchange, head *semantics.Request, err *engine.Error) {
	if x.Respond(&semantics.Response{Status: err.Status}, 0) == nil {
		_ = x.End(nil)
	}
}

// counted counts the calls of Close.
type counted struct {
	flow.Flow
	closed atomic.Int32
}

func (c *counted) Close() error {
	c.closed.Add(1)
	return c.Flow.Close()
}

func (c *counted) Unwrap() flow.Flow { return c.Flow }

func newGroup(t *testing.T, config loop.Config) *loop.Group {
	config.Log = slog.New(slog.DiscardHandler)
	g := loop.NewGroup(config)
	t.Cleanup(func() { _ = g.Shutdown(context.Background()) })
	return g
}

const content = "some content of a request, which comes back as it came"

var request = fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"+
	"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
	len(content), content, len(content), content)

// serve runs a connection whose server side has faults. It returns what a client
// that sends request has got, what ServeFlow returned, and how often the flow was closed.
func serve(t *testing.T, g *loop.Group, faults flowtest.Faults, wrap func(flow.Flow) flow.Flow) (got []byte, closed int32, err error) {
	here, there := flow.Pipe(0)
	c := &counted{Flow: wrap(flowtest.Faulty(there, faults))}
	done := make(chan error, 1)
	go func() { done <- g.ServeFlow(context.Background(), c, h1.NewServer(engine.Limits{}, g.Now()), echo{t}) }()
	go func() {
		_, _ = io.WriteString(here, request)
		_ = here.CloseWrite()
	}()
	got, _ = io.ReadAll(here)
	err = <-done
	here.Close()
	return got, c.closed.Load(), err
}

func same(f flow.Flow) flow.Flow { return f }

func TestConnectionSurvivesAnyCuttingOfReadsAndWrites(t *testing.T) {
	g := newGroup(t, loop.Config{})
	whole, _, err := serve(t, g, flowtest.Faults{}, same)
	if err != nil || bytes.Count(whole, []byte("HTTP/1.1 200 ")) != 2 {
		t.Fatalf("got %q, %v", whole, err)
	}
	for _, wrap := range map[string]func(flow.Flow) flow.Flow{"": same, "without powers": flow.Bare} {
		for _, faults := range []flowtest.Faults{{ReadMax: 1}, {WriteMax: 1}, {ReadMax: 1, WriteMax: 1}, {ReadMax: 7, WriteMax: 3}} {
			got, closed, err := serve(t, g, faults, wrap)
			if err != nil || closed != 1 {
				t.Errorf("%+v: %v, closed %d times", faults, err, closed)
			}
			// Where chunks are cut depends on how the content comes; what they say does not.
			if all := bodies(t, got); len(all) != 2 || all[0] != content || all[1] != content {
				t.Errorf("%+v: came back: %q", faults, all)
			}
		}
	}
}

// bodies reads the responses of a recording with net/http and returns their content.
func bodies(t *testing.T, got []byte) (all []string) {
	in := bufio.NewReader(bytes.NewReader(got))
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		all = append(all, string(body))
	}
}

func TestFaultAtEveryOffsetEndsTheConnectionOnce(t *testing.T) {
	g := newGroup(t, loop.Config{})
	broken := errors.New("broken")
	faults := map[string]func(at int64) flowtest.Faults{
		"reset while reading": func(at int64) flowtest.Faults {
			return flowtest.Faults{ReadMax: 16, Read: []flowtest.Fault{{At: at, Reset: true}}}
		},
		"error while reading": func(at int64) flowtest.Faults {
			return flowtest.Faults{ReadMax: 16, Read: []flowtest.Fault{{At: at, Err: broken}}}
		},
		"reset while writing": func(at int64) flowtest.Faults {
			return flowtest.Faults{Write: []flowtest.Fault{{At: at, Reset: true}}}
		},
		"short write": func(at int64) flowtest.Faults {
			return flowtest.Faults{Write: []flowtest.Fault{{At: at, Err: io.ErrShortWrite}}}
		},
	}
	for name, fault := range faults {
		for at := range int64(len(request)) {
			_, closed, err := serve(t, g, fault(at), same)
			if closed != 1 {
				t.Fatalf("%s at %d: the flow was closed %d times", name, at, closed)
			}
			if err != nil && !errors.Is(err, loop.ErrPeerGone) && !errors.Is(err, broken) && !isFault(err) && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("%s at %d: %v", name, at, err)
			}
		}
	}
	if s := g.Stats(); s.Conns != 0 || s.Active != 0 {
		t.Errorf("something is left: %+v", s)
	}
}

func isFault(err error) bool {
	var e *engine.Error
	return errors.As(err, &e) && e.Blame == engine.Peer
}

func TestStallsRunIntoTheTimeouts(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults flowtest.Faults
		after  time.Duration
	}{
		{"reading a head", flowtest.Faults{Read: []flowtest.Fault{{At: 10, Stall: time.Hour}}}, 10 * time.Second},
		{"reading content", flowtest.Faults{Read: []flowtest.Fault{{At: int64(len(request)) - 10, Stall: time.Hour}}}, 60 * time.Second},
		{"writing", flowtest.Faults{Write: []flowtest.Fault{{At: 10, Stall: time.Hour}}}, 60 * time.Second},
	} {
		for kind, wrap := range map[string]func(flow.Flow) flow.Flow{"with deadlines": same, "without": flow.Bare} {
			t.Run(test.name+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := newGroup(t, loop.Config{})
					start := time.Now()
					_, closed, err := serve(t, g, test.faults, wrap)
					// Lingering, where it comes to that, adds its two seconds.
					if d := time.Since(start); d < test.after || d > test.after+3*time.Second || err == nil || closed != 1 {
						t.Errorf("after %v: %v, closed %d times", d, err, closed)
					}
				})
			})
		}
	}
}

// leaving is a handler that ends its goroutine.
type leaving struct{ echo }

func (leaving) Serve(x loop.Exchange, head *semantics.Request, length int64) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.Context().Err() // starts a watcher, too
	}()
	<-done
	panic("left")
}

func TestPanicThatNobodyRecoversLeavesNothingBehind(t *testing.T) {
	g := newGroup(t, loop.Config{})
	here, there := flow.Pipe(0)
	c := &counted{Flow: there}
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		_ = g.ServeFlow(context.Background(), c, h1.NewServer(engine.Limits{}, g.Now()), leaving{})
	}()
	_, _ = io.WriteString(here, request)
	if v := <-done; v != "left" {
		t.Errorf("recovered %v", v)
	}
	if got := c.closed.Load(); got != 1 {
		t.Errorf("the flow was closed %d times", got)
	}
	here.Close()
	if s := g.Stats(); s.Conns != 0 {
		t.Errorf("something is left: %+v", s)
	}
}
