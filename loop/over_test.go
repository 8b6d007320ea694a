package loop_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/loop"
	"github.com/paf-go/paf/semantics"
)

// keeping is a handler that uses the first exchange while it answers the second.
type keeping struct {
	echo
	kept *loop.Exchange
	errs map[string]error
}

func (h *keeping) Serve(x loop.Exchange, head *semantics.Request, length int64) {
	if old := h.kept; old != nil {
		buf := make([]byte, 10)
		ok := &semantics.Response{Status: 200}
		for name, use := range map[string]func() error{
			"Read":    func() error { _, err := old.Read(buf); return err },
			"interim": func() error { return old.Respond(&semantics.Response{Status: 103}, 0) },
			"Respond": func() error { return old.Respond(ok, 0) },
			"Write":   func() error { _, err := old.Write(buf); return err },
			"Copy":    func() error { _, err := old.Copy(strings.NewReader("x"), -1); return err },
			"Flush":   func() error { return old.Flush() },
			"End":     func() error { return old.End(nil) },
			"context": func() error { return context.Cause(old.Context()) },
		} {
			h.errs[name] = use()
		}
		old.SetReadDeadline(time.Now().Add(-time.Hour))
		old.SetWriteDeadline(time.Now().Add(-time.Hour))
		old.Abort()
	}
	h.kept = &x
	h.echo.Serve(x, head, length)
}

// "After the handler has returned its methods fail": they do not reach into the exchange that the connection has in progress.
func TestExchangeThatIsOverReachesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup(t, loop.Config{})
		here, there := flow.Pipe(100) // so that each write of an answer waits to be read
		h := &keeping{echo: echo{t}, errs: map[string]error{}}
		done := make(chan error, 1)
		go func() { done <- g.ServeFlow(context.Background(), there, h1.NewServer(engine.Limits{}, g.Now()), h) }()
		go func() { _, _ = io.WriteString(here, request) }()
		var got []byte
		buf := make([]byte, 20)
		for {
			time.Sleep(time.Second)
			n, err := here.Read(buf)
			if got = append(got, buf[:n]...); err != nil {
				break
			}
		}
		here.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if all := bodies(t, got); len(all) != 2 || all[0] != content || all[1] != content {
			t.Errorf("answered %q", all)
		}
		for name, err := range h.errs {
			if want := map[bool]error{true: context.Canceled, false: loop.ErrPeerGone}[name == "context"]; !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := g.Stats().Closed[loop.Finished]; n != 1 {
			t.Errorf("the connection ended otherwise: %v", g.Stats().Closed)
		}
		if len(h.errs) != 8 {
			t.Errorf("there was no second exchange: %v", h.errs)
		}
	})
}
