package loop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paf-go/paf/engine"
	"github.com/paf-go/paf/flow"
	"github.com/paf-go/paf/h1"
	"github.com/paf-go/paf/h2"
)

// Callers who wait for connections that nobody gives back are told of, once a minute.
func TestAPoolSaysThatCallersWaitForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := NewGroup(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		p := NewPool(g, Policy[string]{MaxIdle: 1, MaxOpen: 1, MaxIdleAll: -1, MayShare: neverShared, Name: func(key string) string { return "http://" + key }})
		near, far := flow.Pipe(0)
		defer far.Close()
		open := func(context.Context) (*ClientConn, error) {
			return g.Open(near, h1.NewClient(engine.Limits{}, g.Now()))
		}
		c, err := p.Get(t.Context(), "key", open)
		if err != nil {
			t.Fatal(err)
		}
		waits := func(d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			if _, err := p.Get(ctx, "key", open); err == nil {
				t.Error("a pool that is full gave a connection away")
			}
			synctest.Wait()
		}
		for range 10 {
			waits(4 * time.Second) // each for a moment
		}
		if log.Len() > 0 {
			t.Errorf("logged too early: %s", log.String())
		}
		waits(30 * time.Second)
		line := log.String()
		for _, part := range []string{"level=WARN", "Are the bodies of responses read", "to=http://key", "connections=1", "waiting=1"} {
			if !strings.Contains(line, part) {
				t.Errorf("no %q in the log: %q", part, line)
			}
		}
		waits(150 * time.Second)
		if n := strings.Count(log.String(), "\n"); n != 3 {
			t.Errorf("%d lines in 180 seconds", n)
		}
		c.GiveBack()
		p.Close()
	})
}

// So are those whom the server declines, though more connections might be opened.
func TestAPoolSaysThatAServerTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := NewGroup(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		p := NewPool(g, Policy[string]{MaxIdle: 4, MaxOpen: 4, MaxIdleAll: -1, MayShare: func(string) bool { return true }, Name: func(key string) string { return key }})
		defer p.Close()
		open := func(context.Context) (*ClientConn, error) {
			near, far := flow.Pipe(0)
			go func() { _, _ = io.Copy(io.Discard, far) }()
			_, _ = io.WriteString(far, "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00"+ // SETTINGS_MAX_CONCURRENT_STREAMS
				"\x00\x00\x00\x04\x01\x00\x00\x00\x00") // and ours are acknowledged
			return g.Open(near, h2.NewClient(engine.Limits{}, g.Now()))
		}
		c, err := p.Get(t.Context(), "key", open)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it knows
		c.GiveBack()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if _, err := p.Get(ctx, "key", open); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		synctest.Wait()
		if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "takes no request") || !strings.Contains(line, "connections=1") {
			t.Errorf("logged: %q", line)
		}
	})
}
