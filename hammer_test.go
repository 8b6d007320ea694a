package paf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paf-go/paf"
	"github.com/paf-go/paf/internal/testkit"
	"github.com/paf-go/paf/mimic"
	"github.com/paf-go/paf/paftest"
)

// hammered is a handler that does all a handler may do, as the path says.
func hammered(w *paf.ResponseWriter, r *paf.Request) {
	switch r.Path {
	case "/echo":
		_, _ = io.Copy(w, r.Body)
	case "/ignore":
	case "/context":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Millisecond):
		}
		_, _ = io.Copy(w, r.Body)
	case "/duplex":
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(io.Discard, r.Body) })
		for range 20 {
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			_ = w.Flush()
		}
		both.Wait()
	case "/panic":
		_, _ = io.WriteString(w, "half")
		_ = w.Flush()
		panic(paf.ErrAbort)
	}
}

// TestHammer lets many clients do what clients do, cancel and go away included, while the
// server stops in the middle of it. What it looks for is a race, a hang, a leak, or
// content that is not the content.
func TestHammer(t *testing.T) {
	listeners := map[string]func(t *testing.T) (net.Listener, *paf.Client){
		"tcp": func(t *testing.T) (net.Listener, *paf.Client) {
			ln := testkit.Listen(t)
			return ln, &paf.Client{Context: mimic.Add(mimic.Context{}, paf.TCP, ln.Addr().String())}
		},
		"memory": func(t *testing.T) (net.Listener, *paf.Client) {
			ln := paftest.Listen()
			return ln, &paf.Client{Context: mimic.Add(mimic.Context{}, paftest.Memory, ln)}
		},
	}
	for name, listen := range listeners {
		for _, protocol := range []paf.Protocol{paf.HTTP11, paf.HTTP2} {
			t.Run(name+" "+protocol.String(), func(t *testing.T) {
				ln, c := listen(t)
				c.MaxConns, c.Protocol = 20, protocol
				hammer(t, ln, c)
			})
		}
	}
}

// hammer serves a listener and lets a client loose on it.
func hammer(t *testing.T, ln net.Listener, c *paf.Client) {
	s := handle(hammered)
	s.GracePeriod = 2 * time.Second
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	end := time.Now().Add(1500 * time.Millisecond)
	var workers sync.WaitGroup
	for seed := range uint64(40) {
		workers.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 1))
			for time.Now().Before(end) {
				hit(t, c, rnd, ctx)
			}
		})
	}
	time.Sleep(time.Second)
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	workers.Wait()
	c.Close()
	for side, stats := range map[string]paf.Stats{"server": s.Stats(), "client": c.Stats()} {
		if stats.Conns != 0 || stats.Active != 0 {
			t.Errorf("%s: something is left: %+v", side, stats)
		}
	}
}

// hit sends one request of a random kind.
func hit(t *testing.T, c *paf.Client, rnd *rand.Rand, stopped context.Context) {
	path := []string{"/echo", "/ignore", "/context", "/duplex", "/panic"}[rnd.IntN(5)]
	size := []int{0, 10, 5000, 100_000, 200_000}[rnd.IntN(5)] // less than a server drains
	content := strings.Repeat(fmt.Sprintf("%08d", rnd.IntN(1e8)), size/8)
	var body io.Reader
	if size > 0 {
		body = strings.NewReader(content)
		if rnd.IntN(2) == 0 {
			body = io.MultiReader(body) // without a length
		}
	}
	ctx := context.Background()
	if rnd.IntN(4) == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rnd.IntN(3000))*time.Microsecond)
		defer cancel()
	}
	r, err := paf.NewRequest("POST", "http://hammer.test"+path, body)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		var s *paf.SendError
		if !errors.As(err, &s) {
			t.Errorf("%s: error %T %v", path, err, err)
			return
		}
		if ctx.Err() == nil && !s.Timeout() && stopped.Err() == nil && path != "/ignore" && path != "/panic" {
			t.Errorf("%s with %d bytes: %v", path, size, err)
		}
		return
	}
	defer resp.Body.Close()
	if rnd.IntN(8) == 0 {
		return // closed unread
	}
	got, err := io.ReadAll(resp.Body)
	switch {
	case path == "/panic" && err == nil:
		t.Error("a response that was cut off was taken for whole")
	case path == "/panic", ctx.Err() != nil, stopped.Err() != nil:
	case err != nil:
		t.Errorf("%s with %d bytes: after %d: %v", path, size, len(got), err)
	case (path == "/echo" || path == "/context") && string(got) != content:
		t.Errorf("%s: %d bytes came back of %d", path, len(got), len(content))
	}
}
